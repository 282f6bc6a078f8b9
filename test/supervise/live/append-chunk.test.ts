import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { closerOf } from '../../../src/gateway/body.js';
import { errorStream } from '../../../src/gateway/error-stream.js';
import { callApp, InProcessExchange } from '../../../src/gateway/in-process.js';
import { runWsgi } from '../../../src/gateway/wsgi.js';
import type { Chunk, WsgiApp, WsgiBody } from '../../../src/gateway/wsgi-types.js';
import { appendChunk } from '../../../src/supervise/live/append-chunk.js';

const LAST = Buffer.from('!');

function appended(body: () => WsgiBody, last: () => Uint8Array | null = () => LAST): WsgiApp {
  return (_environ, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return appendChunk(body(), last);
  };
}

const BODIES: readonly [string, () => WsgiBody][] = [
  ['a string', () => 'ab'],
  ['an array', () => ['a', 'b']],
  ['a set', () => new Set(['a', 'b'])],
  ['an iterator', () => ['a', 'b'].values()],
  ['an async generator', () => Readable.from(['a', 'b']).iterator()],
  ['a stream', () => Readable.from(['a', 'b'])],
];

describe('a body with a chunk more', () => {
  it.each(BODIES)('of %s has it behind its end', async (_kind, body) => {
    expect(await callApp(appended(body))).toMatchObject({ text: 'ab!', errors: [] });
  });

  it.each(BODIES)('of %s is as it was where there is none', async (_kind, body) => {
    const nothing = (): null => null;
    expect(await callApp(appended(body, nothing))).toMatchObject({ text: 'ab', errors: [] });
  });

  it('stays of its kind, so that a server still knows the size of what is all there', () => {
    expect(appendChunk('ab', () => LAST)).toEqual(['ab', LAST]);
    expect(appendChunk(['a'], () => LAST)).toEqual(['a', LAST]);
    expect(Symbol.asyncIterator in Object(appendChunk(new Set('a'), () => LAST))).toBe(false);
    expect(Symbol.asyncIterator in Object(appendChunk(Readable.from(['a']), () => LAST))).toBe(true);
  });

  it('asks for the chunk once, and not before the end', async () => {
    const events: string[] = [];
    const body = function* (): Generator<Chunk> {
      yield 'a';
      events.push('end');
    };
    const iterable = appendChunk(body(), () => {
      events.push('asked');
      return LAST;
    });
    expect([...(iterable as Iterable<Chunk>)]).toEqual(['a', LAST]);
    expect(events).toEqual(['end', 'asked']);
  });

  it('passes each chunk on before it asks for the next one', async () => {
    const exchange = new InProcessExchange();
    const seen: string[] = [];
    const body = async function* (): AsyncGenerator<Chunk> {
      for (const chunk of ['a', 'b', 'c']) {
        seen.push(exchange.answer.text);
        yield chunk;
      }
    };
    const options = { errors: errorStream(() => undefined), onError: () => undefined };
    await runWsgi(appended(body), exchange, options);
    expect(seen).toEqual(['', 'a', 'ab']);
    expect(exchange.answer.text).toBe('abc!');
  });

  it('is closed with the body below it, once; one that needs no closing needs none', async () => {
    let closed = 0;
    const close = () => {
      closed += 1;
    };
    await callApp(appended(() => Object.assign(['a'], { close })));
    expect(closed).toBe(1);
    expect(closerOf(appendChunk(['a'], () => LAST))).toBeNull();
    const stream = Readable.from(['a']);
    closerOf(appendChunk(stream, () => LAST))?.();
    expect(stream.destroyed).toBe(true);
  });

  it('forwards return() to a body that is left before its end, even while that is waited for', async () => {
    let left = 0;
    const body: AsyncIterable<Chunk> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => undefined),
        return: async () => {
          left += 1;
          return { done: true, value: undefined };
        },
      }),
    };
    const iterator = (appendChunk(body, () => LAST) as AsyncIterable<Chunk>)[Symbol.asyncIterator]();
    void iterator.next();
    await iterator.return?.();
    expect(left).toBe(1);
  });

  it('fails as the body below it fails, without the chunk', async () => {
    const body = function* (): Generator<Chunk> {
      yield 'a';
      throw new TypeError('broken');
    };
    const { text, aborted, errors } = await callApp(appended(body));
    expect([text, aborted, errors.map(({ message }) => message)]).toEqual(['a', true, ['broken']]);
  });
});
