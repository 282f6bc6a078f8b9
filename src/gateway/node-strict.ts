// What node:http leaves to the author of an app, made safe: called by node-run.ts for each response that an app gets.
// An app answers from events too, where nobody catches what is thrown: it would end the process.
import { ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http';
import { toError } from '../errors.js';
import { framingMistake } from './node-framing.js';

/**
 * Holds `res` to a head that says one thing of its body, and to the length that its head promises: another one would be
 * taken for the beginning of the next answer. `onFailure` is told of what breaks that, and of what is written behind the
 * end, the first of them; `res.writeHead`, `res.write` and `res.end` do not throw it. Does nothing where `res` is held
 * already.
 */
export function holdToItsWord(res: HeldResponse, onFailure: (error: Error) => void): void {
  if (res.strictContentLength) return;
  res.strictContentLength = true;
  const hold = new Hold(res, onFailure);
  const { writeHead, write, end } = res;
  res.on('error', hold.fail);
  res.writeHead = (...args: unknown[]) => hold.sendHead(writeHead, args);
  res.write = (...args: unknown[]) => hold.send(write, args, false);
  res.end = (...args: unknown[]) => hold.send(end, args, res);
  res.writeEarlyHints = writeCheckedHints;
  res[HELD] = res.writeHead;
}

/** Whether `res` makes its head as node:http does, held to its word or not: nobody put another writeHead in place. */
export function hasOwnWriteHead(res: HeldResponse): boolean {
  return res.writeHead === ServerResponse.prototype.writeHead || res.writeHead === res[HELD];
}

/** The writeHead that a response was given here. */
const HELD = Symbol('held');

interface HeldResponse extends ServerResponse {
  [HELD]?: ServerResponse['writeHead'];
}

type Method = (...args: never) => unknown;

class Hold {
  readonly #res: ServerResponse;
  readonly #onFailure: (error: Error) => void;
  #hasFailed = false;
  #isSending = false;
  /** What is wrong with the head that was refused. */
  #mistake: Error | null = null;

  constructor(res: ServerResponse, onFailure: (error: Error) => void) {
    this.#res = res;
    this.#onFailure = onFailure;
  }

  readonly fail = (error: Error): void => {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#onFailure(error);
  };

  /** What is sent without a head makes one by itself, and must not go on behind a mistake: `send` hears of that. */
  sendHead(method: Method, args: readonly unknown[]): ServerResponse {
    if (!this.#isSending) return this.#attempt(method, args, this.#res, true);
    this.#checkHead(args);
    return Reflect.apply(method, this.#res, args);
  }

  send<T>(method: Method, args: readonly unknown[], otherwise: T): T {
    if (this.#isSending) return Reflect.apply(method, this.#res, args);
    return this.#attempt(method, args, otherwise, false);
  }

  #attempt<T>(method: Method, args: readonly unknown[], otherwise: T, isHead: boolean): T {
    this.#isSending = true;
    try {
      if (isHead) this.#checkHead(args);
      else this.#makeHead();
      return Reflect.apply(method, this.#res, args);
    } catch (thrown) {
      if (thrown !== this.#mistake && !isMismatch(thrown)) throw thrown;
      this.#isSending = false;
      // A client that is gone gets no answer, whatever its length.
      if (!this.#res.destroyed) this.fail(toError(thrown));
      return otherwise;
    } finally {
      this.#isSending = false;
    }
  }

  #checkHead(args: readonly unknown[]): void {
    if (this.#res.headersSent) return;
    this.#mistake = framingMistake(this.#res, args);
    if (this.#mistake !== null) throw this.#mistake;
  }

  /** node:http compares with what the head says only where there is one by then. */
  #makeHead(): void {
    const res = this.#res;
    if (!res.headersSent && res.hasHeader('Content-Length')) res.writeHead(res.statusCode);
  }
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
