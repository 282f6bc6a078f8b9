// A body as a filter hands it on: of the same kind, chunk for chunk, with its ending forwarded. Used by filters.
// It holds nothing back and asks for nothing ahead: each chunk passes before the next one is asked for.
import { closerOf, muteStream } from './body.js';
import type { Chunk, WsgiBody } from './wsgi-types.js';

/** What a filter sees and changes of a body that passes through it. */
export interface BodyHooks {
  /** Gets each chunk; what it gives back is sent instead. */
  readonly chunk: (chunk: Chunk) => Chunk;
  /** Before each chunk is asked for. */
  readonly next?: () => void;
  /** After the last chunk. */
  readonly end?: () => void;
  /** When the server closes a body that needs closing, before it is closed. */
  readonly close?: () => void;
}

/** Puts `hooks` around `body`. Strings and arrays, which are all there, pass at once; the rest as it is read. */
export function wrapBody(body: WsgiBody, hooks: BodyHooks): WsgiBody {
  if (typeof body === 'string') return wrapString(body, hooks);
  const wrapped = wrapChunks(body, hooks);
  const close = closerOf(body);
  if (close === null) return wrapped;
  muteStream(body);
  return Object.assign(wrapped, {
    close: () => {
      hooks.close?.();
      return close();
    },
  });
}

function wrapString(body: string, hooks: BodyHooks): WsgiBody {
  const [chunk = ''] = wrapArray([body], hooks);
  return typeof chunk === 'string' ? chunk : [chunk];
}

function wrapChunks(
  body: Iterable<Chunk> | AsyncIterable<Chunk>,
  hooks: BodyHooks,
): Iterable<Chunk> | AsyncIterable<Chunk> {
  if (Array.isArray(body)) return wrapArray(body, hooks);
  return Symbol.asyncIterator in body ? wrapAsync(body, hooks) : wrapSync(body, hooks);
}

function wrapArray(chunks: readonly Chunk[], hooks: BodyHooks): Chunk[] {
  const wrapped = chunks.map((chunk) => {
    hooks.next?.();
    return hooks.chunk(chunk);
  });
  hooks.end?.();
  return wrapped;
}

// Written out rather than as generators: the `return()` of a generator that nobody has begun runs none of its code.
function wrapSync(body: Iterable<Chunk>, hooks: BodyHooks): Iterable<Chunk> {
  const iterate = (): Iterator<Chunk> => {
    const iterator = body[Symbol.iterator]();
    return {
      next: () => {
        hooks.next?.();
        return pass(iterator.next(), hooks);
      },
      return: (value?: unknown) => iterator.return?.(value) ?? { done: true, value },
    };
  };
  return { [Symbol.iterator]: iterate };
}

function wrapAsync(body: AsyncIterable<Chunk>, hooks: BodyHooks): AsyncIterable<Chunk> {
  const iterate = (): AsyncIterator<Chunk> => {
    const iterator = body[Symbol.asyncIterator]();
    return {
      next: async () => {
        hooks.next?.();
        return pass(await iterator.next(), hooks);
      },
      return: async (value?: unknown) => (await iterator.return?.(value)) ?? { done: true, value },
    };
  };
  return { [Symbol.asyncIterator]: iterate };
}

function pass(step: IteratorResult<Chunk, unknown>, hooks: BodyHooks): IteratorResult<Chunk, unknown> {
  if (step.done !== true) return { done: false, value: hooks.chunk(step.value) };
  hooks.end?.();
  return step;
}
