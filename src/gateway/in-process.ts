// An engine in memory: calls an app as a server would and gives its answer back. For tests and for single requests
// from the command line; no sockets, no framing, and Content-Length only where a server would send it.

import { errorStream } from './error-stream.js';
import type { BodyReader, Connection, Exchange, RequestHead } from './exchange.js';
import { bodyOf } from './input.js';
import type { GatewayOptions } from './run.js';
import { runWsgi } from './wsgi.js';
import type { Header, WsgiApp } from './wsgi-types.js';

/** A request as a client would send it. */
export interface InProcessRequest {
  /** Default `GET`. */
  readonly method?: string;
  /** Default `/`; characters that a target cannot hold are percent-encoded. */
  readonly target?: string;
  /** `Host`, and what frames the body, are added where they are missing. */
  readonly headers?: Iterable<Header>;
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Default `1.1`. */
  readonly httpVersion?: string;
  readonly connection?: Partial<Connection>;
}

/** What came of it. */
export interface InProcessAnswer {
  /** 0 where nothing was sent. */
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly Header[];
  readonly body: Buffer;
  /** The body as UTF-8. */
  readonly text: string;
  /** The body in the pieces in which it was sent. */
  readonly chunks: readonly Buffer[];
  /** Whether the answer was broken off. */
  readonly aborted: boolean;
  /** What the gateway reported. */
  readonly errors: readonly Error[];
  /** What was written to `wsgi.errors`. */
  readonly complaints: string;
}

/** Runs `app` for one request; resolves when its body was closed. Never rejects for what the app does. */
export async function callApp(
  app: WsgiApp,
  request: InProcessRequest = {},
  options: Partial<GatewayOptions> = {},
): Promise<InProcessAnswer> {
  const exchange = new InProcessExchange(request);
  const errors: Error[] = [];
  const complaints: string[] = [];
  await runWsgi(app, exchange, {
    runOnce: true,
    errors: errorStream((text) => complaints.push(text)),
    onError: (error) => errors.push(error),
    ...options,
  });
  return { ...exchange.answer, errors, complaints: complaints.join('') };
}

/** The exchange itself, for callers that look at an answer while it is made, or leave before its end. */
export class InProcessExchange implements Exchange {
  readonly request: RequestHead;
  readonly connection: Connection;
  readonly body: BodyReader;
  readonly #chunks: Buffer[] = [];
  readonly #listeners: (() => void)[] = [];
  #head: Pick<InProcessAnswer, 'status' | 'reason' | 'headers'> = { status: 0, reason: '', headers: [] };
  #closed = false;
  #aborted = false;
  #ended = false;

  constructor(request: InProcessRequest = {}) {
    this.request = {
      method: request.method ?? 'GET',
      target: (request.target ?? '/').replace(/[^!-~]+/g, encodeURIComponent),
      httpVersion: request.httpVersion ?? '1.1',
      rawHeaders: headersOf(request).flat(),
    };
    this.connection = { ...LOOPBACK, ...request.connection };
    this.body = bodyOf(chunksOf(request.body));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What was sent so far. */
  get answer(): Omit<InProcessAnswer, 'errors' | 'complaints'> {
    const body = Buffer.concat(this.#chunks);
    return { ...this.#head, body, text: body.toString(), chunks: [...this.#chunks], aborted: this.#aborted };
  }

  /** Plays a client that goes away. */
  disconnect(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#ended) for (const listener of this.#listeners) listener();
  }

  onClose(listener: () => void): void {
    this.#listeners.push(listener);
  }

  writeHead(status: number, reason: string, headers: readonly string[], bodyLength?: number): void {
    const pairs: Header[] = [];
    for (let index = 0; index + 1 < headers.length; index += 2) {
      pairs.push([headers[index] ?? '', headers[index + 1] ?? '']);
    }
    if (bodyLength !== undefined) pairs.push(['Content-Length', String(bodyLength)]);
    this.#head = { status, reason, headers: pairs };
  }

  write(chunk: Uint8Array | string): Promise<void> | undefined {
    if (!this.#closed && chunk.length > 0) this.#chunks.push(Buffer.from(chunk));
    return undefined;
  }

  end(chunk?: Uint8Array | string): void {
    if (chunk !== undefined) this.write(chunk);
    this.#ended = true;
  }

  abort(): void {
    this.#closed = true;
    this.#aborted = true;
  }
}

const LOOPBACK: Connection = {
  scheme: 'http',
  remoteAddress: '127.0.0.1',
  remotePort: '0',
  serverName: 'localhost',
  serverPort: '80',
};

function headersOf({ headers = [], body }: InProcessRequest): readonly Header[] {
  const given = [...headers];
  const add: Header[] = [['Host', 'localhost']];
  if (typeof body === 'string' || body instanceof Uint8Array) {
    add.push(['Content-Length', String(Buffer.byteLength(body))]);
  } else if (body !== undefined) {
    add.push(['Transfer-Encoding', 'chunked']);
  }
  const names = new Set(given.map(([name]) => name.toLowerCase()));
  return [...given, ...add.filter(([name]) => !names.has(name.toLowerCase()))];
}

async function* chunksOf(body: InProcessRequest['body']): AsyncGenerator<Uint8Array> {
  if (typeof body === 'string' || body instanceof Uint8Array) yield Buffer.from(body);
  else if (body !== undefined) yield* body;
}
