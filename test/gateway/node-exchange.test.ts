import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { errorStream } from '../../src/gateway/error-stream.js';
import { lint } from '../../src/gateway/lint.js';
import { NodeExchange } from '../../src/gateway/node-exchange.js';
import { describeSocket, nodeHandlers } from '../../src/gateway/node-handler.js';
import type { Chunk, Environ, Header, WsgiApp, WsgiBody } from '../../src/gateway/wsgi-types.js';
import { Conversation, serveForTest, type TestServer } from '../helpers/raw-http.js';

const PLAIN: Header = ['Content-Type', 'text/plain'];
const CLOSE = 'Host: a\r\nConnection: close\r\n\r\n';

const servers: TestServer[] = [];
const errors: Error[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  errors.length = 0;
});

async function serveApp(app: WsgiApp): Promise<TestServer> {
  const options = { errors: errorStream(() => undefined), onError: (error: Error) => errors.push(error) };
  const server = await serveForTest(nodeHandlers(app, options));
  servers.push(server);
  return server;
}

/** Serves each request by what `run` does with its exchange. */
async function serveExchange(run: (exchange: NodeExchange) => unknown): Promise<TestServer> {
  const handler: RequestListener = (req, res) => {
    run(new NodeExchange(req, res, describeSocket(req.socket), false));
  };
  const server = await serveForTest({ handler, continueHandler: handler });
  servers.push(server);
  return server;
}

const answering = (body: () => unknown, headers: readonly Header[] = [PLAIN], status = '200 OK'): WsgiApp =>
  lint((_environ, startResponse) => {
    startResponse(status, headers);
    return body() as WsgiBody;
  });

function* generate(...chunks: Chunk[]): Generator<Chunk> {
  yield* chunks;
}

/** Head and body of an answer. */
function split(answer: string): { head: string; body: string } {
  const end = answer.indexOf('\r\n\r\n');
  return { head: answer.slice(0, end), body: answer.slice(end + 4) };
}

