// The server's side of what an app returns, rule by rule (PEP 3333), over the engine in memory.
import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { errorStream } from '../../src/gateway/error-stream.js';
import { callApp, InProcessExchange } from '../../src/gateway/in-process.js';
import { lint } from '../../src/gateway/lint.js';
import { runWsgi } from '../../src/gateway/wsgi.js';
import type { Chunk, Header, WsgiApp, WsgiBody } from '../../src/gateway/wsgi-types.js';

const PLAIN: readonly Header[] = [['Content-Type', 'text/plain']];

/** An app that starts properly and returns `body()`. */
const returning = (body: () => unknown, status = '200 OK', headers: readonly Header[] = PLAIN): WsgiApp => {
  return (_environ, startResponse) => {
    startResponse(status, headers);
    return body() as WsgiBody;
  };
};

const bytes = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));
const length = (size: number): Header[] => [...PLAIN, ['Content-Length', String(size)]];

function* generate(...chunks: Chunk[]): Generator<Chunk> {
  yield* chunks;
}

async function* generateLater(...chunks: Chunk[]): AsyncGenerator<Chunk> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield chunk;
  }
}

const webStream = (...texts: string[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const text of texts) controller.enqueue(Buffer.from(text));
      controller.close();
    },
  });

describe('a body', () => {
  it.each<[string, () => unknown, string[]]>([
    ['an array', () => bytes('a', 'b'), ['a', 'b']],
    ['an empty array', () => [], []],
    ['a set', () => new Set(bytes('a', 'b')), ['a', 'b']],
    ['a generator', () => generate(...bytes('a', 'b')), ['a', 'b']],
    ['an async generator', () => generateLater(...bytes('a', 'b')), ['a', 'b']],
    ['a Readable', () => Readable.from(bytes('a', 'b')), ['a', 'b']],
    ['a web stream', () => webStream('a', 'b'), ['a', 'b']],
    ['a promise of an array', async () => bytes('a', 'b'), ['a', 'b']],
    ['a promise of a generator', async () => generate(...bytes('a', 'b')), ['a', 'b']],
    ['a string', () => 'caf\u00e9', ['caf\u00e9']],
    ['an empty string', () => '', []],
    ['a promise of a string', async () => 'a', ['a']],
    ['strings in an array', () => ['a', '\u20ac'], ['a', '\u20ac']],
  ])('rule 43: may be %s', async (_kind, body, chunks) => {
    const answer = await callApp(lint(returning(body)));
    expect(answer.chunks.map(String)).toEqual(chunks);
    expect(answer).toMatchObject({ status: 200, aborted: false, errors: [] });
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['bytes themselves', Buffer.from('abc')],
    ['a number', 5],
    ['true', true],
    ['an object', { a: 1 }],
    ['a function', () => []],
    ['a promise of nothing', Promise.resolve()],
  ])('rule 43: is refused where it is %s', async (_kind, body) => {
    const answer = await callApp(returning(() => body));
    expect(answer).toMatchObject({ status: 500, text: 'Internal Server Error\n' });
    expect(answer.errors).toEqual([
      expect.objectContaining({ code: 'contract', message: expect.stringContaining('has no chunks') }),
    ]);
  });

  it.each<[string, unknown]>([
    ['a number', 5],
    ['null', null],
    ['an ArrayBuffer', new ArrayBuffer(3)],
    ['a DataView', new DataView(new ArrayBuffer(3))],
    ['an array', []],
  ])('rule 43: a chunk is refused where it is %s', async (_kind, chunk) => {
    for (const body of [[chunk], ['a', chunk], new Set([chunk])]) {
      const answer = await callApp(returning(() => body));
      expect(answer).toMatchObject({ status: 500, errors: [{ code: 'contract' }] });
    }
  });

  it('rule 43: a stream that fails before it is read fails the answer and nothing else', async () => {
    const app: WsgiApp = async (_environ, startResponse) => {
      startResponse('200 OK', PLAIN);
      const stream = new Readable({ read: () => undefined });
      setImmediate(() => stream.destroy(new TypeError('no such file')));
      return stream;
    };
    expect(await callApp(app)).toMatchObject({ status: 500, errors: [{ message: 'no such file' }] });
  });

  it('rule 44: may call startResponse as late as for its first chunk', async () => {
    const app: WsgiApp = function* (_environ, startResponse) {
      yield '';
      startResponse('201 Created', PLAIN);
      yield Buffer.from('late');
    };
    expect(await callApp(lint(app))).toMatchObject({ status: 201, text: 'late', errors: [] });
  });

  it.each<[string, () => WsgiBody]>([
    ['a chunk', () => ['body']],
    ['a string', () => 'body'],
    ['a generated chunk', () => generate('body')],
    ['the end', () => generate('')],
    ['the end of nothing', () => []],
    ['an empty string', () => ''],
  ])('rule 44: without startResponse before %s the answer is 500', async (_kind, body) => {
    const answer = await callApp(() => body());
    expect(answer).toMatchObject({ status: 500, text: 'Internal Server Error\n' });
    expect(answer.errors).toEqual([
      expect.objectContaining({ message: expect.stringContaining('did not call startResponse') }),
    ]);
  });

  it.each([
    ['a generator', generate],
    ['an async generator', generateLater],
  ])('rule 45: each chunk of %s is sent before the next one is asked for', async (_kind, make) => {
    const exchange = new InProcessExchange();
    const seen: string[] = [];
    async function* watched(): AsyncGenerator<Chunk> {
      for await (const chunk of make('a', 'b', 'c')) {
        seen.push(exchange.answer.text);
        yield chunk;
      }
    }
    await runWsgi(returning(watched), exchange, {
      errors: errorStream(() => undefined),
      onError: () => undefined,
    });
    expect(seen).toEqual(['', 'a', 'ab']);
  });

  it('rule 45: waits for a slow client before it asks for more', async () => {
    const events: string[] = [];
    class SlowExchange extends InProcessExchange {
      override write(chunk: Chunk): Promise<void> {
        super.write(chunk);
        events.push(`sent ${chunk}`);
        return new Promise((resolve) => {
          setImmediate(() => {
            events.push(`drained ${chunk}`);
            resolve();
          });
        });
      }
    }
    const body = function* (): Generator<Chunk> {
      for (const chunk of ['a', 'b']) {
        events.push(`asked for ${chunk}`);
        yield chunk;
      }
    };
    const options = { errors: errorStream(() => undefined), onError: () => undefined };
    await runWsgi(returning(body), new SlowExchange(), options);
    expect(events).toEqual(['asked for a', 'sent a', 'drained a', 'asked for b', 'sent b', 'drained b']);
  });

  it('rule 46: empty chunks send nothing, not even the head', async () => {
    const app: WsgiApp = function* (_environ, startResponse) {
      startResponse('200 OK', PLAIN);
      yield '';
      yield Buffer.alloc(0);
      startResponse('404 Not Found', PLAIN, new TypeError('changed my mind'));
      yield 'a';
      yield '';
      yield 'b';
    };
    const answer = await callApp(lint(app));
    expect(answer).toMatchObject({ status: 404, errors: [] });
    expect(answer.chunks.map(String)).toEqual(['a', 'b']);
  });

  it('rule 47: bytes stay what they are', async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    for (const body of [[all], generate(all), [new Uint8Array(all)]]) {
      expect((await callApp(returning(() => body))).body).toEqual(all);
    }
  });

  it.each<[string, () => unknown, string | null]>([
    ['one chunk', () => bytes('abc'), '3'],
    ['several chunks', () => bytes('abc', 'de'), '5'],
    ['a string in bytes of UTF-8', () => '\u20ac', '3'],
    ['no chunk', () => [], '0'],
    ['an empty string', () => '', '0'],
    ['an empty generator', () => generate(), '0'],
    ['a generator, which it cannot know', () => generate('abc'), null],
    ['a promise of one chunk', async () => bytes('abc'), '3'],
  ])('rule 48: the size of %s is told to the engine', async (_kind, body, size) => {
    const { headers } = await callApp(returning(body));
    expect(headers.find(([name]) => name === 'Content-Length')?.[1] ?? null).toBe(size);
  });

  it('rule 48: the size is not told where write was used', async () => {
    const answer = await callApp((_environ, startResponse) => {
      void startResponse('200 OK', PLAIN)('');
      return ['abc'];
    });
    expect(answer.headers).toEqual(PLAIN);
  });

  it('rule 48: the size is not told where the app says it', async () => {
    const answer = await callApp(lint(returning(() => bytes('abc'), '200 OK', length(3))));
    expect(answer.headers).toEqual(length(3));
  });

  it.each<[string, () => unknown]>([
    ['a string', () => 'abcdef'],
    ['one chunk', () => bytes('abcdef')],
    ['several chunks', () => bytes('ab', 'cdef')],
    ['a generator', () => generate('abcd', 'ef')],
    ['an async generator', () => generateLater('abcd', 'ef')],
  ])(
    'rule 49: never more of %s is sent than Content-Length says, and the rest is reported',
    async (_kind, body) => {
      const answer = await callApp(returning(body, '200 OK', length(3)));
      expect(answer).toMatchObject({ text: 'abc', aborted: true });
      expect(answer.errors).toEqual([
        expect.objectContaining({ message: 'the body is longer than its Content-Length' }),
      ]);
    },
  );

  it('rule 49: reading stops where Content-Length is reached', async () => {
    let asked = 0;
    function* endless(): Generator<Chunk> {
      for (;;) {
        asked += 1;
        yield 'ab';
      }
    }
    expect(await callApp(returning(endless, '200 OK', length(4)))).toMatchObject({
      text: 'abab',
      errors: [],
    });
    expect(asked).toBe(2);
  });

  it('rule 49: write is refused what Content-Length does not leave', async () => {
    let refused: unknown;
    const answer = await callApp(async (_environ, startResponse) => {
      const write = startResponse('200 OK', length(3));
      await write('ab');
      await write('cd').catch((error: unknown) => {
        refused = error;
      });
      void write('ef');
      return [];
    });
    expect(refused).toMatchObject({ message: 'the body is longer than its Content-Length' });
    expect(answer).toMatchObject({ text: 'abc', aborted: true, errors: [refused] });
    expect(answer.chunks).toHaveLength(2);
  });

  it.each<[string, () => unknown]>([
    ['a string', () => 'ab'],
    ['an array', () => bytes('a', 'b')],
    ['a generator', () => generate('a', 'b')],
  ])(
    'rule 49: where %s is shorter than Content-Length, the answer is broken off and reported',
    async (_kind, body) => {
      const answer = await callApp(returning(body, '200 OK', length(3)));
      expect(answer).toMatchObject({ text: 'ab', aborted: true });
      expect(answer.errors).toEqual([
        expect.objectContaining({ message: 'the body ends 1 bytes short of its Content-Length' }),
      ]);
    },
  );

  it('rule 49: of an empty body that was to be longer nothing is sent yet: the answer is 500', async () => {
    const answer = await callApp(returning(() => [], '200 OK', length(3)));
    expect(answer).toMatchObject({ status: 500, aborted: false, text: 'Internal Server Error\n' });
  });

  it.each(['', 'abc', '-5', '5, 5', '1e3', ' 5', '99999999999999999999'])(
    'rule 49: refuses a Content-Length of "%s"',
    async (value) => {
      const answer = await callApp(returning(() => [], '200 OK', [['Content-Length', value]]));
      expect(answer).toMatchObject({ status: 500, errors: [{ code: 'contract' }] });
    },
  );

  it('rule 49: refuses two of them', async () => {
    const answer = await callApp(returning(() => 'abc', '200 OK', [...length(3), ['content-length', '3']]));
    expect(answer.errors).toEqual([
      expect.objectContaining({ message: 'startResponse: Content-Length is given twice' }),
    ]);
  });

  it('rule 54: HEAD sends the head and no body, and keeps the Content-Length of the app', async () => {
    const bodies: (() => unknown)[] = [
      () => 'abc',
      () => bytes('abc'),
      () => bytes('a', 'bc'),
      () => generate('abc'),
    ];
    for (const body of bodies) {
      const answer = await callApp(returning(body, '200 OK', length(3)), { method: 'HEAD' });
      expect(answer).toMatchObject({ status: 200, headers: length(3), text: '', aborted: false, errors: [] });
    }
  });

  it('rule 54: HEAD tells no size that the app did not say', async () => {
    for (const body of ['abc', '', [], bytes('a', 'b')]) {
      expect(
        (
          await callApp(
            returning(() => body),
            { method: 'HEAD' },
          )
        ).headers,
      ).toEqual(PLAIN);
    }
  });

  it('rule 54: for HEAD a body is read until its head is known, then closed', async () => {
    const events: string[] = [];
    const app: WsgiApp = function* (_environ, startResponse) {
      try {
        yield '';
        startResponse('206 Partial Content', PLAIN);
        yield 'a';
        events.push('read too far');
        yield 'b';
      } finally {
        events.push('closed');
      }
    };
    expect(await callApp(app, { method: 'HEAD' })).toMatchObject({ status: 206, text: '' });
    expect(events).toEqual(['closed']);
  });

  it('rule 54: what a filter makes of the method does not change what the client asked', async () => {
    const answer = await callApp(
      (environ, startResponse) => {
        environ.REQUEST_METHOD = 'GET';
        startResponse('200 OK', PLAIN);
        return 'abc';
      },
      { method: 'HEAD' },
    );
    expect(answer.text).toBe('');
  });

  it.each(['204 No Content', '304 Not Modified'])('rule 55: %s has no body, and no size', async (status) => {
    for (const body of ['abc', '', bytes('a', 'b'), generate('abc')]) {
      const answer = await callApp(returning(() => body, status, [['ETag', '"x"']]));
      expect(answer).toMatchObject({ headers: [['ETag', '"x"']], text: '', aborted: false, errors: [] });
    }
  });

  it('rule 55: Content-Length is dropped from 204 and kept in 304', async () => {
    const headersOf = async (status: string) =>
      (await callApp(returning(() => [], status, length(3)))).headers;
    expect(await headersOf('204 No Content')).toEqual(PLAIN);
    expect(await headersOf('304 Not Modified')).toEqual(length(3));
  });
});

