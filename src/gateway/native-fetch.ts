// Request and Response as Node makes them, whatever stands in their place later; and what objects that are made on
// demand have in common. Called by lazy-request.ts and light-response.ts.

export const NativeRequest = globalThis.Request;
export const NativeResponse = globalThis.Response;
export const nativeFetch = globalThis.fetch;

/** Gives `target` whatever else `native` has, each member passed on to the native object that `real` makes. */
export function passOn<T extends object>(target: T, native: object, real: (object: T) => object): void {
  for (const [name, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(native))) {
    if (Object.hasOwn(target, name)) continue;
    Object.defineProperty(target, name, {
      configurable: true,
      enumerable: true,
      ...(get === undefined
        ? { writable: true, value: passCall(value, real) }
        : { get: passGet(name, real) }),
    });
  }
}

function passCall<T extends object>(method: unknown, real: (object: T) => object): unknown {
  if (typeof method !== 'function') return method;
  return function (this: T, ...args: unknown[]): unknown {
    return Reflect.apply(method, real(this), args);
  };
}

function passGet<T extends object>(name: string, real: (object: T) => object) {
  return function (this: T): unknown {
    return Reflect.get(real(this), name);
  };
}