/** A promise with its resolver. */
function signal<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe('an answer on the wire', () => {
  it('has the status, the headers in order and case, what node:http adds, and the body', async () => {
    const headers: Header[] = [
      ['x-B', '1'],
      ['X-A', '2'],
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
      PLAIN,
    ];
    const server = await serveApp(answering(() => [Buffer.from('body')], headers, '299 Odd one'));
    const { head, body } = split(await server.ask(`GET / HTTP/1.1\r\n${CLOSE}`));
    expect(head.replace(/Date: .*/, 'Date: now').split('\r\n')).toEqual([
      'HTTP/1.1 299 Odd one',
      'x-B: 1',
      'X-A: 2',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      'Content-Type: text/plain',
      'Content-Length: 4',
      'Date: now',
      'Connection: close',
    ]);
    expect(body).toBe('body');
  });

  it('rule 50: is chunked where its size is not known, and ends with the connection in HTTP/1.0', async () => {
    const server = await serveApp(answering(() => generate('ab', '', 'cde')));
    const modern = split(await server.ask(`GET / HTTP/1.1\r\n${CLOSE}`));
    expect(modern.head).toMatch(/Transfer-Encoding: chunked/);
    // From Node 26 on what is written in one tick is one chunk.
    expect(modern.body).toMatch(/^(?:2\r\nab\r\n3\r\ncde|5\r\nabcde)\r\n0\r\n\r\n$/);
    const old = split(await server.ask('GET / HTTP/1.0\r\n\r\n'));
    expect(old.head).not.toMatch(/Transfer-Encoding|Content-Length/);
    expect(old.body).toBe('abcde');
  });

  it('rule 56: has one Date, of the app or of node:http, and a Server only of the app', async () => {
    const own = await serveApp(answering(() => 'a', [PLAIN, ['Date', 'then'], ['Server', 'mine']]));
    const answer = await own.ask(`GET / HTTP/1.1\r\n${CLOSE}`);
    expect(answer.match(/^(?:Date|Server): .*$/gm)).toEqual(['Date: then', 'Server: mine']);
    const none = await (await serveApp(answering(() => 'a'))).ask(`GET / HTTP/1.1\r\n${CLOSE}`);
    expect(none.match(/^(?:Date|Server): /gm)).toEqual(['Date: ']);
  });

  it.each<[string, () => unknown, string]>([
    ['ASCII text', () => 'ok', 'ok'],
    ['other text', () => '\u20ac', '\xe2\x82\xac'],
    ['bytes', () => [Buffer.from([0xe9, 0xff])], '\xe9\xff'],
    ['nothing', () => '', ''],
    ['several chunks of text', () => ['a', '\u00e9'], 'a\xc3\xa9'],
  ])('rule 47: has a head in Latin-1 and an unchanged body with %s', async (_what, body, sent) => {
    const server = await serveApp(answering(body, [PLAIN, ['X-Name', 'caf\xe9']], '200 Tr\xe8s bien'));
    const answer = split(await server.ask(`GET / HTTP/1.1\r\n${CLOSE}`));
    expect(answer.head).toMatch(/^HTTP\/1\.1 200 Tr\xe8s bien\r\n/);
    expect(answer.head).toContain('\r\nX-Name: caf\xe9\r\n');
    expect(answer.body).toBe(sent);
  });

  it('rule 47: has a head in Latin-1 where text is streamed too', async () => {
    for (const version of ['1.0', '1.1']) {
      const server = await serveApp(answering(() => generate('a', '\u20ac'), [PLAIN, ['X-Name', 'caf\xe9']]));
      const answer = await server.ask(`GET / HTTP/${version}\r\n${CLOSE}`);
      expect(answer).toContain('\r\nX-Name: caf\xe9\r\n');
      expect(answer).toContain('\xe2\x82\xac');
    }
  });

  it('rules 54 and 55: has no body for HEAD, 204 and 304, and the connection goes on', async () => {
    const app: WsgiApp = (environ, startResponse) => {
      startResponse(environ.PATH_INFO === '/' ? '200 OK' : decodeURI(environ.PATH_INFO.slice(1)), [
        ['X-A', 'b'],
      ]);
      return 'body';
    };
    const server = await serveApp(app);
    const answer = await server.ask(
      'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n' +
        'GET /204%20No%20Content HTTP/1.1\r\nHost: a\r\n\r\n' +
        `GET /304%20Not%20Modified HTTP/1.1\r\n${CLOSE}`,
    );
    expect(answer).not.toContain('body');
    expect(answer.match(/^HTTP.*$/gm)).toEqual([
      'HTTP/1.1 200 OK',
      'HTTP/1.1 204 No Content',
      'HTTP/1.1 304 Not Modified',
    ]);
  });

  it('rule 57: is a bare 500 for an app that fails, and the connection goes on', async () => {
    const server = await serveApp(() => {
      throw new TypeError('secret');
    });
    const answer = await server.ask(`GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n${CLOSE}`);
    expect(answer.match(/^HTTP.*$/gm)).toHaveLength(2);
    expect(answer).not.toContain('secret');
    expect(errors).toHaveLength(2);
  });

  it('rules 49 and 57: is cut off behind what was sent where an app fails halfway', async () => {
    const halfway = function* (): Generator<Chunk> {
      yield 'sent';
      throw new TypeError('halfway');
    };
    const chunked = await serveApp(answering(halfway));
    expect(split(await chunked.ask('GET / HTTP/1.1\r\nHost: a\r\n\r\n')).body).toBe('4\r\nsent\r\n');
    const sized = await serveApp(answering(() => generate('sent'), [PLAIN, ['Content-Length', '10']]));
    expect(split(await sized.ask('GET / HTTP/1.1\r\nHost: a\r\n\r\n')).body).toBe('sent');
  });

  it('rule 57: ends with a reset in HTTP/1.0, where an end of the connection would pass for the end', async () => {
    const failing = signal();
    const server = await serveApp(
      answering(async function* () {
        yield 'sent';
        await failing.promise;
        throw new TypeError('halfway');
      }),
    );
    const client = await server.open();
    client.send('GET / HTTP/1.0\r\n\r\n');
    await client.until(/sent$/);
    failing.resolve();
    await client.toEnd();
    expect(client.error).toBe('ECONNRESET');
  });
});

