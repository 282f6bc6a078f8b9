import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { dirname, resolve } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CgiProcess, runWithCgi } from '../../src/gateway/cgi.js';
import { lint } from '../../src/gateway/lint.js';
import type { Environ, Header, WsgiApp } from '../../src/gateway/wsgi-types.js';
import { Conversation } from '../helpers/raw-http.js';

const PLAIN: Header = ['Content-Type', 'text/plain'];

interface Outcome {
  readonly out: Buffer;
  readonly err: string;
  readonly exitCode: CgiProcess['exitCode'];
  readonly stdin: Readable;
}

/** Runs `app` as a CGI script with this environment and standard input. */
async function runScript(
  app: WsgiApp,
  env: CgiProcess['env'] = {},
  stdin = Readable.from([]),
): Promise<Outcome> {
  const collect = (stream: PassThrough): Buffer[] => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    return chunks;
  };
  const host = { env, stdin, stdout: new PassThrough(), stderr: new PassThrough(), exitCode: undefined };
  const [out, err] = [collect(host.stdout), collect(host.stderr)];
  await runWithCgi(app, host);
  return { out: Buffer.concat(out), err: String(Buffer.concat(err)), exitCode: host.exitCode, stdin };
}

const returning = (body: () => ReturnType<WsgiApp>): WsgiApp => {
  return (_environ, startResponse) => {
    startResponse('200 OK', [PLAIN]);
    return body();
  };
};

describe('a CGI script', () => {
  it('writes Status, the headers in order, a blank line and the body', async () => {
    const { out, err, exitCode } = await runScript(lint(returning(() => [Buffer.from('hi')])));
    expect(String(out)).toBe('Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nhi');
    expect({ err, exitCode }).toEqual({ err: '', exitCode: undefined });
  });

  it('writes the head where the body is empty', async () => {
    const { out } = await runScript(returning(() => ['', '']));
    expect(String(out)).toBe('Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n');
  });

  it('writes a head in Latin-1 and a text in UTF-8', async () => {
    const { out } = await runScript((_environ, startResponse) => {
      startResponse('200 \xc7a va', [['X-Name', 'caf\xe9']]);
      return '\u20ac';
    });
    expect(out.toString('latin1')).toBe('Status: 200 \xc7a va\r\nX-Name: caf\xe9\r\n\r\n\xe2\x82\xac');
  });

  it('writes each chunk before it asks the app for the next one', async () => {
    const stdout = new PassThrough();
    const seen: string[] = [];
    let received = '';
    stdout.on('data', (chunk: Buffer) => {
      received += String(chunk);
    });
    const app = returning(async function* () {
      for (const chunk of ['a', 'b']) {
        seen.push(received.slice(-1));
        yield chunk;
      }
    });
    await runWithCgi(app, { env: {}, stdin: Readable.from([]), stdout, stderr: new PassThrough() });
    expect(seen).toEqual(['', 'a']);
    expect(received.endsWith('\r\n\r\nab')).toBe(true);
  });

  it('gives the app the environment as it is, with what PEP 3333 adds', async () => {
    let seen: Environ | null = null;
    const app: WsgiApp = lint((environ, startResponse) => {
      seen = environ;
      startResponse('200 OK', [PLAIN]);
      return [];
    });
    const env = {
      REQUEST_METHOD: 'POST',
      SCRIPT_NAME: '/cgi-bin/app',
      PATH_INFO: '/caf\u00e9',
      QUERY_STRING: 'a=b',
      SERVER_NAME: 'site',
      SERVER_PORT: '81',
      SERVER_PROTOCOL: 'HTTP/1.0',
      HTTP_X_OWN: 'v',
      LANG: 'C',
    };
    await runScript(app, env);
    expect(seen).toMatchObject({
      ...env,
      'wsgi.version': [1, 0],
      'wsgi.url_scheme': 'http',
      'wsgi.multithread': false,
      'wsgi.multiprocess': true,
      'wsgi.run_once': true,
    });
  });

  it.each([
    ['on', 'https'],
    ['1', 'https'],
    ['off', 'http'],
    [undefined, 'http'],
  ])('has the scheme of HTTPS=%s', async (HTTPS, scheme) => {
    let seen: unknown;
    const env = HTTPS === undefined ? {} : { HTTPS };
    await runScript((environ, startResponse) => {
      seen = environ['wsgi.url_scheme'];
      startResponse('200 OK', [PLAIN]);
      return [];
    }, env);
    expect(seen).toBe(scheme);
  });

  const echo: WsgiApp = async (environ, startResponse) => {
    const body = await environ['wsgi.input'].read();
    startResponse('200 OK', [PLAIN]);
    return [body];
  };
  const bodyOf = ({ out }: Outcome): string => String(out).split('\r\n\r\n')[1] ?? '';

  it('rule 23: reads CONTENT_LENGTH bytes of standard input, though the host keeps it open', async () => {
    const stdin = new PassThrough();
    stdin.write('hello and more');
    const outcome = await runScript(echo, { REQUEST_METHOD: 'POST', CONTENT_LENGTH: '5' }, stdin);
    expect(bodyOf(outcome)).toBe('hello');
    expect(outcome.stdin.destroyed).toBe(true);
  });

  it.each(['', '0', '-5', 'x'])(
    'rule 23: reads nothing where CONTENT_LENGTH is "%s"',
    async (CONTENT_LENGTH) => {
      const stdin = new PassThrough();
      stdin.write('hello');
      expect(bodyOf(await runScript(echo, { CONTENT_LENGTH }, stdin))).toBe('');
    },
  );

  it('rule 23: does not take a short body for a whole one', async () => {
    const outcome = await runScript(echo, { CONTENT_LENGTH: '10' }, Readable.from([Buffer.from('hello')]));
    expect(outcome.exitCode).toBe(1);
    expect(outcome.err).toContain('after 5 of 10 bytes');
  });

  it('leaves standard input alone where the app does', async () => {
    const outcome = await runScript(
      returning(() => []),
      { CONTENT_LENGTH: '5' },
      new PassThrough(),
    );
    expect(outcome.stdin.destroyed).toBe(false);
  });

  it.each<[string, WsgiApp, RegExp]>([
    [
      'throws',
      () => {
        throw new TypeError('broken');
      },
      /TypeError: broken\n +at /,
    ],
    ['does not call startResponse', () => ['body'], /did not call startResponse/],
  ])('that %s exits with 1, tells why on standard error and writes no answer', async (_how, app, message) => {
    const { out, err, exitCode } = await runScript(app);
    expect(String(out)).toBe('');
    expect(err).toMatch(message);
    expect(exitCode).toBe(1);
  });

  it('that fails halfway exits with 1 behind what it wrote, and its body is closed', async () => {
    let closed = false;
    const { out, exitCode } = await runScript(
      returning(() => ({
        *[Symbol.iterator]() {
          yield 'sent';
          throw new TypeError('halfway');
        },
        close: () => {
          closed = true;
        },
      })),
    );
    expect(String(out)).toMatch(/\r\n\r\nsent$/);
    expect({ exitCode, closed }).toEqual({ exitCode: 1, closed: true });
  });

  it('hands wsgi.errors to standard error', async () => {
    const { err } = await runScript((environ, startResponse) => {
      environ['wsgi.errors'].write('complaint\n');
      startResponse('200 OK', [PLAIN]);
      return [];
    });
    expect(err).toBe('complaint\n');
  });

  it('ends its app where the host goes away', async () => {
    const stdout = new PassThrough();
    let end = (): void => undefined;
    const ended = new Promise<void>((resolveEnd) => {
      end = resolveEnd;
    });
    const app = returning(async function* () {
      try {
        for (;;) {
          yield 'tick';
          stdout.destroy(new TypeError('EPIPE'));
          await new Promise((resolveNow) => setImmediate(resolveNow));
        }
      } finally {
        end();
      }
    });
    await runWithCgi(app, { env: {}, stdin: Readable.from([]), stdout, stderr: new PassThrough() });
    await ended;
  });
});

