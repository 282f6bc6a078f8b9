import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { App } from '../../../src/gateway/app.js';
import { runFetch } from '../../../src/gateway/fetch-run.js';
import type { NodeFunction } from '../../../src/gateway/node-types.js';
import type { WsgiApp } from '../../../src/gateway/wsgi-types.js';
import { type ParsedAnswer, parseAnswers } from '../../helpers/answers.js';
import { eventually } from '../../helpers/eventually.js';
import { FrontServer, type FrontSettings } from '../../helpers/front-server.js';
import { appOf, KINDS, type Kind, shouting } from '../../helpers/three-kinds.js';

const servers: FrontServer[] = [];

async function serve(app: App, settings: FrontSettings = {}): Promise<FrontServer> {
  const server = await new FrontServer(app, settings).listen();
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

function wsgi(app: WsgiApp): App {
  return { kind: 'wsgi', app };
}

function node(app: NodeFunction): App {
  return { kind: 'node', app };
}

const GET = 'GET /1 HTTP/1.1\r\nHost: a\r\n\r\n';
const CLOSE = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

function statuses(answers: readonly ParsedAnswer[]): readonly number[] {
  return answers.map(({ status }) => status);
}

/** What a client learns of an app that failed, twice on one connection. */
async function expectFailures(server: FrontServer): Promise<void> {
  const received = await server.askRaw(GET + CLOSE);
  const answers = parseAnswers(received);
  expect(answers.map(({ status, body }) => [status, body.trim()])).toEqual([
    [500, 'Internal Server Error'],
    [500, 'Internal Server Error'],
  ]);
  expect(received).not.toContain('secret');
  expect(server.errors.length).toBe(2);
}

/** An app of a kind that throws `thrown` before it answers, at once or later. */
function throwing(kind: Kind, thrown: unknown, isLate: boolean): App {
  const fail = (): never => {
    throw thrown;
  };
  const failLater = async (): Promise<never> => fail();
  const call = isLate ? failLater : fail;
  switch (kind) {
    case 'wsgi':
      return wsgi(call);
    case 'fetch':
      return { kind, run: runFetch, app: call };
    case 'node':
      return node(call);
  }
}

const unreadable = Object.defineProperty(new TypeError('secret'), 'message', {
  get: () => {
    throw new TypeError('secret');
  },
});

describe.each(KINDS)('a %s app that fails before its answer', (kind) => {
  it.each([
    ['an error', new TypeError('secret <script>')],
    ['undefined', undefined],
    ['a string', 'secret'],
    ['a frozen object', Object.freeze({ secret: 1 })],
    ['an object without a text', Object.create(null)],
    [
      'an object that cannot be read',
      {
        get message() {
          throw new TypeError('secret');
        },
      },
    ],
  ])('by %s is answered with a bare 500, and the connection goes on', async (_what, thrown) => {
    for (const isLate of [false, true]) await expectFailures(await serve(throwing(kind, thrown, isLate)));
  });

  it('is answered although nobody can be told of it', async () => {
    const server = await serve(throwing(kind, unreadable, false));
    expect(statuses(await server.ask(GET + CLOSE))).toEqual([500, 500]);
  });

  it('is answered without a body for HEAD', async () => {
    const server = await serve(throwing(kind, new TypeError('secret'), false));
    expect(await server.askRaw(CLOSE.replace('GET', 'HEAD'))).toMatch(/^HTTP\/1\.1 500 [\s\S]*\r\n\r\n$/);
  });
});

describe.each(KINDS)('a %s app that fails behind its head', (kind) => {
  const failing = (headers: readonly (readonly [string, string])[]): App =>
    appOf(kind, () => ({
      status: 200,
      headers,
      chunks: (async function* () {
        yield 'begun';
        await new Promise((next) => setImmediate(next));
        throw new TypeError('secret');
      })(),
    }));

  it.each([
    ['of a length', [['Content-Length', '10']] as const],
    ['in chunks', []],
  ])('with a body %s is broken off: no second head, no end', async (_how, headers) => {
    const server = await serve(failing(headers));
    const received = await server.askRaw(GET + GET);
    expect(received.split('HTTP/1.1').length).toBe(2);
    expect(received).toContain('begun');
    expect(received).not.toMatch(/0\r\n\r\n$|secret/);
  });
});

describe.each(KINDS)('the head of a %s app', (kind) => {
  const app = (name: string, value: string): App =>
    appOf(kind, () => ({ status: 200, headers: [[name, value]], chunks: ['body'] }));

  it.each(['a\r\nInjected: 1', 'a\nInjected: 1', 'a\rInjected: 1', 'a\0', '\u560d\u560a', '\u20ac'])(
    'with the value %j is a 500, and nothing of it is sent',
    async (value) => {
      const server = await serve(app('X-Name', `secret ${value}`));
      await expectFailures(server);
    },
  );

  it.each(['a b', 'a\r\nInjected', '', 'a:'])('with the name %j is a 500', async (name) => {
    await expectFailures(await serve(app(name, 'secret')));
  });

  it('has Latin-1 in its values as it is', async () => {
    const received = await (await serve(app('X-Name', 'caf\xe9'))).askRaw(CLOSE);
    expect(received).toMatch(/X-Name: caf\xe9\r\n/i);
  });

  it('has one Date and one Server, those of the app where it has some', async () => {
    const server = await serve(
      appOf(kind, () => ({
        status: 200,
        headers: [
          ['Date', 'Thu, 01 Jan 1970 00:00:00 GMT'],
          ['Server', 'mine'],
        ],
        chunks: ['body'],
      })),
    );
    const received = await server.askRaw(CLOSE);
    expect(received.match(/^date: .*/gim)).toEqual([expect.stringContaining('1970')]);
    expect(received.match(/^server: .*/gim)).toEqual([expect.stringContaining('mine')]);
  });
});

describe('a status that is none', () => {
  it.each([99, 1000, 0, Number.NaN])('of a node app is a 500: %d', async (status) => {
    const server = await serve(
      node((_req, res) => {
        res.statusCode = status;
        res.end('secret');
      }),
    );
    await expectFailures(server);
  });

  it('is a reason with a line end, which is a 500 too, and nothing of it is sent', async () => {
    const server = await serve(
      node((_req, res) => {
        res.statusMessage = 'secret\r\nInjected: 1';
        res.end('secret');
      }),
    );
    await expectFailures(server);
  });

  it.each(['101 Switching Protocols', '199 Almost', '99 Low', '1000 High', 'abc'])(
    'of a WSGI app is a 500: %s',
    async (status) => {
      const server = await serve(
        wsgi((_environ, startResponse) => {
          startResponse(status, []);
          return ['secret'];
        }),
      );
      await expectFailures(server);
    },
  );
});

describe.each(['wsgi', 'fetch'] as const)('the body of a %s app', (kind) => {
  it('is not sent where none was promised, and the head is', async () => {
    const server = await serve(
      appOf(kind, () => ({ status: 200, headers: [['Content-Length', '0']], chunks: ['abc', 'def'] })),
    );
    const received = await server.askRaw(GET + CLOSE);
    expect(received).toMatch(/^HTTP\/1\.1 200 /);
    expect(received.endsWith('\r\n\r\n')).toBe(true);
    await eventually(() => server.errors.length > 0);
  });
});

describe.each(KINDS)('the length of the body of a %s app', (kind) => {
  const app = (length: string, ...chunks: readonly string[]): App =>
    appOf(kind, () => ({ status: 200, headers: [['Content-Length', length]], chunks }));

  it('where it is more than was promised costs the connection, and what is too much is not sent', async () => {
    const server = await serve(app('3', 'abcdefg'));
    const received = await server.askRaw(GET + GET);
    expect(received.slice(received.indexOf('\r\n\r\n'))).not.toContain('d');
    expect(received.split('HTTP/1.1').length).toBeLessThanOrEqual(2);
    await eventually(() => server.errors.length > 0);
  });

  it('where it is less than was promised costs the connection, and is told', async () => {
    const server = await serve(app('10', 'abc'));
    const received = await server.askRaw(GET + GET);
    expect(received.split('HTTP/1.1').length).toBe(2);
    await eventually(() => server.errors.length > 0);
  });

  it('that is no number never leaves a connection open behind it', async () => {
    for (const length of ['abc', '-5', '5, 5']) {
      const server = await serve(app(length, 'secret'));
      const received = await server.askRaw(GET + CLOSE);
      expect(received.includes('200 OK') && received.includes('500')).toBe(false);
      expect(server.errors.length).toBeGreaterThan(0);
    }
  });

  it('does not end with an empty chunk', async () => {
    const server = await serve(
      appOf(kind, () => ({
        status: 200,
        headers: [],
        chunks: (async function* () {
          for (const chunk of ['', 'a', '', 'b', '']) yield chunk;
        })(),
      })),
    );
    const received = await server.askRaw(GET + CLOSE);
    // From Node 26 on what is written in one tick is one chunk.
    expect(received.match(/\r\n\r\n(?:1\r\na\r\n1\r\nb|2\r\nab)\r\n0\r\n\r\n/g)).toHaveLength(2);
  });
});

describe('an answer in HTTP/1.0', () => {
  const OLD = 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n';

  it('keeps the connection only where its length is known', async () => {
    const server = await serve(
      wsgi((environ, startResponse) => {
        startResponse('200 OK', []);
        return environ.PATH_INFO === '/' ? 'sized' : new Set(['un', 'sized']);
      }),
    );
    const received = await server.askRaw(OLD + OLD.replace('/', '/stream') + OLD);
    expect(received.match(/(?<=Connection: ).*/g)).toEqual(['keep-alive', 'close']);
    expect(received).toMatch(/sized[\s\S]*unsized$/);
    expect(received).not.toContain('chunked');
  });
});

describe('a node app that pipes into its answer', () => {
  it.each([
    ['less', ['abc']],
    ['more', ['abcdefgh', 'ijklmnop']],
  ])('%s than it promised is cut off and told, and ends nobody else', async (_what, chunks) => {
    const server = await serve(
      node((req, res) => {
        if (req.url === '/last') res.end('fine');
        else Readable.from(chunks).pipe(res.setHeader('Content-Length', 10));
      }),
    );
    const received = await server.askRaw(GET + GET);
    expect(received).not.toContain('ij');
    expect(received.split('HTTP/1.1').length).toBe(2);
    expect(server.errors).toEqual([expect.stringContaining('content-length')]);
    expect((await server.ask(CLOSE)).map(({ body }) => body)).toEqual(['fine']);
  });
});

describe('a node app that goes on behind its end', () => {
  it('changes nothing of its answer, is told, and does no harm to the server', async () => {
    const server = await serve(
      node((_req, res) => {
        res.end('whole');
        res.write('more');
        res.end('again');
      }),
    );
    expect((await server.ask(GET + CLOSE)).map(({ body }) => body)).toEqual(['whole', 'whole']);
    expect(server.errors).toEqual(['write after end', 'write after end']);
  });

  it('does no harm below a filter that reads its body either', async () => {
    const app = node((_req, res) => {
      res.end('whole');
      res.write('more');
    });
    const server = await serve(shouting('wsgi', app));
    for (const _ of [1, 2]) expect(await server.askRaw(CLOSE)).toContain('WHOLE');
  });

  it.each([null, 5, {}])('is not what one does that sends %j: that is a 500', async (chunk) => {
    const server = await serve(node((_req, res) => void res.end(chunk)));
    const answers = await server.ask(CLOSE);
    expect(statuses(answers)).toEqual([chunk === null ? 200 : 500]);
  });

  it('cannot put a line end into trailers', async () => {
    const server = await serve(
      node((_req, res) => {
        res.setHeader('Trailer', 'X-Sum');
        res.write('body');
        res.addTrailers({ 'X-Sum': 'a\r\nInjected: 1' });
        res.end();
      }),
    );
    expect(await server.askRaw(GET)).not.toContain('Injected');
    expect(server.errors.length).toBe(1);
  });
});

describe.each(KINDS)('a stream of a %s app', (kind) => {
  it('ends soon after its client left', async () => {
    const ended: string[] = [];
    const server = await serve(
      appOf(kind, () => ({
        status: 200,
        headers: [],
        chunks: (async function* () {
          try {
            for (;;) {
              yield 'chunk';
              await new Promise((next) => setImmediate(next));
            }
          } finally {
            ended.push('ended');
          }
        })(),
      })),
    );
    const client = await server.open();
    client.send(GET);
    await client.until(/chunk/);
    client.socket.destroy();
    await eventually(() => ended.length === 1);
  });
});