describe('a request over node:http', () => {
  const echo: WsgiApp = lint(async (environ, startResponse) => {
    const body = await environ['wsgi.input'].read();
    startResponse('200 OK', [PLAIN]);
    return [body];
  });

  it('rule 25: is read to its end, by length or by chunks', async () => {
    const server = await serveApp(echo);
    const sized = await server.ask(`POST / HTTP/1.1\r\nContent-Length: 5\r\n${CLOSE}hello`);
    expect(split(sized).body).toBe('hello');
    const chunked = 'Transfer-Encoding: chunked\r\n';
    const answer = await server.ask(`POST / HTTP/1.1\r\n${chunked}${CLOSE}3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n`);
    expect(split(answer).body).toBe('hello');
  });

  it('rule 27: leaves nothing of an unread body to the next request', async () => {
    const server = await serveApp(answering(() => 'unread'));
    const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18\r\n\r\nGET /x HTTP/1.1\r\n\r';
    const answer = await server.ask(`${post}GET / HTTP/1.1\r\n${CLOSE}`);
    expect(answer.match(/unread/g)).toHaveLength(2);
  });

  it('rejects the read of a body whose client goes away', async () => {
    const failure = signal<unknown>();
    const reading = signal();
    const server = await serveApp(async (environ, startResponse) => {
      const body = environ['wsgi.input'].read();
      reading.resolve();
      failure.resolve(await body.catch((error: unknown) => error));
      startResponse('200 OK', [PLAIN]);
      return [];
    });
    const client = await server.open();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
    await reading.promise;
    client.socket.destroy();
    expect(await failure.promise).toMatchObject({ code: 'ECONNRESET' });
  });

  it('rule 26: is told to continue when the app reads, once', async () => {
    const server = await serveApp(echo);
    const client = await server.open();
    client.send(`POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n${CLOSE}`);
    expect(await client.until(/\r\n\r\n/)).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('he');
    client.send('llo');
    expect(split(await client.toEnd()).body).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*hello$/);
  });

  it('rule 26: is not told to continue by an app that does not read, and its connection ends', async () => {
    const server = await serveApp(answering(() => 'no, thanks'));
    const client = await server.open();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    expect(await client.toEnd()).toMatch(
      /^HTTP\/1.1 200 OK\r\n[\s\S]*Connection: close\r\n[\s\S]*no, thanks$/,
    );
  });

  it('rules 9 and 18: says where it comes from and where it went', async () => {
    const seen = signal<Environ>();
    const server = await serveApp(
      lint((environ, startResponse) => {
        seen.resolve(environ);
        startResponse('200 OK', [PLAIN]);
        return [];
      }),
    );
    const client = await server.open();
    client.send('GET / HTTP/1.0\r\n\r\n');
    expect(await seen.promise).toMatchObject({
      SERVER_NAME: '127.0.0.1',
      SERVER_PORT: String(server.port),
      SERVER_PROTOCOL: 'HTTP/1.0',
      REMOTE_ADDR: '127.0.0.1',
      REMOTE_PORT: String(client.socket.localPort),
    });
  });

  it('rules 9 and 13: over a unix socket has a server name and no address', async () => {
    const seen = signal<Environ>();
    const app: WsgiApp = lint((environ, startResponse) => {
      seen.resolve(environ);
      startResponse('200 OK', [PLAIN]);
      return [];
    });
    const options = { errors: errorStream(() => undefined), onError: (error: Error) => errors.push(error) };
    const path = join(tmpdir(), `wsgi-serve-${process.pid}.sock`);
    const server = createServer(nodeHandlers(app, options).handler).listen(path);
    await once(server, 'listening');
    try {
      const client = new Conversation(connect(path));
      client.send(`GET / HTTP/1.1\r\n${CLOSE}`);
      const environ = await seen.promise;
      expect(environ).toMatchObject({ SERVER_NAME: 'localhost', SERVER_PORT: '80' });
      expect(environ).not.toHaveProperty('REMOTE_ADDR');
      await client.toEnd();
    } finally {
      server.close();
    }
  });
});

