// A body with one chunk more behind its end: of the same kind, its chunks passed on as they come, its close() forwarded.
// Called by page-answer.ts.
import { closerOf, muteStream } from '../../gateway/body.js';
import type { Chunk, WsgiBody } from '../../gateway/wsgi-types.js';

/** Asked once, behind the end; null for nothing. */
type LastChunk = () => Uint8Array | null;

/** A body that is all there gets its last chunk at once, any other when it has come to its end by itself. */
export function appendChunk(body: WsgiBody, last: LastChunk): WsgiBody {
  if (typeof body === 'string') return appendToAll([body], last);
  const appended = appendToChunks(body, last);
  const close = closerOf(body);
  if (close === null) return appended;
  muteStream(body);
  return Object.assign(appended, { close });
}

function appendToChunks(
  body: Iterable<Chunk> | AsyncIterable<Chunk>,
  last: LastChunk,
): Iterable<Chunk> | AsyncIterable<Chunk> {
  if (Array.isArray(body)) return appendToAll(body, last);
  return Symbol.asyncIterator in body ? appendAsync(body, last) : appendSync(body, last);
}

function appendToAll(chunks: readonly Chunk[], last: LastChunk): Chunk[] {
  const chunk = last();
  return chunk === null ? [...chunks] : [...chunks, chunk];
}

// Written out rather than as generators: the `return()` of a generator waits for a `next()` that may never come.
function appendSync(body: Iterable<Chunk>, last: LastChunk): Iterable<Chunk> {
  const iterate = (): Iterator<Chunk> => {
    const iterator = body[Symbol.iterator]();
    const ending = new Ending(last);
    return {
      next: () => (ending.isOver ? END : ending.after(iterator.next())),
      return: (value?: unknown) => iterator.return?.(value) ?? { done: true, value },
    };
  };
  return { [Symbol.iterator]: iterate };
}

function appendAsync(body: AsyncIterable<Chunk>, last: LastChunk): AsyncIterable<Chunk> {
  const iterate = (): AsyncIterator<Chunk> => {
    const iterator = body[Symbol.asyncIterator]();
    const ending = new Ending(last);
    return {
      next: async () => (ending.isOver ? END : ending.after(await iterator.next())),
      return: async (value?: unknown) => (await iterator.return?.(value)) ?? { done: true, value },
    };
  };
  return { [Symbol.asyncIterator]: iterate };
}

type Step = IteratorResult<Chunk, unknown>;

const END: Step = { done: true, value: undefined };

/** Puts the last chunk in the place of an iterator's end. */
class Ending {
  isOver = false;
  readonly #last: LastChunk;

  constructor(last: LastChunk) {
    this.#last = last;
  }

  after(step: Step): Step {
    if (step.done !== true) return step;
    this.isOver = true;
    const chunk = this.#last();
    return chunk === null ? END : { done: false, value: chunk };
  }
}
