import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { App } from '../../../src/gateway/app.js';
import { runFetch } from '../../../src/gateway/fetch-run.js';
import { type ParsedAnswer, parseAnswers } from '../../helpers/answers.js';
import { eventually } from '../../helpers/eventually.js';
import { FrontServer, type FrontSettings } from '../../helpers/front-server.js';
import { appOf, KINDS, type Seen } from '../../helpers/three-kinds.js';

const servers: FrontServer[] = [];

async function serve(app: App, limits: FrontSettings['limits'] = {}): Promise<FrontServer> {
  const server = await new FrontServer(app, { limits }).listen();
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function textOf({ body }: Seen): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body()) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

/** Answers with the method, the target, and the body as it was read. */
const echo = (kind: (typeof KINDS)[number]): App =>
  appOf(kind, async (seen) => {
    const text = `${seen.method} ${seen.url} ${await textOf(seen)}`;
    return { status: 200, headers: [['Content-Length', String(Buffer.byteLength(text))]], chunks: [text] };
  });

/** Answers every request without a look at its body. */
const careless: App = {
  kind: 'wsgi',
  app: (environ, startResponse) => {
    startResponse('401 Unauthorized', [['Content-Type', 'text/plain']]);
    return [`no ${environ.PATH_INFO}`];
  },
};

function sized(body: string, fields = '', method = 'POST'): string {
  return `${method} /s HTTP/1.1\r\nHost: a\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}

function chunked(chunks: readonly string[], fields = '', trailers = ''): string {
  const body = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
  return `POST /c HTTP/1.1\r\nHost: a\r\n${fields}Transfer-Encoding: chunked\r\n\r\n${body}0\r\n${trailers}\r\n`;
}

const CLOSE = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

function bodies(answers: readonly ParsedAnswer[]): readonly string[] {
  return answers.map(({ body }) => body);
}

function statuses(answers: readonly ParsedAnswer[]): readonly number[] {
  return answers.map(({ status }) => status);
}

describe.each(KINDS)('the body of a request, as a %s app reads it,', (kind) => {
  it('is what was sent, by its length or in chunks, empty or not, one behind the other', async () => {
    const server = await serve(echo(kind));
    const requests = [sized('one'), chunked(['tw', 'o']), sized(''), chunked([]), CLOSE];
    expect(bodies(await server.ask(requests.join('')))).toEqual([
      'POST /s one',
      'POST /c two',
      'POST /s ',
      'POST /c ',
      'GET /last ',
    ]);
  });

  it('is right twenty times on one connection', async () => {
    const server = await serve(echo(kind));
    const texts = Array.from({ length: 20 }, (_, index) => `body ${index}`);
    const requests = texts.map((text) => chunked([text.slice(0, 3), text.slice(3)]));
    expect(bodies(await server.ask(requests.join('') + CLOSE))).toEqual([
      ...texts.map((text) => `POST /c ${text}`),
      'GET /last ',
    ]);
  });

  it('is the same where it comes byte by byte', async () => {
    const server = await serve(echo(kind));
    const client = await server.open();
    for (const byte of chunked(['hel', 'lo']) + CLOSE) {
      client.send(byte);
      await new Promise((next) => setImmediate(next));
    }
    expect(bodies(parseAnswers(await client.toEnd()))).toEqual(['POST /c hello', 'GET /last ']);
  });

  it('is not mixed with that of the request before, which came to its end earlier', async () => {
    const server = await serve(echo(kind));
    const client = await server.open();
    const [head = '', body = ''] = sized('later').split(/(?<=\r\n\r\n)/);
    client.send(sized('') + head);
    await eventually(() => parseAnswers(client.received).length === 1);
    client.send(body + CLOSE);
    expect(bodies(parseAnswers(await client.toEnd()))).toEqual(['POST /s ', 'POST /s later', 'GET /last ']);
  });

  it('is handed on as it came where it is packed', async () => {
    const server = await serve(echo(kind));
    const packed = gzipSync('x'.repeat(1_000_000)).toString('latin1');
    const [answer] = await server.ask(sized(packed, 'Content-Encoding: gzip\r\n') + CLOSE);
    expect(Buffer.from(answer?.body ?? '', 'latin1').toString()).toBe(`POST /s ${packed}`);
  });

  it('that breaks off half-way is an error to the app, and never a short body', async () => {
    const noted: string[] = [];
    const server = await serve(
      appOf(kind, async (seen) => {
        noted.push(await textOf(seen).catch(() => 'failed'));
        return { status: 200, headers: [], chunks: [] };
      }),
    );
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      const client = await server.open();
      client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
      await eventually(() => (server.sockets.at(-1)?.bytesRead ?? 0) > 50);
      client.socket[leave]();
      await client.toEnd();
    }
    await eventually(() => noted.length === 2);
    expect(noted).toEqual(['failed', 'failed']);
  });

  it('is not taken from the client faster than the app reads it', async () => {
    const size = 60_000_000;
    let goOn = (): void => undefined;
    const patience = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const sum = createHash('sha1');
    const server = await serve(
      appOf(kind, async (seen) => {
        let read = 0;
        for await (const chunk of seen.body()) {
          if (read === 0) await patience;
          read += chunk.length;
          sum.update(chunk);
        }
        return { status: 200, headers: [], chunks: [`read ${read}`] };
      }),
      { maxBodySize: Number.POSITIVE_INFINITY },
    );
    const client = await server.open();
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`);
    const line = `${'x'.repeat(9999)}\n`;
    const piece = Buffer.from(line.repeat(100));
    for (let sent = 0; sent < size; sent += piece.length) client.socket.write(piece);
    await eventually(() => server.sockets[0]?.isPaused() === true);
    const before = server.sockets[0]?.bytesRead ?? size;
    await new Promise((later) => setTimeout(later, 50));
    expect([server.sockets[0]?.bytesRead, before < 2_000_000]).toEqual([before, true]);
    expect(client.socket.writableLength).toBeGreaterThan(0);
    goOn();
    expect(await client.toEnd()).toContain(`read ${size}`);
    const whole = createHash('sha1');
    for (let sent = 0; sent < size; sent += piece.length) whole.update(piece);
    expect(sum.digest('hex')).toBe(whole.digest('hex'));
  });

  it('is asked for once where the client waits for that', async () => {
    const server = await serve(echo(kind));
    const client = await server.open();
    const [head = '', body = ''] = sized('hello', 'Expect: 100-Continue\r\n').split(/(?<=\r\n\r\n)/);
    client.send(head);
    await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    client.send(body + CLOSE);
    const answers = parseAnswers(await client.toEnd());
    expect(statuses(answers)).toEqual([100, 200, 200]);
    expect(answers[1]?.body).toBe('POST /s hello');
  });
});