describe('the two ends of a connection', () => {
  const socketOf = (fields: object): Parameters<typeof describeSocket>[0] =>
    Object.assign(new EventlessSocket(), fields) as never;
  class EventlessSocket {}

  it('show an IPv4 client as such, also on a socket that takes both kinds', () => {
    const socket = socketOf({
      remoteAddress: '::ffff:192.0.2.1',
      remotePort: 5,
      localAddress: '::1',
      localPort: 6,
    });
    expect(describeSocket(socket)).toEqual({
      scheme: 'http',
      remoteAddress: '192.0.2.1',
      remotePort: '5',
      serverName: '::1',
      serverPort: '6',
    });
  });

  it('are https on an encrypted socket, and named as the server is told', () => {
    expect(describeSocket(socketOf({ encrypted: true }), { serverName: 'site' })).toMatchObject({
      scheme: 'https',
      serverName: 'site',
      serverPort: '443',
    });
  });
});

describe('back-pressure', () => {
  const CHUNK = Buffer.alloc(1024 * 1024, 'x');

  /** Writes more than the system keeps for a client that does not read. */
  function fill(exchange: NodeExchange): Promise<void> | undefined {
    exchange.writeHead(200, 'OK', []);
    for (let round = 0; round < 63; round += 1) void exchange.write(CHUNK);
    return exchange.write(CHUNK);
  }

  it('is a promise until the client has taken enough, the same for all that write meanwhile', async () => {
    const filled = signal<{ drained: Promise<void> | undefined; exchange: NodeExchange }>();
    const server = await serveExchange((exchange) => filled.resolve({ drained: fill(exchange), exchange }));
    const client = await server.open();
    client.socket.pause();
    client.send(`GET / HTTP/1.1\r\n${CLOSE}`);
    const { drained, exchange } = await filled.promise;
    expect(drained).toBeInstanceOf(Promise);
    expect(exchange.write('more')).toBe(drained);
    client.socket.resume();
    await drained;
    exchange.end();
    expect((await client.toEnd()).endsWith('0\r\n\r\n')).toBe(true);
  });

  it('ends when the client goes away, and later writes go nowhere', async () => {
    const filled = signal<{ drained: Promise<void> | undefined; exchange: NodeExchange }>();
    const server = await serveExchange((exchange) => filled.resolve({ drained: fill(exchange), exchange }));
    const client = await server.open();
    client.socket.pause();
    client.send(`GET / HTTP/1.1\r\n${CLOSE}`);
    const { drained, exchange } = await filled.promise;
    client.socket.destroy();
    await drained;
    expect(exchange.closed).toBe(true);
    expect(exchange.write('more')).toBeUndefined();
    exchange.end();
  });

  it('leaves no listeners behind, however often it comes', async () => {
    const finished = signal<NodeExchange>();
    const server = await serveExchange(async (exchange) => {
      exchange.writeHead(200, 'OK', []);
      for (let round = 0; round < 30; round += 1) await exchange.write(CHUNK);
      finished.resolve(exchange);
    });
    const client = await server.open();
    client.send(`GET / HTTP/1.1\r\n${CLOSE}`);
    const exchange = await finished.promise;
    expect(exchange.res.listenerCount('drain')).toBe(0);
    expect(exchange.res.listenerCount('close')).toBeLessThan(10);
    expect(exchange.req.socket.listenerCount('close')).toBeLessThan(10);
    exchange.end();
  });

  it('bounds what an app that streams can send ahead', async () => {
    let asked = 0;
    const stopped = signal();
    const server = await serveApp((_environ, startResponse) => {
      startResponse('200 OK', [PLAIN]);
      return (function* () {
        try {
          for (; asked < 1000; asked += 1) yield CHUNK;
        } finally {
          stopped.resolve();
        }
      })();
    });
    const client = await server.open();
    client.socket.pause();
    client.send(`GET / HTTP/1.1\r\n${CLOSE}`);
    await once(server.server, 'request');
    client.socket.destroy();
    await stopped.promise;
    expect(asked).toBeLessThan(1000);
  });
});

