// What lint asks of an app's answer, over the whole of one request, and of the server that reads and closes it.
// Made by lint.ts for each request.
import { toError, WsgiServeError } from '../errors.js';
import { assertBody, closerOf } from './body.js';
import { isChunk } from './chunk.js';
import { isBodyless, parseHead, type ResponseHead } from './headers.js';
import { wrapBody } from './wrap-body.js';
import type { Chunk, Environ, Header, StartResponse, Write, WsgiBody } from './wsgi-types.js';

export class AnswerLint {
  readonly #method: string;
  readonly #warn: (message: string) => void;
  readonly #yielded: WeakSet<Uint8Array>;
  #head: ResponseHead | null = null;
  #names: ReadonlySet<string> = new Set();
  #progress: 'waiting' | 'reading' | 'done' = 'waiting';
  #size = 0;
  /** Whether `startResponse` threw an error again, which an app must let pass. */
  #rethrown = false;

  constructor(environ: Environ, warn: (message: string) => void) {
    this.#method = environ.REQUEST_METHOD;
    this.#yielded = yieldedFor(environ);
    this.#warn = warn;
  }

  /** The `startResponse` that the app gets in place of `inner`. */
  guard(inner: StartResponse): StartResponse {
    return (status, headers, excInfo, ...more: unknown[]) => {
      if (more.length > 0) throw broken('startResponse takes two or three arguments');
      const hasError = excInfo !== undefined && excInfo !== null;
      if (hasError && toError(excInfo) !== excInfo) {
        throw broken('the third argument of startResponse is not an Error');
      }
      if (this.#progress === 'done') throw broken('startResponse was called after the end of the body');
      const list = this.#checkHead(status, headers);
      this.#rethrown = hasError;
      const write = inner(status, list, excInfo);
      this.#rethrown = false;
      if (typeof write !== 'function') throw broken('startResponse of the server gave no write function');
      return this.#guardWrite(write);
    };
  }

  /** The body that the server gets in place of `body`. */
  checkBody(body: WsgiBody): WsgiBody {
    assertBody(body);
    if (typeof body === 'string') this.#warn('the body is a string, not an array of chunks');
    const state = { closed: false, warn: this.#warn };
    const wrapped = wrapBody(body, {
      next: () => this.#beforeChunk(state.closed),
      chunk: (chunk) => this.#note(this.#checkChunk(chunk)),
      end: () => this.#checkEnd(),
      close: () => {
        if (state.closed) throw broken('the server closed the body twice');
        state.closed = true;
      },
    });
    if (typeof wrapped !== 'string' && closerOf(wrapped) !== null) unclosed.register(wrapped, state);
    return wrapped;
  }

  /** Checks what the gateway would refuse, and what it would not; the headers come back as an array. */
  #checkHead(status: string, headers: Iterable<Header>): Iterable<Header> {
    // One pass over an iterator would leave nothing for the server.
    const list = Symbol.iterator in Object(headers) ? [...headers] : headers;
    const head = parseHead(status, list);
    this.#head = head;
    this.#names = new Set(
      head.headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()),
    );
    if (!Array.isArray(headers)) this.#warn('the headers are not an array of arrays');
    if (head.reason === '') this.#warn(`status ${head.status} has no reason`);
    for (const name of this.#names) {
      if (!/^[a-z](?:[a-z0-9-]*[a-z0-9])?$/.test(name)) this.#warn(`unusual header name ${name}`);
    }
    if (this.#names.has('content-type') && isBodyless('GET', head.status)) {
      this.#warn(`Content-Type with status ${head.status}, which has no body`);
    }
    return list;
  }

  #guardWrite(write: Write): Write {
    return (chunk) => {
      if (this.#progress !== 'waiting') throw broken('write was called after the body was returned');
      if (typeof chunk !== 'string' && this.#yielded.has(chunk)) {
        throw broken('a filter writes what the body below it gave');
      }
      return write(this.#checkChunk(chunk));
    };
  }

  #note(chunk: Chunk): Chunk {
    if (typeof chunk !== 'string') this.#yielded.add(chunk);
    return chunk;
  }

  #beforeChunk(closed: boolean): void {
    if (this.#rethrown) throw broken('the app went on after startResponse threw');
    if (closed) throw broken('the server reads a body that it closed');
    this.#progress = 'reading';
  }

  #checkChunk(chunk: Chunk): Chunk {
    if (!isChunk(chunk))
      throw broken(`a chunk is of type ${typeof chunk}, neither a Uint8Array nor a string`);
    if (typeof chunk === 'string') this.#warn('a chunk is a string, not a Uint8Array: it is sent as UTF-8');
    if (chunk.length === 0) return chunk;
    const head = this.#begun();
    this.#size += Buffer.byteLength(chunk);
    if (isBodyless('GET', head.status)) throw broken(`status ${head.status} has no body`);
    if (this.#method === 'HEAD') this.#warn('the answer to HEAD has no body');
    if (!this.#names.has('content-type')) throw broken('a body without Content-Type');
    if (this.#size > (head.contentLength ?? this.#size))
      throw broken('the body is longer than its Content-Length');
    return chunk;
  }

  #checkEnd(): void {
    this.#progress = 'done';
    const { status, contentLength } = this.#begun();
    if (isBodyless(this.#method, status)) return;
    if (this.#size < (contentLength ?? 0)) throw broken('the body is shorter than its Content-Length');
    if (!this.#names.has('content-type') && (status < 300 || status > 399)) this.#warn('no Content-Type');
  }

  #begun(): ResponseHead {
    if (this.#head === null) throw broken('the app did not call startResponse before its body');
    return this.#head;
  }
}

/** The chunks of bodies under lint, for each request: what an app yields, no filter above it may write instead. */
const yielded = new WeakMap<Environ, WeakSet<Uint8Array>>();

function yieldedFor(environ: Environ): WeakSet<Uint8Array> {
  const chunks = yielded.get(environ) ?? new WeakSet();
  yielded.set(environ, chunks);
  return chunks;
}

/** Bodies that a server let go of without closing them, told when they are collected. */
const unclosed = new FinalizationRegistry<{ closed: boolean; warn: (message: string) => void }>((state) => {
  if (!state.closed) state.warn('the server did not close a body');
});

function broken(message: string): WsgiServeError {
  return new WsgiServeError('contract', `lint: ${message}`);
}
