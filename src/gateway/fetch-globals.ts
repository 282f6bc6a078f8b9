// Puts Request and Response that are made on demand in the place of Node's own. Called by build when an app or filter
// over Request and Response is made: the rule is that a deployment with such a part has them, and one without has not.
import { LazyRequest } from './lazy-request.js';
import { LightResponse } from './light-response.js';
import { NativeRequest, NativeResponse, nativeFetch } from './native-fetch.js';

/**
 * From here on `new Response(...)` makes one that the gateway sends without a stream, `new Request(request)` and
 * `fetch(request)` take the requests of the gateway, and `instanceof` says of all of them what it said before. Where
 * somebody else has put classes of their own in place, those stay.
 */
export function lightenGlobals(): void {
  replace('Response', NativeResponse, LightResponse);
  replace('Request', NativeRequest, UnwrappingRequest);
  replace('fetch', nativeFetch, unwrappingFetch);
}

type RequestInfo = ConstructorParameters<typeof Request>[0];

class UnwrappingRequest extends NativeRequest {
  constructor(input: RequestInfo, init?: RequestInit) {
    super(unwrapped(input), init);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof NativeRequest;
  }
}

Object.defineProperty(UnwrappingRequest, 'name', { value: 'Request' });
Object.defineProperty(LightResponse, 'name', { value: 'Response' });

function unwrappingFetch(input: RequestInfo, init?: RequestInit): Promise<Response> {
  return nativeFetch(unwrapped(input), init);
}

/** Unwrapping gives a Request for a Request, and anything else as it is. */
function unwrapped(input: RequestInfo): RequestInfo {
  return LazyRequest.unwrap(input) as RequestInfo;
}

function replace(name: 'Request' | 'Response' | 'fetch', native: unknown, value: unknown): void {
  if (globalThis[name] !== native) return;
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true, enumerable: false });
}
