// The server's side of start_response and write, rule by rule (PEP 3333), over the engine in memory.
import { describe, expect, it } from '@jest/globals';
import { callApp, type InProcessAnswer } from '../../src/gateway/in-process.js';
import { lint } from '../../src/gateway/lint.js';
import type { Header, StartResponse, Write, WsgiApp } from '../../src/gateway/wsgi-types.js';

const PLAIN: readonly Header[] = [['Content-Type', 'text/plain']];
const ok = (startResponse: StartResponse): Write => startResponse('200 OK', PLAIN);

/** Calls `startResponse` as given and returns one chunk. */
const starting = (status: unknown, headers: unknown): WsgiApp => {
  return (_environ, startResponse) => {
    Reflect.apply(startResponse, undefined, [status, headers]);
    return [Buffer.from('body')];
  };
};

function expectFailure(answer: InProcessAnswer, message: RegExp): void {
  expect(answer).toMatchObject({ status: 500, reason: 'Internal Server Error', aborted: false });
  expect(answer.text).toBe('Internal Server Error\n');
  expect(answer.headers).toContainEqual(['Content-Type', 'text/plain; charset=utf-8']);
  expect(answer.errors.map(({ message }) => message)).toEqual([expect.stringMatching(message)]);
}

describe('calling an app', () => {
  it('rule 1: passes exactly environ and startResponse, once', async () => {
    const calls: unknown[][] = [];
    const answer = await callApp((...args) => {
      calls.push(args);
      ok(args[1]);
      return [];
    });
    expect(calls).toEqual([[expect.objectContaining({ REQUEST_METHOD: 'GET' }), expect.any(Function)]]);
    expect(answer.status).toBe(200);
  });

  it('rule 2: an app may be called many times at once', async () => {
    let arrived = 0;
    let allArrived = (): void => undefined;
    const everybody = new Promise<void>((resolve) => {
      allArrived = resolve;
    });
    const app = lint(async (environ, startResponse) => {
      arrived += 1;
      if (arrived === 5) allArrived();
      await everybody;
      ok(startResponse);
      return [Buffer.from(environ.PATH_INFO)];
    });
    const targets = ['/1', '/2', '/3', '/4', '/5'];
    const answers = await Promise.all(targets.map((target) => callApp(app, { target })));
    expect(answers.map(({ text }) => text)).toEqual(targets);
  });

  it('rule 5: a target that no app can answer is answered with 400, and the app is not called', async () => {
    let called = false;
    const app: WsgiApp = () => {
      called = true;
      return [];
    };
    const answer = await callApp(app, { target: '/%ff' });
    expect(answer).toMatchObject({ status: 400, text: 'Bad Request\n', errors: [] });
    expect(called).toBe(false);
    expect((await callApp(app, { target: '/%ff', method: 'HEAD' })).text).toBe('');
  });

  it('rule 28: wsgi.errors takes any text, at once', async () => {
    const answer = await callApp((environ, startResponse) => {
      environ['wsgi.errors'].write('caf\u00e9 \u{1f600}\n');
      environ['wsgi.errors'].writelines(['a', 'b']);
      environ['wsgi.errors'].flush();
      ok(startResponse);
      return [];
    });
    expect(answer.complaints).toBe('caf\u00e9 \u{1f600}\nab');
  });
});

