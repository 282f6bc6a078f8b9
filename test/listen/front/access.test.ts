import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { App } from '../../../src/gateway/app.js';
import { leafHandler } from '../../../src/gateway/node-leaf.js';
import type { NodeFunction } from '../../../src/gateway/node-types.js';
import type { AccessEntry } from '../../../src/listen/front/access-log.js';
import { createProxyPolicy } from '../../../src/listen/front/trusted-proxy.js';
import { eventually } from '../../helpers/eventually.js';
import { FrontServer, type FrontSettings } from '../../helpers/front-server.js';
import { appOf, KINDS } from '../../helpers/three-kinds.js';

const servers: FrontServer[] = [];

interface Logged {
  readonly server: FrontServer;
  readonly entries: AccessEntry[];
}

async function serve(app: App | NodeFunction, settings: FrontSettings = {}): Promise<Logged> {
  const entries: AccessEntry[] = [];
  const live: App = typeof app === 'function' ? { kind: 'node', app } : app;
  const accessLog = { format: 'json', write: (line: string) => entries.push(JSON.parse(line)) } as const;
  const server = await new FrontServer(live, { accessLog, ...settings }).listen();
  servers.push(server);
  return { server, entries };
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

describe('the log of a refusal', () => {
  const app: NodeFunction = (req, res) => void req.on('end', () => res.end('read')).resume();

  it.each([
    ['that is no HTTP', 'bad\r\n\r\n', { method: null, target: null, status: 400 }],
    ['for two hosts', request('Host: b\r\n'), { method: 'GET', target: '/a?b', status: 400 }],
    [
      'for a body that is too large',
      request('Content-Length: 99\r\n', 'POST'),
      { method: 'POST', target: '/a?b', status: 413 },
    ],
  ])('of a request %s is one entry', async (_what, text, expected) => {
    const { server, entries } = await serve(app, { limits: { maxBodySize: 10 } });
    await server.ask(text);
    await eventually(() => entries.length > 0);
    expect(entries).toEqual([
      expect.objectContaining({ ...expected, remoteAddress: '127.0.0.1', aborted: false }),
    ]);
    expect(entries[0]?.bytes).toBeGreaterThan(0);
  });

  it('tells of the client and the id that a trusted proxy names, and of the proxy where that is not well formed', async () => {
    const { server, entries } = await serve(app, { limits: { maxBodySize: 10 }, proxies: LOCAL });
    for (const client of ['6.6.6.6, 9.9.9.9', 'nobody']) {
      const fields = `X-Forwarded-For: ${client}\r\nX-Request-Id: one\r\nContent-Length: 99\r\n`;
      await server.ask(request(fields, 'POST'));
    }
    await eventually(() => entries.length === 2);
    expect(entries).toEqual([
      expect.objectContaining({ status: 413, remoteAddress: '9.9.9.9', requestId: 'one' }),
      expect.objectContaining({ status: 413, remoteAddress: '127.0.0.1', requestId: 'one' }),
    ]);
  });

  it('believes nothing of it where the peer is nobody that is trusted', async () => {
    const { server, entries } = await serve(app, { limits: { maxBodySize: 10 } });
    const fields = 'X-Forwarded-For: 9.9.9.9\r\nX-Request-Id: one\r\nContent-Length: 99\r\n';
    await server.ask(request(fields, 'POST'));
    await eventually(() => entries.length === 1);
    expect(entries[0]).toMatchObject({ status: 413, remoteAddress: '127.0.0.1' });
    expect(entries[0]?.requestId).not.toBe('one');
  });

  it('of a body that turns out to be too large while an app reads it is the one entry of that request', async () => {
    let isCalled = false;
    const reading: NodeFunction = (req, res) => {
      isCalled = true;
      app(req, res);
    };
    const { server, entries } = await serve(reading, { limits: { maxBodySize: 10 } });
    const client = await server.open();
    client.send(`${request('Transfer-Encoding: chunked\r\n', 'POST')}4\r\nfour\r\n`);
    await eventually(() => isCalled);
    client.send(`14\r\n${'x'.repeat(20)}\r\n`);
    expect(await client.toEnd()).toMatch(/^HTTP\/1.1 413 /);
    await eventually(() => entries.length > 0);
    expect(entries).toEqual([expect.objectContaining({ method: 'POST', status: 413, aborted: false })]);
  });

  it.each([
    ['that is no body', 'zz\r\n'],
    ['whose end never comes', ''],
  ])('of a body %s is the one entry of the request that an app reads', async (_what, rest) => {
    let isCalled = false;
    const reading: NodeFunction = (req, res) => {
      isCalled = true;
      app(req, res);
    };
    const { server, entries } = await serve(reading);
    const client = await server.open();
    client.send(`${request('Transfer-Encoding: chunked\r\n', 'POST')}4\r\nfour\r\n`);
    await eventually(() => isCalled);
    client.send(rest);
    client.socket.end();
    expect(await client.toEnd()).toMatch(/^HTTP\/1.1 400 /);
    await server.ask(request());
    await eventually(() => entries.length >= 2);
    expect(entries.map(({ method, status }) => [method, status])).toEqual([
      ['POST', 400],
      ['GET', 200],
    ]);
  });
});

function request(fields = '', method = 'GET'): string {
  return `${method} /a?b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`;
}

const LOCAL = createProxyPolicy({
  trusted_proxy: '127.0.0.1',
  trusted_proxy_count: null,
  trusted_proxy_headers: 'x-forwarded-for',
  clear_untrusted_proxy_headers: null,
});

describe('the log of an answer', () => {
  it.each(KINDS)('of a %s app is one entry, with what was received and what was sent', async (kind) => {
    const app = appOf(kind, () => ({ status: 201, headers: [], chunks: ['one', 'two\u20ac'] }));
    const { server, entries } = await serve(app);
    const before = Date.now();
    await server.ask(request('Referer: http://b/\r\nUser-Agent: test\r\n'));
    await eventually(() => entries.length > 0);
    expect(entries).toEqual([
      {
        time: expect.any(String),
        remoteAddress: '127.0.0.1',
        user: null,
        method: 'GET',
        target: '/a?b',
        httpVersion: '1.1',
        host: 'a',
        status: 201,
        bytes: 9,
        referer: 'http://b/',
        userAgent: 'test',
        duration: expect.any(Number),
        requestId: expect.any(String),
        aborted: false,
      },
    ]);
    expect(Date.parse(String(entries[0]?.time))).toBeGreaterThanOrEqual(before);
  });

  it('is written when the answer is through, and not before', async () => {
    const answers: (() => void)[] = [];
    const { server, entries } = await serve((_req, res) => {
      res.write('begun');
      answers.push(() => res.end());
    });
    const client = await server.open();
    client.send(request());
    await client.until(/begun/);
    expect(entries).toEqual([]);
    for (const answer of answers) answer();
    await client.toEnd();
    await eventually(() => entries.length === 1);
  });

  it('counts the bytes of text in its own encoding, of the last chunk too, and none for HEAD', async () => {
    const { server, entries } = await serve((_req, res) => {
      res.write('\u00e9', 'latin1');
      res.write('\u00e9');
      res.write(new Uint8Array(3));
      res.end('6869', 'hex');
    });
    await server.ask(request());
    await server.ask(request('', 'HEAD'));
    await eventually(() => entries.length === 2);
    expect(entries.map(({ bytes }) => bytes)).toEqual([8, 0]);
  });

  it.each([204, 304])(
    'counts nothing of what an app writes to an answer %d, as nothing of it is sent',
    async (status) => {
      const { server, entries } = await serve((_req, res) => {
        res.writeHead(status);
        res.write('lost');
        res.end('lost');
      });
      await server.ask(request());
      await eventually(() => entries.length === 1);
      expect(entries).toEqual([expect.objectContaining({ status, bytes: 0, aborted: false })]);
    },
  );

  it('before the end of the body is the one entry of that request, whatever becomes of the body', async () => {
    const { server, entries } = await serve((_req, res) => res.writeHead(403).end('no'));
    for (const rest of ['', 'zz\r\n']) {
      const client = await server.open();
      client.send(request('Transfer-Encoding: chunked\r\n', 'POST'));
      await client.until(/no\r\n/);
      client.send(rest);
      client.socket.end();
      await client.toEnd();
    }
    await server.ask(request());
    await eventually(() => entries.length >= 3);
    expect(entries.map(({ method, status }) => [method, status])).toEqual([
      ['POST', 403],
      ['POST', 403],
      ['GET', 403],
    ]);
  });

  it('says that a client was gone before it was answered, or in the middle of it', async () => {
    const { server, entries } = await serve((req, res) => {
      if (req.url === '/begun') res.write('begun');
    });
    for (const target of ['/silent', '/begun']) {
      const client = await server.open();
      client.send(request().replace('/a?b', target));
      if (target === '/begun') await client.until(/begun/);
      client.socket.end();
    }
    await eventually(() => entries.length === 2);
    expect(entries.map(({ target, status, bytes, aborted }) => [target, status, bytes, aborted])).toEqual([
      ['/silent', 499, 0, true],
      ['/begun', 200, 5, true],
    ]);
  });

  it('says that an answer was cut that the client did not take, on every version of Node', async () => {
    const { server, entries } = await serve((_req, res) => res.end(Buffer.alloc(20_000_000)), {
      limits: { sendTimeout: 200 },
    });
    const client = await server.open({ readsNothing: true });
    client.send(request());
    await eventually(() => entries.length === 1);
    expect(entries[0]).toMatchObject({ status: 200, aborted: true });
  });

  it('tells of the client that a trusted proxy names', async () => {
    const { server, entries } = await serve((_req, res) => res.end(), { proxies: LOCAL });
    await server.ask(request('X-Forwarded-For: 9.9.9.9\r\n'));
    await eventually(() => entries.length === 1);
    expect(entries[0]?.remoteAddress).toBe('9.9.9.9');
  });
});

describe('the id of a request', () => {
  /** An app that keeps its requests. */
  function keeping(): { readonly seen: IncomingMessage[]; readonly app: NodeFunction } {
    const seen: IncomingMessage[] = [];
    return {
      seen,
      app: (req, res) => {
        seen.push(req);
        res.end();
      },
    };
  }

  it.each(KINDS)('that is logged is the one that a %s app sees', async (kind) => {
    const app = appOf(kind, ({ header }) => ({
      status: 200,
      headers: [],
      chunks: [header('x-request-id') ?? 'none'],
    }));
    const { server, entries } = await serve(app);
    const received = await server.askRaw(request('X-Request-Id: of nobody\r\n'));
    await eventually(() => entries.length === 1);
    expect(received).toContain(entries[0]?.requestId);
  });

  it('stands once in every form of the headers', async () => {
    const { seen, app } = keeping();
    const { server, entries } = await serve(app, { proxies: LOCAL });
    await server.ask(request('X-Request-Id: a\r\nx-request-ID: a\r\n'));
    await eventually(() => entries.length === 1);
    const [req] = seen;
    const { requestId = '' } = entries[0] ?? {};
    expect(requestId).toMatch(/^[\da-f-]{36}$/);
    expect(req?.rawHeaders.filter((_, at, all) => all[at - 1]?.toLowerCase() === 'x-request-id')).toEqual([
      requestId,
    ]);
    expect([req?.headers['x-request-id'], req?.headersDistinct['x-request-id']]).toEqual([
      requestId,
      [requestId],
    ]);
  });

  it.each([
    ['a trusted proxy, once', LOCAL, 'X-Request-Id: a1\r\n', true],
    ['a trusted proxy, twice', LOCAL, 'X-Request-Id: a1\r\nX-Request-Id: a1\r\n', false],
    ['a trusted proxy, badly formed', LOCAL, 'X-Request-Id: a"1\r\n', false],
    ['anybody else', undefined, 'X-Request-Id: a1\r\n', false],
  ])('given by %s', async (_who, proxies, fields, isTaken) => {
    const { seen, app } = keeping();
    const { server } = await serve(app, proxies === undefined ? {} : { proxies });
    await server.ask(request(fields));
    expect(seen[0]?.headers['x-request-id'] === 'a1').toBe(isTaken);
  });
});

describe('the log of a connection that an app takes over', () => {
  const UPGRADE = 'GET /a?b HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

  it('is written at its end, as 101, with all that was sent on it', async () => {
    const { server, entries } = await serve({
      kind: 'node',
      app: leafHandler(
        () => undefined,
        (_req, socket) => {
          socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
          socket.on('data', (data: Buffer) => socket.end(data));
        },
      ),
    });
    const client = await server.open();
    client.send(UPGRADE);
    await client.until(/101/);
    expect(entries).toEqual([]);
    client.send('hello');
    const received = await client.toEnd();
    await eventually(() => entries.length === 1);
    expect(entries[0]).toMatchObject({ status: 101, bytes: received.length, aborted: false, target: '/a?b' });
  });

  const HEAD = 'HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n';
  it.each<[string, (socket: Socket) => unknown, object]>([
    [
      'refuses it with end',
      (socket) => socket.end(HEAD),
      { status: 403, bytes: HEAD.length, aborted: false },
    ],
    [
      'refuses it with write',
      (socket) => [socket.write(Buffer.from(HEAD)), socket.end('no')],
      { status: 403, bytes: HEAD.length + 2, aborted: false },
    ],
    ['says nothing', (socket) => socket.destroy(), { status: 499, bytes: 0, aborted: true }],
    ['says no status', (socket) => socket.end('bye'), { status: 101, bytes: 3, aborted: false }],
  ])('tells what the app answered that %s', async (_what, upgrade, expected) => {
    const app: App = {
      kind: 'node',
      app: leafHandler(
        () => undefined,
        (_req, socket) => upgrade(socket),
      ),
    };
    const { server, entries } = await serve(app);
    const client = await server.open();
    client.send(UPGRADE);
    await client.toEnd();
    await eventually(() => entries.length === 1);
    expect(entries[0]).toMatchObject({ ...expected, target: '/a?b' });
  });

  it('is that of an ordinary answer where the app gives one', async () => {
    const { server, entries } = await serve((_req, res) => {
      res.statusCode = 403;
      res.end('no');
    });
    await server.ask(UPGRADE);
    await eventually(() => entries.length === 1);
    expect(entries[0]).toMatchObject({ status: 403, bytes: 2, aborted: false });
  });

  it('is 499 where the client leaves before anybody takes the connection', async () => {
    const { server, entries } = await serve(() => undefined);
    const client = await server.open();
    client.send(UPGRADE);
    await eventually(() => (server.sockets[0]?.bytesRead ?? 0) > 0);
    client.socket.resetAndDestroy();
    await eventually(() => entries.length === 1);
    expect(entries[0]).toMatchObject({ status: 499, bytes: 0, aborted: true });
  });
});
