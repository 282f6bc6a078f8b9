import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { createEnviron } from '../../src/gateway/environ.js';
import { errorStream } from '../../src/gateway/error-stream.js';
import { callApp, InProcessExchange } from '../../src/gateway/in-process.js';
import { lint } from '../../src/gateway/lint.js';
import type {
  Environ,
  Header,
  StartResponse,
  Write,
  WsgiApp,
  WsgiBody,
} from '../../src/gateway/wsgi-types.js';

const PLAIN: Header[] = [['Content-Type', 'text/plain']];
const chunk = Buffer.from('abc');
const write: Write = async () => undefined;

/** Runs `app` under lint as a server would, and gives what lint found. */
async function findings(app: WsgiApp, method = 'GET'): Promise<{ errors: string[]; warnings: string[] }> {
  const warnings: string[] = [];
  const { errors } = await callApp(lint(app, { warn: (message) => warnings.push(message) }), { method });
  return { errors: errors.map(({ message }) => message), warnings };
}

const returning = (body: () => unknown, status = '200 OK', headers: unknown = PLAIN): WsgiApp => {
  return (_environ, startResponse) => {
    Reflect.apply(startResponse, undefined, [status, headers]);
    return body() as WsgiBody;
  };
};

function environ(changes: Record<string, unknown> = {}): Environ {
  const made = createEnviron(new InProcessExchange(), { errors: errorStream(() => undefined) });
  if (made === null) throw new TypeError('no environ');
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) delete made[key];
    else made[key] = value;
  }
  return made;
}

/** Calls an app under lint as a server with `given` would. */
const serve = (...given: unknown[]): unknown => {
  const app = lint(
    returning(() => [chunk]),
    { warn: () => undefined },
  );
  return Reflect.apply(app, undefined, given);
};

describe('lint of a server', () => {
  it('finds nothing in a good call', () => {
    expect(() => serve(environ(), () => write)).not.toThrow();
  });

  it.each<[string, unknown[]]>([
    ['no arguments', []],
    ['one argument', [environ()]],
    ['three arguments', [environ(), () => write, null]],
  ])('rule 1: refuses %s', (_what, given) => {
    expect(() => serve(...given)).toThrow('exactly an environ and startResponse');
  });

  it.each([
    'REQUEST_METHOD',
    'SERVER_NAME',
    'SERVER_PORT',
    'wsgi.version',
    'wsgi.url_scheme',
    'wsgi.input',
    'wsgi.errors',
    'wsgi.multithread',
    'wsgi.multiprocess',
    'wsgi.run_once',
  ])('refuses an environ without %s', (key) => {
    expect(() => serve(environ({ [key]: undefined }), () => write)).toThrow(`environ has no ${key}`);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ HTTP_CONTENT_TYPE: 'a' }, /belongs into CONTENT_TYPE/],
    [{ HTTP_CONTENT_LENGTH: '1' }, /belongs into CONTENT_LENGTH/],
    [{ SERVER_PORT: 80 }, /SERVER_PORT, which is not a string/],
    [{ REMOTE_ADDR: null }, /REMOTE_ADDR, which is not a string/],
    [{ SCRIPT_NAME: '/' }, /the root is ''/],
    [{ SCRIPT_NAME: 'a' }, /starts with no \//],
    [{ PATH_INFO: 'a' }, /starts with no \//],
    [{ SCRIPT_NAME: '', PATH_INFO: undefined }, /neither SCRIPT_NAME nor PATH_INFO/],
    [{ CONTENT_LENGTH: '-1' }, /CONTENT_LENGTH '-1'/],
    [{ 'wsgi.version': '1.0' }, /wsgi.version/],
    [{ 'wsgi.version': [1, 1] }, /wsgi.version/],
    [{ 'wsgi.url_scheme': 'ftp' }, /wsgi.url_scheme 'ftp'/],
    [{ 'wsgi.run_once': 1 }, /wsgi.run_once, which is not true or false/],
    [{ 'wsgi.input': {} }, /wsgi.input without read/],
    [{ 'wsgi.input': null }, /wsgi.input without read/],
    [{ 'wsgi.errors': { write: () => undefined } }, /wsgi.errors without writelines/],
  ])('refuses an environ with %j', (changes, message) => {
    expect(() => serve(environ(changes), () => write)).toThrow(message);
  });

  it('rule 3: refuses an environ that is no plain object', () => {
    class Environment {}
    const strange = Object.assign(new Environment(), environ());
    expect(() => serve(strange, () => write)).toThrow('not a plain object');
    const bare = Object.assign(Object.create(null), environ());
    expect(() => serve(bare, () => write)).not.toThrow();
  });

  it('rule 42: refuses a startResponse that gives no write', () => {
    expect(() => serve(environ(), () => undefined)).toThrow('gave no write function');
  });

  it('refuses a body of a stream that gives no Buffers', async () => {
    const input = {
      read: async () => 'text',
      readline: write,
      readlines: write,
      [Symbol.asyncIterator]: write,
    };
    const app = lint(async (given, startResponse) => {
      await given['wsgi.input'].read();
      startResponse('200 OK', PLAIN);
      return [];
    });
    await expect(app(environ({ 'wsgi.input': input }), () => write)).rejects.toThrow('not a Buffer');
  });

  it('warns of an unknown method and of a missing QUERY_STRING, each once', () => {
    const warnings: string[] = [];
    const app = lint(
      returning(() => [chunk]),
      { warn: (message) => warnings.push(message) },
    );
    for (let time = 0; time < 2; time += 1) {
      void app(environ({ REQUEST_METHOD: 'BREW', QUERY_STRING: undefined }), () => write);
    }
    expect(warnings).toEqual(['unknown request method BREW', 'environ has no QUERY_STRING']);
  });

  it('rule 51: refuses a body that is read after its close, or closed twice', () => {
    const body = (): unknown => ({
      *[Symbol.iterator]() {
        yield chunk;
      },
      close: () => undefined,
    });
    const app = lint(returning(body));
    const wrapped = app(environ(), () => write) as Iterable<unknown> & { close(): void };
    const iterator = wrapped[Symbol.iterator]();
    wrapped.close();
    expect(() => iterator.next()).toThrow('reads a body that it closed');
    expect(() => wrapped.close()).toThrow('closed the body twice');
  });

  it('rule 51: warns of a body that nobody closed, when it is collected', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const warnings: string[] = [];
    const body = (): unknown => ({
      *[Symbol.iterator]() {
        yield chunk;
      },
      close: () => undefined,
    });
    void lint(returning(body), { warn: (message) => warnings.push(message) })(environ(), () => write);
    while (warnings.length === 0) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(warnings).toEqual(['the server did not close a body']);
  });
});