describe('startResponse', () => {
  it.each([
    ['200 OK', 200, 'OK'],
    ['404 Not Found', 404, 'Not Found'],
    ['299 Caf\xe9 (really)', 299, 'Caf\xe9 (really)'],
    ['999 ', 999, ''],
  ])('rule 29: takes the status "%s"', async (status, code, reason) => {
    expect(await callApp(starting(status, PLAIN))).toMatchObject({ status: code, reason, errors: [] });
  });

  it.each([
    '',
    '200',
    'OK',
    '20 OK',
    '2000 OK',
    '200  OK',
    ' 200 OK',
    '200 OK ',
    '200\tOK',
    '200 OK\r\nX: y',
    '200 O\x7fK',
    '200 O\0K',
    '200 \u20ac',
    '099 Low',
    '100 Continue',
    '101 Switching Protocols',
    200,
    null,
    undefined,
    ['200 OK'],
  ])('rule 29: refuses the status %j', async (status) => {
    expectFailure(await callApp(starting(status, PLAIN)), /is not a status/);
  });

  it.each<[string, Iterable<Header>]>([
    ['an array', [['A', '1']]],
    ['a set', new Set<Header>([['A', '1']])],
    ['a map', new Map([['A', '1']])],
    ['a generator', [['A', '1'] as const].values()],
  ])('rule 30: takes headers as %s', async (_kind, headers) => {
    const { headers: sent, errors } = await callApp(starting('200 OK', headers));
    expect(sent).toEqual([
      ['A', '1'],
      ['Content-Length', '4'],
    ]);
    expect(errors).toEqual([]);
  });

  it.each([
    null,
    undefined,
    5,
    'A: 1',
    { A: '1' },
    [['A']],
    [['A', '1', '2']],
    [['A', 1]],
    [[1, 'A']],
    ['A'],
    [null],
  ])('rule 30: refuses headers that are no pairs of strings: %j', async (headers) => {
    expectFailure(await callApp(starting('200 OK', headers)), /pair/);
  });

  it.each(['', 'A B', 'A:', 'A\r\nB', 'A\0', 'caf\xe9', 'A(', '"A"', 'Status', 'sTATUS'])(
    'rule 31: refuses the header name %j',
    async (name) => {
      expectFailure(await callApp(starting('200 OK', [[name, 'v']])), /header/);
    },
  );

  it.each([
    'a\nb',
    'a\rb',
    'a\r\nSet-Cookie: x',
    '\0',
    'a\tb',
    '\x7f',
    '\u20ac',
    '\u560d\u560a',
    '\u{1f600}',
  ])('rule 31: refuses the header value %j', async (value) => {
    const answer = await callApp(starting('200 OK', [['X-A', value]]));
    expectFailure(answer, /the value of X-A/);
  });

  it('rule 31: takes Latin-1 values, empty ones, and names of any token', async () => {
    const headers: Header[] = [
      ['X', 'caf\xe9\x80'],
      ['x', ''],
      ["!#$%&'*+.^_`|~-9aZ", 'v'],
    ];
    const answer = await callApp(starting('200 OK', headers));
    expect(answer.headers.slice(0, 3)).toEqual(headers);
  });

  it.each([
    'Connection',
    'Keep-Alive',
    'Proxy-Authenticate',
    'Proxy-Authorization',
    'Proxy-Connection',
    'TE',
    'Trailer',
    'Trailers',
    'Transfer-Encoding',
    'Upgrade',
    'transfer-encoding',
  ])('rule 32: refuses the hop-by-hop header %s', async (name) => {
    expectFailure(await callApp(starting('200 OK', [[name, 'close']])), /belongs to the connection/);
  });

  it('rule 33: a call that was refused still counts: it takes an error to call again', async () => {
    const again = (excInfo?: Error): WsgiApp => {
      return (_environ, startResponse) => {
        expect(() => startResponse('nonsense', PLAIN)).toThrow('is not a status');
        startResponse('200 OK', PLAIN, excInfo);
        return ['fine'];
      };
    };
    expectFailure(await callApp(again()), /called before/);
    expect(await callApp(again(new TypeError('why')))).toMatchObject({
      status: 200,
      text: 'fine',
      errors: [],
    });
  });

  it('rule 33: an app that goes on after a refusal has no head', async () => {
    const answer = await callApp((_environ, startResponse) => {
      expect(() => startResponse('nonsense', PLAIN)).toThrow('is not a status');
      return ['body'];
    });
    expectFailure(answer, /refused its head/);
  });

  it('rule 34: sends nothing by itself: an error after it is still a 500', async () => {
    const answer = await callApp((_environ, startResponse) => {
      ok(startResponse);
      throw new TypeError('late');
    });
    expectFailure(answer, /^late$/);
  });

  it('rule 35: a second call without an error is refused', async () => {
    const answer = await callApp((_environ, startResponse) => {
      ok(startResponse);
      ok(startResponse);
      return [];
    });
    expectFailure(answer, /headers already set/);
  });

  it('rule 36: a call with an error replaces status and headers while nothing was sent', async () => {
    const app = lint((_environ, startResponse) => {
      startResponse('200 OK', [['X-Old', '1'], ...PLAIN]);
      startResponse('503 Busy', PLAIN, new TypeError('why'));
      return [Buffer.from('busy')];
    });
    expect(await callApp(app)).toMatchObject({
      status: 503,
      reason: 'Busy',
      headers: [...PLAIN, ['Content-Length', '4']],
      text: 'busy',
      errors: [],
    });
  });

  it('rule 36: the Content-Length of a head that was replaced is forgotten', async () => {
    const answer = await callApp((_environ, startResponse) => {
      startResponse('200 OK', [['Content-Length', '1000']]);
      startResponse('200 OK', PLAIN, new TypeError('why'));
      return ['short'];
    });
    expect(answer).toMatchObject({ text: 'short', aborted: false, errors: [] });
  });

  it('rule 37: once bytes were sent, the very error that is given is thrown again', async () => {
    const reason = new TypeError('why');
    let thrown: unknown;
    const answer = await callApp(function* (_environ, startResponse) {
      ok(startResponse);
      yield 'sent';
      try {
        startResponse('500 Oops', PLAIN, reason);
      } catch (error) {
        thrown = error;
        throw error;
      }
    });
    expect(thrown).toBe(reason);
    expect(answer).toMatchObject({ status: 200, text: 'sent', aborted: true, errors: [reason] });
  });

  it('rule 37: something thrown that is no Error is wrapped in one', async () => {
    const answer = await callApp(function* (_environ, startResponse) {
      ok(startResponse);
      yield 'sent';
      Reflect.apply(startResponse, undefined, ['500 Oops', PLAIN, 'a string']);
    });
    expect(answer.errors).toEqual([expect.objectContaining({ cause: 'a string' })]);
  });
});