describe('an app that fails', () => {
  const reason = new TypeError('broken');
  const fail = (): never => {
    throw reason;
  };

  it.each<[string, WsgiApp]>([
    ['throws', fail],
    ['rejects', async () => fail()],
    ['throws after startResponse', returning(fail)],
    ['rejects after startResponse', returning(async () => fail())],
    [
      'throws for its first chunk',
      function* (_environ, startResponse) {
        startResponse('200 OK', PLAIN);
        fail();
        yield '';
      },
    ],
    [
      'rejects for its first chunk',
      async function* (_environ, startResponse) {
        startResponse('200 OK', PLAIN);
        fail();
        yield '';
      },
    ],
    ['throws when it is iterated', returning(() => ({ [Symbol.iterator]: fail }))],
  ])('rule 57: and %s is answered with a bare 500, and reported', async (_how, app) => {
    const answer = await callApp(app);
    expect(answer).toMatchObject({
      status: 500,
      aborted: false,
      text: 'Internal Server Error\n',
      errors: [reason],
    });
    expect(answer.headers).toEqual([
      ['Content-Type', 'text/plain; charset=utf-8'],
      ['Content-Length', '22'],
    ]);
  });

  it('rule 57: and has sent something is broken off', async () => {
    const late = function* (): Generator<Chunk> {
      yield 'sent';
      fail();
    };
    const lateStream = (): Readable => Readable.from(late());
    for (const body of [late, lateStream]) {
      expect(await callApp(returning(body))).toMatchObject({
        status: 200,
        text: 'sent',
        aborted: true,
        errors: [reason],
      });
    }
  });

  it('rule 57: and was asked for HEAD is answered without a body', async () => {
    expect(await callApp(fail, { method: 'HEAD' })).toMatchObject({ status: 500, text: '' });
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['a string', 'oops'],
    ['a frozen object', Object.freeze({})],
    ['an object without a prototype', Object.create(null)],
    ['an error with a message that throws', Object.defineProperty(new TypeError(), 'message', { get: fail })],
  ])('rule 57: and throws %s is answered all the same', async (_what, thrown) => {
    const answer = await callApp(() => {
      throw thrown;
    });
    expect(answer.status).toBe(500);
    expect(answer.errors).toHaveLength(1);
  });

  it('is broken off where the engine fails', async () => {
    class BrokenExchange extends InProcessExchange {
      override writeHead(): void {
        throw new TypeError('cannot write');
      }
    }
    const errors: string[] = [];
    for (const app of [returning(() => 'body'), returning(() => generate('body')), fail]) {
      const exchange = new BrokenExchange();
      const options = {
        errors: errorStream(() => undefined),
        onError: (error: Error) => errors.push(error.message),
      };
      await runWsgi(app, exchange, options);
      expect(exchange.answer.aborted).toBe(true);
    }
    expect(errors).toEqual([
      'cannot write',
      'cannot write',
      'cannot write',
      'cannot write',
      'broken',
      'cannot write',
    ]);
  });

  it('is answered although the listener for errors fails too', async () => {
    expect((await callApp(fail, {}, { onError: fail })).status).toBe(500);
  });

  it('is answered although it is no function', async () => {
    const app = JSON.parse('{}') as WsgiApp;
    expect(await callApp(app)).toMatchObject({
      status: 500,
      errors: [{ message: expect.stringContaining('function') }],
    });
  });
});

