import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { errorStream } from '../../src/gateway/error-stream.js';
import { callApp, InProcessExchange } from '../../src/gateway/in-process.js';
import { wrapBody } from '../../src/gateway/wrap-body.js';
import { runWsgi } from '../../src/gateway/wsgi.js';
import type { Chunk, WsgiApp, WsgiBody } from '../../src/gateway/wsgi-types.js';

const upper = (chunk: Chunk): Chunk => String(chunk).toUpperCase();

/** An app whose body a filter wraps, noting what happens. */
function wrapped(body: () => WsgiBody, events: string[] = []): WsgiApp {
  return (_environ, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return wrapBody(body(), {
      chunk: (chunk) => {
        events.push(`chunk ${chunk}`);
        return upper(chunk);
      },
      next: () => events.push('next'),
      end: () => events.push('end'),
      close: () => events.push('close'),
    });
  };
}

describe('a wrapped body', () => {
  it.each<[string, () => WsgiBody]>([
    ['a string', () => 'ab'],
    ['an array', () => ['a', 'b']],
    ['a set', () => new Set(['a', 'b'])],
    ['an async generator', () => Readable.from(['a', 'b']).iterator()],
    ['a stream', () => Readable.from(['a', 'b'])],
  ])('of %s passes through its hook', async (_kind, body) => {
    expect(await callApp(wrapped(body))).toMatchObject({ text: 'AB', errors: [] });
  });

  it('stays of its kind, so that a server still knows the size of a string or an array', () => {
    expect(wrapBody('ab', { chunk: upper })).toBe('AB');
    expect(wrapBody(['a'], { chunk: upper })).toEqual(['A']);
    expect(wrapBody('ab', { chunk: (chunk) => Buffer.from(chunk) })).toEqual([Buffer.from('ab')]);
    expect(Symbol.asyncIterator in Object(wrapBody(['a'].values(), { chunk: upper }))).toBe(false);
    expect(Symbol.asyncIterator in Object(wrapBody(Readable.from(['a']), { chunk: upper }))).toBe(true);
  });

  it('rule 59: passes each chunk on before it asks for the next one', async () => {
    const exchange = new InProcessExchange();
    const seen: string[] = [];
    const body = function* (): Generator<Chunk> {
      for (const chunk of ['a', 'b', 'c']) {
        seen.push(exchange.answer.text);
        yield chunk;
      }
    };
    await runWsgi(wrapped(body), exchange, {
      errors: errorStream(() => undefined),
      onError: () => undefined,
    });
    expect(seen).toEqual(['', 'A', 'AB']);
  });

  it('rule 61: forwards its end: return() where it is left, close() always', async () => {
    const events: string[] = [];
    const body = (): WsgiBody => ({
      *[Symbol.iterator]() {
        try {
          yield 'a';
          yield 'b';
        } finally {
          events.push('finally');
        }
      },
      close: () => events.push('closed'),
    });
    await callApp(wrapped(body, events));
    expect(events.splice(0)).toEqual([
      'next',
      'chunk a',
      'next',
      'chunk b',
      'next',
      'finally',
      'end',
      'close',
      'closed',
    ]);
    await callApp(wrapped(body, events), { method: 'HEAD' });
    expect(events).toEqual(['next', 'chunk a', 'finally', 'close', 'closed']);
  });

  it('rule 61: can be left before it is read, of any kind', async () => {
    const stream = Readable.from(['a']);
    for (const body of [stream, ['a'].values(), Readable.from(['a']).iterator(), new Set(['a'])]) {
      const app = wrapped(() => body);
      const answer = await callApp((environ, startResponse) => {
        const result = app(environ, startResponse);
        void startResponse('204 No Content', [], new TypeError('nothing to read'))('x');
        return result;
      });
      expect(answer).toMatchObject({ status: 204, text: '', errors: [] });
    }
    expect(stream.destroyed).toBe(true);
  });

  it('of a stream that fails before it is read fails the answer and nothing else', async () => {
    const app: WsgiApp = async (environ, startResponse) => {
      const stream = new Readable({ read: () => undefined });
      const body = wrapped(() => stream)(environ, startResponse);
      stream.destroy(new TypeError('no such file'));
      await new Promise((resolve) => setImmediate(resolve));
      return body;
    };
    expect(await callApp(app)).toMatchObject({ status: 500, errors: [{ message: 'no such file' }] });
  });
});