describe('a client that goes away', () => {
  it('is told to those who listen, once, and not after the end', async () => {
    const calls: string[] = [];
    const arrived = signal<NodeExchange>();
    const server = await serveExchange((exchange) => {
      exchange.onClose(() => calls.push(exchange.request.target));
      if (exchange.request.target === '/leave') arrived.resolve(exchange);
      else {
        exchange.writeHead(200, 'OK', [], 2);
        exchange.end('ok');
      }
    });
    const client = await server.open();
    client.send('GET /stay HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until(/ok$/);
    client.send('GET /leave HTTP/1.1\r\nHost: a\r\n\r\n');
    const exchange = await arrived.promise;
    expect(exchange.closed).toBe(false);
    client.socket.destroy();
    await once(exchange.req.socket, 'close');
    expect(calls).toEqual(['/leave']);
    expect(exchange.closed).toBe(true);
  });

  it('is told to all requests of a pipeline, of which there may be many', async () => {
    const gone: string[] = [];
    const arrived = signal<NodeExchange>();
    const all = signal();
    const targets = Array.from({ length: 12 }, (_, index) => `/${index}`);
    let count = 0;
    const server = await serveExchange((exchange) => {
      exchange.onClose(() => {
        gone.push(exchange.request.target);
        if (gone.length === targets.length) all.resolve();
      });
      count += 1;
      if (count === targets.length) arrived.resolve(exchange);
    });
    const client = await server.open();
    client.send(targets.map((target) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
    const { socket } = (await arrived.promise).req;
    expect(socket.listenerCount('close')).toBeGreaterThan(targets.length);
    // 0 is node's word for any number: no warning of a leak.
    expect(socket.getMaxListeners()).toBe(0);
    client.socket.destroy();
    await all.promise;
    expect(gone.sort()).toEqual(targets.sort());
  });

  it('does no harm to an app that answers afterwards', async () => {
    for (const body of [() => 'whole', () => ['in', 'parts'], () => generate('streamed')]) {
      const arrived = signal<Environ>();
      const left = signal();
      const answered = signal();
      const server = await serveApp(async (environ, startResponse) => {
        arrived.resolve(environ);
        await left.promise;
        startResponse('200 OK', [PLAIN]);
        setImmediate(answered.resolve);
        return body();
      });
      server.server.on('connection', (socket) => socket.on('close', left.resolve));
      const client = await server.open();
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await arrived.promise;
      client.socket.destroy();
      await answered.promise;
    }
    expect(errors).toEqual([]);
  });

  it('ends the generator of an app', async () => {
    const started = signal();
    const ended = signal();
    const server = await serveApp((_environ, startResponse) => {
      startResponse('200 OK', [PLAIN]);
      return (async function* () {
        try {
          for (;;) {
            yield 'tick';
            started.resolve();
            await new Promise((resolve) => setImmediate(resolve));
          }
        } finally {
          ended.resolve();
        }
      })();
    });
    const client = await server.open();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await started.promise;
    client.socket.destroy();
    await ended.promise;
    expect(errors).toEqual([]);
  });
});
