// What an app returned, as chunks: one way to pull from arrays, generators, streams and strings, and one way to end them.
// Called by wsgi.ts and wrap-body.ts; it never looks at what the chunks say.
import { Readable } from 'node:stream';
import { toError, WsgiServeError } from '../errors.js';
import type { WsgiBody } from './wsgi-types.js';

/** The next chunk or the end. */
export type Step = IteratorResult<unknown, unknown>;

interface AnyIterator {
  next(): Step | Promise<Step>;
  return?(): unknown;
}

/** A body that is being read: PEP 3333's iteration and `close()`, the same for every kind of body. */
export class OpenBody {
  readonly #body: unknown;
  readonly #iterator: AnyIterator;
  #exhausted = false;
  #waiting = false;
  #closed = false;

  /** Throws `contract` where `body` has no chunks. */
  constructor(body: unknown) {
    this.#body = body;
    this.#iterator = iteratorOf(body);
    muteStream(body);
  }

  /** The next chunk, at once where the body has it at hand. Throws or rejects as the app does. */
  next(): Step | Promise<Step> {
    try {
      const step = this.#iterator.next();
      return isThenable(step) ? this.#settle(step) : this.#note(step);
    } catch (error) {
      this.#exhausted = true;
      throw error;
    }
  }

  /**
   * Ends the reading: the iterator's `return()` unless it came to its end, then the body's own `close()`, which is
   * awaited. Only the first call does anything. Errors go to `report`; it never rejects. A `next()` that still
   * waits is not waited for: the client may be gone long before an app has more to say.
   */
  async close(report: (error: Error) => void): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#exhausted) {
      const left = attempt(() => this.#iterator.return?.(), report);
      if (!this.#waiting) await left;
    }
    await attempt(() => closerOf(this.#body)?.(), report);
  }

  async #settle(step: PromiseLike<Step>): Promise<Step> {
    this.#waiting = true;
    try {
      return this.#note(await step);
    } catch (error) {
      this.#exhausted = true;
      throw error;
    } finally {
      this.#waiting = false;
    }
  }

  #note(step: Step): Step {
    if (step.done === true) this.#exhausted = true;
    return step;
  }
}

/** Throws `contract` where `value` is nothing that an app may return. */
export function assertBody(value: unknown): asserts value is WsgiBody {
  if (typeof value === 'string' || hasChunks(value)) return;
  throw new WsgiServeError('contract', `an app returned ${describe(value)}, which has no chunks`, {
    hint: 'Return an array of Uint8Arrays or strings, a generator or a stream of them, or one string',
  });
}

/** What ends a body when nobody reads on: its own `close()`, a stream's `destroy()`; null where it needs neither. */
export function closerOf(body: unknown): (() => unknown) | null {
  if (body instanceof Readable) return () => body.destroy();
  return hasClose(body) ? () => body.close() : null;
}

/** An error of a stream that nobody listens for ends the process, and a stream may fail before anybody reads it. */
export function muteStream(body: unknown): void {
  if (body instanceof Readable) body.on('error', () => undefined);
}

/** Whether `value` is a promise of something, of whatever make. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Bytes have an iterator too, one of numbers: an app that returns them forgot the brackets. */
function hasChunks(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !ArrayBuffer.isView(value) &&
    (Symbol.asyncIterator in value || Symbol.iterator in value)
  );
}

function hasClose(value: unknown): value is { close(): unknown } {
  return typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function';
}

function iteratorOf(body: unknown): AnyIterator {
  assertBody(body);
  if (typeof body === 'string') return [body].values();
  return Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : body[Symbol.iterator]();
}

function describe(body: unknown): string {
  if (ArrayBuffer.isView(body)) return 'bytes that are not in an array';
  if (typeof body === 'object' && body !== null) return 'an object';
  return typeof body === 'function' ? 'a function' : String(body);
}

async function attempt(step: () => unknown, report: (error: Error) => void): Promise<void> {
  try {
    await step();
  } catch (error) {
    report(toError(error));
  }
}