describe('write', () => {
  it('rule 39: is what startResponse returns, and takes bytes and strings', async () => {
    const answer = await callApp(
      lint((_environ, startResponse) => {
        const write = ok(startResponse);
        void write(Buffer.from('a'));
        void write('\u00e9');
        return [];
      }),
    );
    expect(answer.chunks.map(String)).toEqual(['a', '\u00e9']);
  });

  it('rule 40: sends the head with its first bytes, and nothing with none', async () => {
    let sentBefore: unknown;
    const answer = await callApp(async (_environ, startResponse) => {
      const write = ok(startResponse);
      await write('');
      startResponse('201 Created', PLAIN, new TypeError('still possible'));
      await write('a');
      try {
        startResponse('202 Accepted', PLAIN, new TypeError('too late'));
      } catch (error) {
        sentBefore = error;
      }
      return [];
    });
    expect(answer).toMatchObject({ status: 201, text: 'a' });
    expect(sentBefore).toMatchObject({ message: 'too late' });
  });

  it('rule 41: what was written comes before what is returned', async () => {
    const answer = await callApp(
      lint((_environ, startResponse) => {
        const write = ok(startResponse);
        void write(Buffer.from('1'));
        void write(Buffer.from('2'));
        return [Buffer.from('3')];
      }),
    );
    expect(answer).toMatchObject({ text: '123', errors: [] });
    expect(answer.headers).toEqual(PLAIN);
  });

  it('refuses what is no chunk, and fails the answer although nobody awaits the promise', async () => {
    const answer = await callApp((_environ, startResponse) => {
      void Reflect.apply(ok(startResponse), undefined, [5]);
      return ['body'];
    });
    expect(answer).toMatchObject({ aborted: true, errors: [{ code: 'contract' }] });
  });

  it('rejects for those who await it', async () => {
    const answer = await callApp(async (_environ, startResponse) => {
      await Reflect.apply(ok(startResponse), undefined, [null]);
      return [];
    });
    expectFailure(answer, /a chunk of the body is null/);
  });

  it('is refused after the end, reported once, and never an unhandled rejection', async () => {
    const errors: Error[] = [];
    let late: Write = async () => undefined;
    const app: WsgiApp = (_environ, startResponse) => {
      late = ok(startResponse);
      return ['body'];
    };
    const { text } = await callApp(app, {}, { onError: (error) => errors.push(error) });
    void late('more');
    await expect(late('more')).rejects.toThrow('after the end');
    expect(text).toBe('body');
    expect(errors.map(({ message }) => message)).toEqual(['write was called after the end of the answer']);
  });
});