describe('lint of an app', () => {
  it.each<[string, () => unknown]>([
    ['an array', () => [chunk]],
    ['an empty array', () => []],
    ['a generator', () => [chunk].values()],
    ['a promise of an array', async () => [chunk]],
  ])('finds nothing in %s of bytes', async (_kind, body) => {
    expect(await findings(returning(body))).toEqual({ errors: [], warnings: [] });
  });

  it('changes nothing that passes', async () => {
    const app = returning(() => [chunk, 'd'].values(), '201 Created', [['X-A', 'caf\xe9'], ...PLAIN]);
    const { complaints, ...plain } = await callApp(app);
    expect(await callApp(lint(app))).toMatchObject(plain);
    expect(complaints).toBe('');
  });

  it.each<[string, WsgiApp, RegExp]>([
    ['a status without a reason part', returning(() => [chunk], '200'), /is not a status/],
    ['headers in an object', returning(() => [chunk], '200 OK', { a: 'b' }), /not an iterable/],
    ['headers in a string', returning(() => [chunk], '200 OK', 'a: b'), /not a \[name, value\] pair/],
    [
      'a hop-by-hop header',
      returning(() => [chunk], '200 OK', [['Connection', 'close']]),
      /belongs to the connection/,
    ],
    ['a body without Content-Type', returning(() => [chunk], '200 OK', []), /without Content-Type/],
    ['a body with 204', returning(() => [chunk], '204 No Content', []), /has no body/],
    ['a body with 304', returning(() => [chunk], '304 Not Modified', []), /has no body/],
    ['no body at all', returning(() => null), /has no chunks/],
    ['bytes out of an array', returning(() => chunk), /bytes that are not in an array/],
    ['a chunk of another type', returning(() => [5]), /a chunk is of type number/],
    ['a DataView', returning(() => [new DataView(new ArrayBuffer(3))]), /a chunk is of type object/],
    ['no startResponse', () => [chunk], /did not call startResponse/],
    ['no startResponse before the end', () => [], /did not call startResponse/],
    [
      'a body over its Content-Length',
      returning(() => [chunk], '200 OK', [...PLAIN, ['Content-Length', '2']]),
      /longer than its Content-Length/,
    ],
    [
      'a body under its Content-Length',
      returning(() => [chunk], '200 OK', [...PLAIN, ['Content-Length', '4']]),
      /shorter than its Content-Length/,
    ],
    [
      'an error that is none',
      (_environ, startResponse) => {
        Reflect.apply(startResponse, undefined, ['200 OK', PLAIN, 'error']);
        return [];
      },
      /third argument of startResponse is not an Error/,
    ],
    [
      'a fourth argument',
      (_environ, startResponse) => {
        Reflect.apply(startResponse, undefined, ['200 OK', PLAIN, null, 1]);
        return [];
      },
      /two or three arguments/,
    ],
    [
      'rule 41: write while the body is read',
      function* (_environ, startResponse) {
        const send = startResponse('200 OK', PLAIN);
        yield chunk;
        void send(chunk);
      },
      /write was called after the body was returned/,
    ],
    [
      'write of another type',
      (_environ, startResponse) => {
        void Reflect.apply(startResponse('200 OK', PLAIN), undefined, [5]);
        return [];
      },
      /a chunk is of type number/,
    ],
    [
      'rule 38: catching what startResponse throws again',
      function* (_environ, startResponse) {
        startResponse('200 OK', PLAIN);
        yield chunk;
        try {
          startResponse('500 Oops', PLAIN, new TypeError('why'));
        } catch {
          yield chunk;
        }
      },
      /went on after startResponse threw/,
    ],
    [
      'rule 24: a size that is no number of bytes',
      async (given, startResponse) => {
        startResponse('200 OK', PLAIN);
        await given['wsgi.input'].read(1.5);
        return [];
      },
      /wsgi.input.read takes a number of bytes/,
    ],
    [
      'rule 24: closing the input',
      (given, startResponse) => {
        startResponse('200 OK', PLAIN);
        Reflect.apply(Reflect.get(given['wsgi.input'], 'close'), undefined, []);
        return [];
      },
      /not a function|non-function|called on/,
    ],
    [
      'rule 28: bytes for wsgi.errors',
      (given, startResponse) => {
        startResponse('200 OK', PLAIN);
        Reflect.apply(given['wsgi.errors'].write, undefined, [chunk]);
        return [];
      },
      /wsgi.errors takes text/,
    ],
  ])('refuses %s', async (_what, app, message) => {
    expect(await findings(app)).toMatchObject({ errors: [expect.stringMatching(message)] });
  });

  it('refuses startResponse after the end of the body', async () => {
    let kept: StartResponse = () => write;
    const app: WsgiApp = (_environ, startResponse) => {
      kept = startResponse;
      startResponse('200 OK', PLAIN);
      return [chunk];
    };
    expect((await findings(app)).errors).toEqual([]);
    expect(() => kept('200 OK', PLAIN, new TypeError('late'))).toThrow('after the end of the body');
  });

  it.each<[string, WsgiApp, string[]]>([
    [
      'a string as body',
      returning(() => 'abc'),
      [
        'the body is a string, not an array of chunks',
        'a chunk is a string, not a Uint8Array: it is sent as UTF-8',
      ],
    ],
    [
      'a string as chunk',
      returning(() => ['abc']),
      ['a chunk is a string, not a Uint8Array: it is sent as UTF-8'],
    ],
    [
      'headers in a set',
      returning(() => [chunk], '200 OK', new Set(PLAIN)),
      ['the headers are not an array of arrays'],
    ],
    ['a status without words', returning(() => [chunk], '200 '), ['status 200 has no reason']],
    [
      'an unusual name',
      returning(() => [chunk], '200 OK', [...PLAIN, ['X_A', 'b']]),
      ['unusual header name x_a'],
    ],
    ['an empty body without type', returning(() => [], '200 OK', []), ['no Content-Type']],
    [
      'a type without body',
      returning(() => [], '204 No Content'),
      ['Content-Type with status 204, which has no body'],
    ],
    ['a redirect without type', returning(() => [], '302 Found', [['Location', '/']]), []],
  ])('warns of %s', async (_what, app, warnings) => {
    expect(await findings(app)).toEqual({ errors: [], warnings });
  });

  it('warns of a body for HEAD, whose Content-Length is not compared', async () => {
    const app = returning(() => [chunk], '200 OK', [...PLAIN, ['Content-Length', '10']]);
    expect(await findings(app, 'HEAD')).toEqual({ errors: [], warnings: ['the answer to HEAD has no body'] });
  });

  it('warns in wsgi.errors by default', async () => {
    const { complaints } = await callApp(lint(returning(() => ['abc'])));
    expect(complaints).toBe('lint: a chunk is a string, not a Uint8Array: it is sent as UTF-8\n');
  });

  it('lets an app read its input in every way', async () => {
    const app = lint(async (given, startResponse) => {
      const input = given['wsgi.input'];
      const parts = [await input.read(1), await input.readline(), ...(await input.readlines(1))];
      for await (const line of input) parts.push(line);
      startResponse('200 OK', PLAIN);
      return parts;
    });
    expect(await callApp(app, { method: 'POST', body: 'ab\nc\nd\ne' })).toMatchObject({
      text: 'ab\nc\nd\ne',
      errors: [],
    });
  });
});
