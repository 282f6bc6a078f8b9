// One response under way: what `startResponse` and `write` do, and how chunks become an answer. Made by wsgi.ts.
// Nothing leaves before the first byte of the body; after it nothing is taken back, and never more than promised.
import { toError, WsgiServeError } from '../errors.js';
import type { AnswerOptions, ErrorListener } from './answer-options.js';
import { clip, isChunk, sizeOf } from './chunk.js';
import type { Exchange } from './exchange.js';
import type { FileWrapper } from './file-wrapper.js';
import { isBodyless, parseHead, type ResponseHead, type Strip } from './headers.js';
import { strippedHeader } from './stripped-headers.js';
import type { Chunk, StartResponse, Write } from './wsgi-types.js';

const SENT = Promise.resolve();
const UNLIMITED = Number.POSITIVE_INFINITY;

export class Answer {
  readonly #exchange: Exchange;
  readonly #options: AnswerOptions;
  /** Null where headers are taken strictly. */
  readonly #strip: Strip | null;
  /** Null before `startResponse`, and after one that was refused. */
  #head: ResponseHead | null = null;
  #started = false;
  #sent = false;
  #ended = false;
  #bodyless = false;
  /** Bytes that the app's Content-Length still leaves. */
  #left = UNLIMITED;
  /** The size of the whole body in bytes, where it is known before the head is sent. */
  #size: number | undefined;
  #written = false;
  #drained: Promise<void> | undefined;
  /** What `write` refused first: an app that does not await its writes would never know. */
  #refusal: unknown = null;

  constructor(exchange: Exchange, options: AnswerOptions) {
    this.#exchange = exchange;
    this.#options = options;
    this.#strip = options.strictHeaders === false ? (name) => this.#warnOf(name) : null;
  }