describe('the end of a body', () => {
  /** A body that notes how it is read and ended. */
  function noting(events: string[], chunks: readonly Chunk[], more: object = {}): WsgiBody {
    const left = [...chunks];
    return {
      [Symbol.iterator]() {
        return {
          next: () => {
            const value = left.shift();
            return value === undefined ? { done: true, value } : { done: false, value };
          },
          return: () => {
            events.push('return');
            return { done: true, value: undefined };
          },
        };
      },
      close: () => events.push('close'),
      ...more,
    };
  }

  it('rule 51: close is called, once, after the last chunk', async () => {
    const events: string[] = [];
    await callApp(lint(returning(() => noting(events, bytes('a', 'b')))));
    expect(events).toEqual(['close']);
  });

  it('rule 51: close is called after a string or an array too, where it has one', async () => {
    const events: string[] = [];
    const body = (): unknown => Object.assign(bytes('abc'), { close: () => events.push('close') });
    expect(await callApp(lint(returning(body)))).toMatchObject({ text: 'abc', errors: [] });
    expect(events).toEqual(['close']);
  });

  it('rule 51: close is called after an error, which ended the iteration by itself', async () => {
    const events: string[] = [];
    const body = (): unknown => ({
      [Symbol.iterator]: () => ({
        next: () => {
          throw new TypeError('broken');
        },
        return: () => events.push('return'),
      }),
      close: () => events.push('close'),
    });
    expect((await callApp(returning(body))).status).toBe(500);
    expect(events).toEqual(['close']);
  });

  it('rule 51: return() and close are called where the body is not read to its end', async () => {
    const events: string[] = [];
    await callApp(returning(() => noting(events, ['abc', 'def']), '200 OK', length(3)));
    await callApp(
      returning(() => noting(events, ['abc'])),
      { method: 'HEAD' },
    );
    await callApp(returning(() => noting(events, JSON.parse('[5]'))));
    expect(events).toEqual(['return', 'close', 'return', 'close', 'return', 'close']);
  });

  it('rule 51: close is waited for', async () => {
    let closed = false;
    const close = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      closed = true;
    };
    await callApp(returning(() => noting([], ['a'], { close })));
    expect(closed).toBe(true);
  });

  it('rule 51: errors of the end are reported, and the client has its answer', async () => {
    const fail = (): never => {
      throw new TypeError('cannot close');
    };
    const close = async (): Promise<never> => fail();
    for (const closing of [fail, close]) {
      const answer = await callApp(returning(() => noting([], ['a'], { close: closing })));
      expect(answer).toMatchObject({
        status: 200,
        text: 'a',
        aborted: false,
        errors: [{ message: 'cannot close' }],
      });
    }
  });

  it('rule 51: the client has its answer before the body is closed', async () => {
    const exchange = new InProcessExchange();
    let ended = '';
    const close = (): void => {
      ended = exchange.answer.text;
    };
    const options = { errors: errorStream(() => undefined), onError: () => undefined };
    await runWsgi(
      returning(() => noting([], ['a', 'b'], { close })),
      exchange,
      options,
    );
    expect(ended).toBe('ab');
  });

  it('rule 51: a stream that is not read to its end is destroyed', async () => {
    const stream = Readable.from(bytes('abc', 'def'));
    await callApp(
      returning(() => stream),
      { method: 'HEAD' },
    );
    expect(stream.destroyed).toBe(true);
  });

  it('rule 52: a generator runs its finally, but not what comes behind its last needed chunk', async () => {
    const events: string[] = [];
    async function* body(): AsyncGenerator<Chunk> {
      try {
        yield 'abc';
        events.push('read too far');
      } finally {
        events.push('finally');
      }
    }
    await callApp(returning(body, '200 OK', length(3)));
    expect(events).toEqual(['finally']);
  });

  it('rule 53: nothing else of a body is touched', async () => {
    const touched: (string | symbol)[] = [];
    const body = new Proxy(new Set(bytes('a')), {
      has: (target, key) => {
        touched.push(key);
        return Reflect.has(target, key);
      },
      get: (target, key) => {
        touched.push(key);
        const member: unknown = Reflect.get(target, key);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
    expect((await callApp(returning(() => body))).text).toBe('a');
    expect(new Set(touched)).toEqual(new Set(['then', 'close', Symbol.iterator, Symbol.asyncIterator]));
  });
});

describe('a client that goes away', () => {
  const run = (app: WsgiApp, exchange: InProcessExchange, errors: Error[] = []): Promise<void> | undefined =>
    runWsgi(app, exchange, { errors: errorStream(() => undefined), onError: (error) => errors.push(error) });

  it('rule 51: ends the body after the chunk under way', async () => {
    const exchange = new InProcessExchange();
    const events: string[] = [];
    async function* body(): AsyncGenerator<Chunk> {
      try {
        yield 'a';
        exchange.disconnect();
        yield 'b';
        events.push('read too far');
      } finally {
        events.push('finally');
      }
    }
    const errors: Error[] = [];
    await run(returning(body), exchange, errors);
    expect(events).toEqual(['finally']);
    expect(exchange.answer.text).toBe('a');
    expect(errors).toEqual([]);
  });

  it('rule 51: closes a body at once that waits for its next chunk, perhaps for ever', async () => {
    const exchange = new InProcessExchange();
    const events: string[] = [];
    let waiting = (): void => undefined;
    const isWaiting = new Promise<void>((resolve) => {
      waiting = resolve;
    });
    const body = (): unknown => ({
      [Symbol.asyncIterator]: () => ({
        next: () => {
          waiting();
          return new Promise(() => undefined);
        },
        return: () => {
          events.push('return');
          return new Promise(() => undefined);
        },
      }),
      close: () => events.push('close'),
    });
    const done = run(returning(body), exchange);
    await isWaiting;
    exchange.disconnect();
    await done;
    expect(events).toEqual(['return', 'close']);
  });

  it('rule 51: destroys a stream that waits', async () => {
    const exchange = new InProcessExchange();
    let waiting = (): void => undefined;
    const isWaiting = new Promise<void>((resolve) => {
      waiting = resolve;
    });
    const stream = new Readable({ read: () => waiting() });
    const done = run(
      returning(() => stream),
      exchange,
    );
    await isWaiting;
    exchange.disconnect();
    await done;
    expect(stream.destroyed).toBe(true);
  });

  it('is not told of an app that fails afterwards', async () => {
    const exchange = new InProcessExchange();
    const errors: Error[] = [];
    await run(
      async () => {
        exchange.disconnect();
        throw new TypeError('late');
      },
      exchange,
      errors,
    );
    expect(exchange.answer).toMatchObject({ status: 0, aborted: false });
    expect(errors).toEqual([expect.objectContaining({ message: 'late' })]);
  });
});
