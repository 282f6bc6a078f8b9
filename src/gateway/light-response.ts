// A Response that is no more than what it was made of, until somebody asks for more than the gateway does: making
// Node's own costs as much as all the rest of an answer. fetch-globals.ts puts it in place of the global one.
import { NativeResponse, passOn } from './native-fetch.js';

/** What an answer is made of. */
export interface ResponseParts {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Iterable<readonly [string, string]>;
  readonly body: string | Uint8Array | ReadableStream<Uint8Array> | null;
}

type BodyInit = NonNullable<ConstructorParameters<typeof Response>[0]>;

const TEXT_TYPE = 'text/plain;charset=UTF-8';

export class LightResponse {
  #body: BodyInit | null;
  #init: ResponseInit | undefined;
  #headers: Headers | null = null;
  #real: Response | null = null;

  /** As the standard has it, save that a header that no response may have is found when it is sent. */
  constructor(body?: BodyInit | null, init?: ResponseInit) {
    this.#body = body ?? null;
    this.#init = init;
    const status = init?.status;
    // Whatever may be refused is refused at once, and by Node.
    if (!isSimple(this.#body) || (status !== undefined && !isOrdinary(status))) this.#makeReal();
    else if (init?.statusText) this.#makeReal();
  }

  /** `instanceof` says what it said before. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof NativeResponse;
  }

  static json(data: unknown, init?: ResponseInit): Response {
    const text = JSON.stringify(data);
    if (text === undefined) return NativeResponse.json(data, init);
    const headers = new Headers(init?.headers);
    if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    return asResponse(new LightResponse(text, { ...init, headers }));
  }

  /** What to send of `response`, of whatever make it is. */
  static partsOf(response: Response): ResponseParts {
    if (#body in response && response.#real === null) return response.#parts();
    const { status, statusText, headers, body } = response;
    return { status, statusText, headers, body };
  }

  get status(): number {
    return this.#real?.status ?? this.#init?.status ?? 200;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get headers(): Headers {
    if (this.#real !== null) return this.#real.headers;
    this.#headers ??= this.#makeHeaders();
    return this.#headers;
  }

  #parts(): ResponseParts {
    const body = this.#body;
    return {
      status: this.status,
      statusText: '',
      headers: this.#headers ?? this.#pairs(),
      body: isSimple(body) ? body : null,
    };
  }

  #makeHeaders(): Headers {
    const headers = new Headers(this.#init?.headers);
    if (typeof this.#body === 'string' && !headers.has('content-type'))
      headers.set('content-type', TEXT_TYPE);
    return headers;
  }

  /** The headers as they were given: none of it is a Headers before somebody asks for it. */
  #pairs(): Iterable<readonly [string, string]> {
    const given = this.#init?.headers;
    if (given === undefined) return typeof this.#body === 'string' ? TEXT_ONLY : [];
    if (!isRecord(given)) return this.headers;
    const pairs = Object.entries(given);
    const isTyped = pairs.some(([name]) => name.length === 12 && name.toLowerCase() === 'content-type');
    if (typeof this.#body === 'string' && !isTyped) pairs.push(['content-type', TEXT_TYPE]);
    return pairs;
  }

  #makeReal(): Response {
    const headers = this.#headers;
    this.#real ??= new NativeResponse(this.#body, headers === null ? this.#init : { ...this.#init, headers });
    return this.#real;
  }

  static {
    passOn(LightResponse.prototype, NativeResponse.prototype, (response) => response.#makeReal());
    Object.setPrototypeOf(LightResponse.prototype, NativeResponse.prototype);
    Object.setPrototypeOf(LightResponse, NativeResponse);
  }
}

const TEXT_ONLY = [['content-type', TEXT_TYPE]] as const;

function isSimple(body: unknown): body is string | Uint8Array | null {
  return body === null || typeof body === 'string' || body instanceof Uint8Array;
}

/** A status with which a body may stand. */
function isOrdinary(status: unknown): boolean {
  return (
    Number.isInteger(status) && Number(status) >= 200 && Number(status) < 600 && !isEmpty(Number(status))
  );
}

function isEmpty(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/** A record of strings; whatever else headers may be given as is left to Headers. */
function isRecord(headers: object): headers is Record<string, string> {
  return Object.getPrototypeOf(headers) === Object.prototype && Object.values(headers).every(isText);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

/** The prototype says so, which the compiler cannot see. */
function asResponse(response: unknown): Response {
  return response as Response;
}