  /** What the app gets as its second argument. */
  readonly startResponse: StartResponse = (status, headers, excInfo) => {
    if (excInfo !== undefined && excInfo !== null) {
      if (this.#sent) throw toError(excInfo);
    } else if (this.#started) {
      throw broken('startResponse was called before: headers already set');
    }
    // Stored before it is checked: a call that fails still counts, and only one with an error replaces it.
    this.#started = true;
    this.#head = null;
    const head = parseHead(status, headers, this.#strip);
    this.#head = head;
    this.#bodyless = isBodyless(this.#exchange.request.method, head.status);
    this.#left = this.#bodyless ? UNLIMITED : (head.contentLength ?? UNLIMITED);
    return this.#write;
  };

  /** Where it goes. */
  get exchange(): Exchange {
    return this.#exchange;
  }

  get options(): AnswerOptions {
    return this.#options;
  }

  /** Resolves when the client has taken enough of what was sent; undefined where it has. */
  get drained(): Promise<void> | undefined {
    return this.#drained;
  }

  /** Hands one chunk on; false where the answer wants no more. Throws `contract`. */
  send(chunk: unknown): boolean {
    if (!isChunk(chunk)) throw notAChunk(chunk);
    const size = sizeOf(chunk);
    if (size === 0) return true;
    const isFirst = !this.#sent;
    if (isFirst) this.#sendHead();
    if (this.#bodyless || this.#exchange.closed) return false;
    const allowed = size > this.#left ? clip(chunk, Math.max(0, this.#left)) : chunk;
    // An engine may keep the head until the first write, even where Content-Length allows nothing.
    if (allowed.length > 0 || isFirst) this.#drained = this.#exchange.write(allowed);
    this.#left -= size;
    if (this.#left < 0) throw broken('the body is longer than its Content-Length');
    return this.#left > 0;
  }

  /** Takes the sum of `chunks` as the size of the body, unless some of it was written already. */
  expect(chunks: readonly unknown[]): void {
    if (this.#written || this.#sent) return;
    this.#size = 0;
    for (const chunk of chunks) {
      if (!isChunk(chunk)) throw notAChunk(chunk);
      this.#size += sizeOf(chunk);
    }
  }

  /** Lets `file` give no more than a Content-Length leaves; where there is none, its own size becomes that. */
  async expectFile(file: FileWrapper): Promise<void> {
    const size = this.#bodyless || this.#left !== UNLIMITED ? null : await file.size();
    if (size !== null) {
      this.#size = size;
      this.#left = size;
    }
    file.limit(this.#bodyless ? 0 : this.#left);
  }

  /** Ends the answer with its whole body, which an engine can send in one piece with the head. */
  finishWith(body: Chunk): void {
    const size = sizeOf(body);
    if (this.#written || this.#sent || (this.#left !== UNLIMITED && this.#left !== size)) {
      this.send(body);
      this.finish();
      return;
    }
    this.#size = size;
    this.#sendHead();
    this.#exchange.end(this.#bodyless ? undefined : body);
    this.#ended = true;
  }

  /** Ends the answer; throws `contract` where the app promised more. */
  finish(): void {
    if (this.#refusal !== null) throw this.#refusal;
    if (this.#exchange.closed) return;
    if (this.#left !== UNLIMITED && this.#left > 0) {
      throw broken(`the body ends ${this.#left} bytes short of its Content-Length`);
    }
    if (!this.#sent) {
      this.#size = 0;
      this.#sendHead();
    }
    this.#exchange.end();
    this.#ended = true;
  }

  /** Sends the head ahead of a body that may be long in coming, where the app has said what it is. */
  flush(): void {
    if (this.#head === null || this.#sent || this.#exchange.closed) return;
    this.#sendHead();
    if (!this.#bodyless) this.#drained = this.#exchange.write('');
  }

  /** Answers for an app that failed: 500 while nothing was sent; after that the connection is broken off. */
  fail(thrown: unknown): void {
    const isOver = this.#ended || this.#exchange.closed;
    const { recovery } = this.#options;
    this.#ended = true;
    if (this.#exchange.closed && isAbort(thrown)) return;
    if (!isOver && !this.#sent && recovery) {
      recovery.take(thrown);
      return;
    }
    this.report(toError(thrown));
    if (isOver) return;
    if (this.#sent) this.#exchange.abort();
    else this.#answerFailure();
  }

  /** Tells the listener, whose own failure must not become the app's. */
  report(error: Error): void {
    this.#tell(this.#options.onError, error);
  }

  /** The head, for those who send it by themselves: from here on it counts as sent. Throws `contract` without one. */
  takeHead(): ResponseHead {
    const head = this.#givenHead();
    this.#sent = true;
    return head;
  }

  /** Never throws, and never rejects unheard: an app may call it from anywhere and need not await it. */
  readonly #write: Write = (chunk) => {
    this.#written = true;
    try {
      if (this.#ended) throw broken('write was called after the end of the answer');
      this.send(chunk);
      return this.#drained ?? SENT;
    } catch (error) {
      if (this.#ended && this.#refusal === null) this.report(toError(error));
      this.#refusal ??= error;
      return rejected(error);
    }
  };

  #warnOf(name: string): void {
    const { onWarning } = this.#options;
    const warning = onWarning && strippedHeader(name, onWarning);
    if (onWarning && warning) this.#tell(onWarning, warning);
  }

  #tell(listener: ErrorListener, error: Error): void {
    try {
      listener(error, this.#exchange);
    } catch {
      // There is nobody left to tell.
    }
  }

  /** An engine may have failed, and not the app: nothing that it throws may reach the server. */
  #answerFailure(): void {
    try {
      answerPlainly(this.#exchange, 500, 'Internal Server Error');
    } catch (error) {
      this.report(toError(error));
      this.#exchange.abort();
    }
  }

  #sendHead(): void {
    const { status, reason, headers, contentLength } = this.#givenHead();
    const size = this.#bodyless || contentLength !== null ? undefined : this.#size;
    this.#exchange.writeHead(status, reason, headers, size);
    this.#sent = true;
  }

  #givenHead(): ResponseHead {
    if (this.#head !== null) return this.#head;
    throw broken(
      this.#started
        ? 'the app went on after startResponse had refused its head'
        : 'the app did not call startResponse before its body',
    );
  }
}

/** A short answer of the server's own, which says no more than its status. */
export function answerPlainly(exchange: Exchange, status: number, reason: string): void {
  const text = `${reason}\n`;
  exchange.writeHead(status, reason, ['Content-Type', 'text/plain; charset=utf-8'], text.length);
  exchange.end(exchange.request.method === 'HEAD' ? undefined : text);
}

function rejected(error: unknown): Promise<void> {
  const promise = Promise.reject(error);
  promise.catch(() => undefined);
  return promise;
}

/** What apps and filters end with that heard of a client that is gone: no failure of theirs. */
function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'AbortError';
}

function notAChunk(value: unknown): WsgiServeError {
  return broken(
    `a chunk of the body is ${value === null ? 'null' : `of type ${typeof value}`}`,
    'Chunks are Uint8Arrays (Buffers) or strings',
  );
}

function broken(message: string, hint: string | null = null): WsgiServeError {
  return new WsgiServeError('contract', message, { hint });
}