describe('trailers', () => {
  it('are kept apart from the headers, whatever they are called', async () => {
    const seen: IncomingMessage[] = [];
    const server = await serve({
      kind: 'node',
      app: (req, res) => {
        req.resume().on('end', () => {
          seen.push(req);
          res.end(`${Object.keys(req.trailersDistinct)}`);
        });
      },
    });
    const answers = await server.ask(chunked(['a'], '', 'X-Sum: 1\r\n__proto__: x\r\n') + CLOSE);
    expect(statuses(answers)).toEqual([200, 200]);
    const [req] = seen;
    expect(req?.trailers['x-sum']).toBe('1');
    expect([req?.headers['x-sum'], 'x' in {}]).toEqual([undefined, false]);
  });
});

describe('an expectation', () => {
  it('is ignored in HTTP/1.0', async () => {
    const server = await serve(echo('wsgi'));
    const request = sized('hello', 'Expect: 100-continue\r\n').replace('HTTP/1.1', 'HTTP/1.0');
    const answers = await server.ask(request);
    expect(answers.map(({ status, body }) => [status, body])).toEqual([[200, 'POST /s hello']]);
  });

  it('that nobody can meet is 417, with the body unread', async () => {
    const server = await serve(echo('wsgi'));
    expect(statuses(await server.ask(sized('hello', 'Expect: token=param\r\n') + CLOSE))).toEqual([417]);
  });

  it('of a body over the limit is not met: 413, and no 100', async () => {
    const server = await serve(echo('wsgi'), { maxBodySize: 4 });
    const [head = ''] = sized('hello', 'Expect: 100-continue\r\n').split(/(?<=\r\n\r\n)/);
    expect(statuses(await server.ask(head))).toEqual([413]);
  });

  it('of a body that the app does not read is not met, and the connection ends with the answer', async () => {
    const server = await serve(careless);
    const [head = ''] = sized('hello', 'Expect: 100-continue\r\n').split(/(?<=\r\n\r\n)/);
    const answers = await server.ask(head);
    expect(statuses(answers)).toEqual([401]);
    expect(answers[0]?.headers.get('connection')).toBe('close');
  });
});

describe('an expectation that nothing waits for', () => {
  it('costs no connection where there is no body', async () => {
    const server = await serve(echo('wsgi'));
    const expecting = 'Host: a\r\nExpect: 100-continue\r\n';
    const answers = await server.ask(
      `GET /1 HTTP/1.1\r\n${expecting}\r\nPOST /2 HTTP/1.1\r\n${expecting}Content-Length: 0\r\n\r\n${CLOSE}`,
    );
    expect(statuses(answers)).toEqual([200, 200, 200]);
  });

  it('costs none where the body is there, read or unread', async () => {
    const server = await serve(careless);
    const answers = await server.ask(sized('hello', 'Expect: 100-continue\r\n') + CLOSE);
    expect(bodies(answers)).toEqual(['no /s', 'no /last']);
  });
});

describe('a body that nobody reads', () => {
  it('does not keep the client from its answer, and what is left of it is no request', async () => {
    const server = await serve(careless);
    const client = await server.open();
    client.send(`POST /s HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n${CLOSE}`);
    const answers = parseAnswers(await client.toEnd());
    expect(bodies(answers)).toEqual(['no /s']);
    expect([client.error, answers[0]?.headers.get('connection')]).toEqual([null, 'close']);
  });

  it('and is there is thrown away, and the connection goes on', async () => {
    const server = await serve(careless);
    const body = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';
    expect(bodies(await server.ask(sized(body) + chunked([body]) + CLOSE))).toEqual([
      'no /s',
      'no /c',
      'no /last',
    ]);
  });

  it.each(['GET', 'HEAD', 'DELETE', 'OPTIONS'])('is framed with %s as with any method', async (method) => {
    const server = await serve({
      kind: 'fetch',
      run: runFetch,
      app: () => new Response(null, { status: 204 }),
    });
    const answers = await server.ask(sized(CLOSE, '', method) + CLOSE);
    expect(statuses(answers)).toEqual([204, 204]);
  });
});

describe('a body that is longer than it says', () => {
  it('is followed by what is no request: 400, and the app is not called', async () => {
    const server = await serve(echo('wsgi'));
    const answers = await server.ask(`${sized('abc')}defghij\r\n\r\n`);
    expect(statuses(answers)).toEqual([400]);
  });
});
