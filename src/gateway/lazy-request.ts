// The Request of a run, of which only what is asked for is made: Node's own costs as much as all the rest of a request.
// Made by fetch-run.ts. It is an instance of Request, and fetch-globals.ts makes `new Request(it)` work too.
import type { BodyReader } from './exchange.js';
import { NativeRequest, passOn } from './native-fetch.js';
import type { Run } from './run.js';

export class LazyRequest {
  readonly #run: Run;
  readonly #url: string;
  #headers: Headers | null = null;
  #signal: AbortSignal | null = null;
  #real: Request | null = null;
  #bodyUsed = false;

  constructor(run: Run, url: string) {
    this.#run = run;
    this.#url = url;
  }

  /** Node's own Request of one of ours; anything else as it is. */
  static unwrap(value: unknown): unknown {
    return typeof value === 'object' && value !== null && #url in value ? value.#makeReal() : value;
  }

  /** Whether `request` is ours and its body was not touched: its length is then what its headers say. */
  static hasOwnBody(request: object): boolean {
    return #url in request && request.#real === null && !request.#bodyUsed;
  }

  /** The body of a request that has its own. */
  static bodyOf(request: object): BodyReader | null {
    if (!(#url in request)) return null;
    const { seen, exchange } = request.#run;
    request.#bodyUsed = true;
    return seen.body ?? exchange.body;
  }

  get url(): string {
    return this.#url;
  }

  get method(): string {
    return this.#run.seen.head.method;
  }

  get headers(): Headers {
    if (this.#real !== null) return this.#real.headers;
    this.#headers ??= headersOf(this.#run.seen.head.rawHeaders);
    return this.#headers;
  }

  /** Aborted when the client goes away before the answer is sent. */
  get signal(): AbortSignal {
    if (this.#real !== null) return this.#real.signal;
    this.#signal ??= signalOf(this.#run);
    return this.#signal;
  }

  get bodyUsed(): boolean {
    return this.#real?.bodyUsed ?? this.#bodyUsed;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return new Uint8Array(await this.#bytes()).buffer;
  }

  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await this.#bytes());
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.#bytes());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  /** The whole body, read without a stream where nobody asked for one. */
  async #bytes(): Promise<Uint8Array> {
    if (this.#real !== null || this.#bodyUsed) return new Uint8Array(await this.#makeReal().arrayBuffer());
    this.#bodyUsed = true;
    const { seen, exchange } = this.#run;
    const body = seen.body ?? exchange.body;
    const chunks: Uint8Array[] = [];
    for (let chunk = await body.read(); chunk !== null; chunk = await body.read()) chunks.push(chunk);
    return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  }

  #makeReal(): Request {
    if (this.#real !== null) return this.#real;
    const { method, url, headers, signal } = this;
    const { seen, exchange } = this.#run;
    const body = hasBody(method) ? streamOf(seen.body ?? exchange.body) : null;
    this.#real = new NativeRequest(url, { method, headers, signal, body, duplex: 'half' });
    // The bytes are gone: Node's own has to say so as well.
    if (this.#bodyUsed) void this.#real.body?.cancel();
    return this.#real;
  }

  static {
    passOn(LazyRequest.prototype, NativeRequest.prototype, (request) => request.#makeReal());
    Object.setPrototypeOf(LazyRequest.prototype, NativeRequest.prototype);
  }
}

/** Methods of which Node refuses a Request with a body. */
function hasBody(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

function headersOf(rawHeaders: readonly string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '');
  }
  return headers;
}

function signalOf({ exchange }: Run): AbortSignal {
  const controller = new AbortController();
  exchange.onClose(() => controller.abort());
  return controller.signal;
}

/** Reads a chunk when one is asked for, and none ahead. */
function streamOf(body: BodyReader): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await body.read();
        if (chunk === null) controller.close();
        else controller.enqueue(chunk);
      },
    },
    { highWaterMark: 0 },
  );
}