const SITE = resolve(import.meta.dirname, '../../../test/fixtures/cgi-site');
const HAS_HOST = spawnSync('python3', ['-c', 'from http.server import CGIHTTPRequestHandler']).status === 0;

// The host of Python's library: it sends its own status line and then what the script writes, as it is.
(HAS_HOST ? describe : describe.skip)('a CGI script under a real host', () => {
  let host: ChildProcess;
  let port = 0;
  let log = '';

  beforeAll(async () => {
    const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` };
    const args = ['-u', '-m', 'http.server', '--cgi', '--bind', '127.0.0.1', '0'];
    host = spawn('python3', args, { cwd: SITE, env });
    host.stderr?.on('data', (text: Buffer) => {
      log += String(text);
    });
    let said = '';
    while (port === 0) {
      const [text] = (await once(host.stdout ?? host, 'data')) as [Buffer];
      said += String(text);
      port = Number(/port (\d+)/.exec(said)?.[1] ?? 0);
    }
  });

  afterAll(async () => {
    const ended = once(host, 'exit');
    host.kill('SIGKILL');
    await ended;
  });

  async function ask(request: string): Promise<string> {
    const client = new Conversation(connect(port, '127.0.0.1'));
    client.send(request);
    return client.toEnd();
  }

  it('answers GET', async () => {
    const answer = await ask('GET /cgi-bin/app.mjs/a%20b?c=%20d HTTP/1.0\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.0 200 Script output follows\r\n/);
    expect(answer).toContain('\r\nStatus: 201 Created\r\nContent-Type: text/plain\r\nX-Method: GET\r\n\r\n');
    expect(answer.endsWith('/cgi-bin/app.mjs|/a b|c=%20d|')).toBe(true);
  });

  it('answers POST with the body, and no byte more', async () => {
    const answer = await ask('POST /cgi-bin/app.mjs HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello');
    expect(answer).toContain('\r\nX-Method: POST\r\n');
    expect(answer.endsWith('|hello')).toBe(true);
  });

  it('says nothing where its app fails, and tells the host by its exit code', async () => {
    const answer = await ask('GET /cgi-bin/app.mjs/fail HTTP/1.0\r\n\r\n');
    expect(answer).not.toContain('Status:');
    expect(answer).not.toContain('on purpose');
    while (!/exit code 1\b/.test(log)) await once(host.stderr ?? host, 'data');
    expect(log).toContain('TypeError: failed on purpose');
  });
});
