// What node:http leaves to the author of an app, made safe: called by node-run.ts for each response that an app gets.
// An app answers from events too, where nobody catches what is thrown: it would end the process.
import { ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http';
import { toError } from '../errors.js';
import { bytesOf, encodingOf } from './chunk.js';
import { framingMistake, framingOf, lengthOf } from './node-framing.js';
import { endInOneWrite } from './node-one-write.js';

/**
 * Holds `res` to a head that says one thing of its body, and to the length that its head promises: another one would be
 * taken for the beginning of the next answer. `onFailure` is told of what breaks that, and of what is written behind the
 * end, the first of them; `res.writeHead`, `res.write` and `res.end` do not throw it. Does nothing where `res` is held
 * already.
 */
export function holdToItsWord(res: HeldResponse, onFailure: (error: Error) => void): void {
  if (res[HOLD] !== undefined) return;
  res.strictContentLength = true;
  res[HOLD] = new Hold(res, onFailure);
  // Each response has the same functions: those of its own would cost more than all that they do.
  res.writeHead = writeHead;
  res.write = write;
  res.end = end;
  res.writeEarlyHints = writeCheckedHints;
}

/** Whether `res` makes its head as node:http does, held to its word or not: nobody put another writeHead in place. */
export function hasOwnWriteHead(res: ServerResponse): boolean {
  return res.writeHead === ServerResponse.prototype.writeHead || res.writeHead === writeHead;
}

/** The bytes of the body that were handed to `res`; null where it is not held. */
export function bytesSent(res: HeldResponse): number | null {
  return res[HOLD]?.sent ?? null;
}

/** What holds a response. */
const HOLD = Symbol('hold');

interface HeldResponse extends ServerResponse {
  [HOLD]?: Hold;
}

function writeHead(this: HeldResponse, ...args: unknown[]): ServerResponse {
  return holdOf(this).sendHead(args);
}

function write(this: HeldResponse, chunk?: unknown, encoding?: unknown, callback?: unknown): boolean {
  return holdOf(this).write(chunk, encoding, callback);
}

function end(this: HeldResponse, chunk?: unknown, encoding?: unknown, callback?: unknown): ServerResponse {
  return holdOf(this).end(chunk, encoding, callback);
}

function holdOf(res: HeldResponse): Hold {
  const hold = res[HOLD];
  if (hold === undefined) throw new TypeError('a method of one response is called on another object');
  return hold;
}

/** What a response had before, in whatever form it is called. */
interface Methods {
  writeHead(...args: unknown[]): ServerResponse;
  write(chunk: unknown, encoding: unknown, callback: unknown): boolean;
  end(chunk: unknown, encoding: unknown, callback: unknown): ServerResponse;
}

class Hold {
  readonly #res: HeldResponse;
  readonly #onFailure: (error: Error) => void;
  readonly #writeHead: Methods['writeHead'];
  readonly #write: Methods['write'];
  readonly #end: Methods['end'];
  /** Whether nobody put methods of their own in place before. */
  readonly #isBare: boolean;
  #hasHead = false;
  /** What the head says of the body, in bytes; null where it says nothing. */
  #length: number | null = null;
  /** Bytes of the body that were handed on. */
  #sent = 0;
  #hasFailed = false;
  #isSending = false;
  /** Whether what is written behind the end is listened for. */
  #isListening = false;
  /** What is wrong with the head that was refused. */
  #mistake: Error | null = null;

  constructor(res: HeldResponse, onFailure: (error: Error) => void) {
    const methods: Methods = res;
    this.#res = res;
    this.#onFailure = onFailure;
    this.#writeHead = methods.writeHead;
    this.#write = methods.write;
    this.#end = methods.end;
    this.#isBare = isBare(res);
  }

  get sent(): number {
    return this.#sent;
  }

  /** What is sent without a head makes one by itself, and must not go on behind a mistake: `write`, `end` hear of that. */
  sendHead(args: unknown[]): ServerResponse {
    if (this.#isSending) return this.#sendChecked(args);
    try {
      return this.#sendChecked(args);
    } catch (thrown) {
      this.#hear(thrown);
      return this.#res;
    }
  }

  write(chunk: unknown, encoding: unknown, callback: unknown): boolean {
    return this.#send(this.#write, chunk, encoding, callback, false) === true;
  }

  end(chunk: unknown, encoding: unknown, callback: unknown): ServerResponse {
    this.#send(this.#end, chunk, encoding, callback, true);
    return this.#res;
  }

  /** Gives undefined where a word was broken. */
  #send(
    method: (chunk: unknown, encoding: unknown, callback: unknown) => unknown,
    chunk: unknown,
    encoding: unknown,
    callback: unknown,
    isLast: boolean,
  ): unknown {
    if (this.#isSending) return method.call(this.#res, chunk, encoding, callback);
    this.#isSending = true;
    try {
      const bytes = bytesOf(chunk, encoding);
      const isText = typeof chunk === 'string' && typeof encoding !== 'function' && callback === undefined;
      const result =
        this.#agrees(bytes, isLast) && isText
          ? endInOneWrite(this.#res, chunk, wireEncoding(chunk, encoding, bytes), ServerResponse.prototype)
          : method.call(this.#res, chunk, encoding, callback);
      if (!this.#isListening) this.#sent += bytes;
      return result;
    } catch (thrown) {
      this.#hear(thrown);
      return undefined;
    } finally {
      this.#isSending = false;
    }
  }

  readonly #fail = (error: Error): void => {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#onFailure(error);
  };

  /** Throws again what is not a broken word. */
  #hear(thrown: unknown): void {
    if (thrown !== this.#mistake && !isMismatch(thrown)) throw thrown;
    this.#isSending = false;
    // A client that is gone gets no answer, whatever its length.
    if (!this.#res.destroyed) this.#fail(toError(thrown));
  }

  #sendChecked(args: unknown[]): ServerResponse {
    if (this.#hasHead) return this.#writeHead.apply(this.#res, args);
    const framing = framingOf(this.#res, args);
    this.#mistake = framingMistake(framing);
    if (this.#mistake !== null) throw this.#mistake;
    const result = this.#writeHead.apply(this.#res, args);
    this.#hasHead = true;
    this.#length = lengthOf(framing);
    return result;
  }

  /**
   * Whether these bytes are the whole body, of the length that the head says, which is made by node:http alone and not
   * on its way yet. node:http compares only with a head that is made by then: where another length was set, that is
   * done here.
   */
  #agrees(bytes: number, isLast: boolean): boolean {
    const res = this.#res;
    if (!this.#hasHead) {
      const length = res.getHeader('Content-Length');
      if (length === undefined) return false;
      const isOwn = this.#isBare && res.writeHead === writeHead;
      if (isOwn && isLast && Number(length) === bytes) return true;
      res.writeHead(res.statusCode);
    } else if (res.writableEnded) this.#listen();
    return this.#isBare && isLast && this.#sent === 0 && this.#length === bytes;
  }

  /** node:http tells of what is written behind the end by an event, which ends the process where nobody listens. */
  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.#res.on('error', this.#fail);
  }
}

/** ASCII is the same as Latin-1, which is written faster, and is what the head is: node:http encodes both together. */
function wireEncoding(text: string, given: unknown, bytes: number): BufferEncoding {
  const encoding = encodingOf(given);
  return encoding === 'utf8' && bytes === text.length ? 'latin1' : encoding;
}

function isBare({ writeHead, write, end }: ServerResponse): boolean {
  const { prototype } = ServerResponse;
  return writeHead === prototype.writeHead && write === prototype.write && end === prototype.end;
}

/** Before Node 24 what is said ahead of an answer may hold line ends. */
function writeCheckedHints(
  this: ServerResponse,
  ...args: Parameters<ServerResponse['writeEarlyHints']>
): void {
  for (const [name, value] of Object.entries(args[0])) {
    validateHeaderName(name);
    for (const one of [value].flat()) validateHeaderValue(name, one);
  }
  Reflect.apply(ServerResponse.prototype.writeEarlyHints, this, args);
}

function isMismatch(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_HTTP_CONTENT_LENGTH_MISMATCH';
}
