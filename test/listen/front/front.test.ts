import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { App } from '../../../src/gateway/app.js';
import { coverWithNode } from '../../../src/gateway/cover.js';
import { runFetch } from '../../../src/gateway/fetch-run.js';
import { leafHandler } from '../../../src/gateway/node-leaf.js';
import type { NodeFunction } from '../../../src/gateway/node-types.js';
import type { Environ, WsgiApp } from '../../../src/gateway/wsgi-types.js';
import { createProxyPolicy } from '../../../src/listen/front/trusted-proxy.js';
import type { ParsedAnswer } from '../../helpers/answers.js';
import { eventually } from '../../helpers/eventually.js';
import { FrontServer, type FrontSettings } from '../../helpers/front-server.js';
import { appOf, KINDS } from '../../helpers/three-kinds.js';

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

/** An app that answers with what its environ says of the two ends of the connection. */
const ends: App = wsgi((environ: Environ, startResponse) => {
  startResponse('200 OK', []);
  const keys = ['REMOTE_ADDR', 'REMOTE_PORT', 'SERVER_NAME', 'SERVER_PORT', 'wsgi.url_scheme'];
  return [JSON.stringify(Object.fromEntries(keys.map((key) => [key, environ[key]])))];
});

function request(fields = '', target = '/'): string {
  return `GET ${target} HTTP/1.1\r\nHost: inner\r\nConnection: close\r\n${fields}\r\n`;
}

const GET = request().replace('Connection: close\r\n', '');
const UPGRADE = GET.replace('\r\n\r\n', '\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n');

function statuses(answers: readonly ParsedAnswer[]): readonly number[] {
  return answers.map(({ status }) => status);
}

async function bodyOf(server: FrontServer, text: string): Promise<Record<string, unknown>> {
  return JSON.parse((await server.ask(text))[0]?.body ?? 'null');
}

const TRUSTING = createProxyPolicy({
  trusted_proxy: '127.0.0.1 9.9.9.9',
  trusted_proxy_count: 2,
  trusted_proxy_headers: 'x-forwarded-for x-forwarded-proto',
  clear_untrusted_proxy_headers: null,
});

/** Takes every connection over that it is offered, and says so. */
function taking(taken: Socket[] = []): App {
  return {
    kind: 'node',
    app: leafHandler(
      (_req, res) => res.end('ordinary'),
      (_req, socket) => {
        taken.push(socket);
        socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
      },
    ),
  };
}

describe('a front', () => {
  it.each(KINDS)('answers with its %s app', async (kind) => {
    const server = await serve(
      appOf(kind, ({ method, url }) => ({ status: 200, headers: [], chunks: [`${method} ${url}`] })),
    );
    expect(await server.askRaw(request('', '/a?b'))).toMatch(/^HTTP\/1\.1 200 [\s\S]*GET \/a\?b/);
  });

  it('tells the app the two ends of the connection, and what is said instead of them', async () => {
    const plain = await serve(ends);
    expect(await bodyOf(plain, request())).toEqual({
      REMOTE_ADDR: '127.0.0.1',
      REMOTE_PORT: expect.stringMatching(/^\d+$/),
      SERVER_NAME: '127.0.0.1',
      SERVER_PORT: String(plain.port),
      'wsgi.url_scheme': 'http',
    });
    const named = await serve(ends, { names: { scheme: 'https', serverName: 'site.example' } });
    expect(await bodyOf(named, request())).toMatchObject({
      SERVER_NAME: 'site.example',
      'wsgi.url_scheme': 'https',
    });
  });

  it('tells of every refusal and whom it was for, and calls no app', async () => {
    const told: unknown[] = [];
    const server = await serve(
      wsgi(() => {
        throw new TypeError('called');
      }),
      {
        proxies: TRUSTING,
        onRefuse: ({ status, reason }, remoteAddress) => told.push([status, reason, remoteAddress]),
      },
    );
    await server.ask('nonsense\r\n\r\n');
    await server.ask('GET / HTTP/1.1\r\n\r\n');
    await server.ask(request('X-Forwarded-Proto: ftp\r\n'));
    expect(told).toEqual([
      [400, 'The request is not valid HTTP', '127.0.0.1'],
      [400, 'Host is missing', '127.0.0.1'],
      [400, 'x-forwarded-proto is not well formed', '127.0.0.1'],
    ]);
    expect(server.errors).toEqual([]);
  });

  it('cuts a node app off that sends another length than it promised', async () => {
    const server = await serve(
      node((_req, res) => {
        res.writeHead(200, { 'Content-Length': 2 });
        res.write('longer');
      }),
    );
    expect(await server.askRaw(GET)).not.toContain('longer');
    expect(server.errors).toEqual([expect.stringContaining('content-length')]);
  });
});

describe('behind a proxy', () => {
  it('that names no port of the client, there is no REMOTE_PORT', async () => {
    const server = await serve(ends, { proxies: TRUSTING });
    expect(await bodyOf(server, request('X-Forwarded-For: 1.1.1.1, 2.2.2.2\r\n'))).toEqual({
      REMOTE_ADDR: '1.1.1.1',
      SERVER_NAME: '127.0.0.1',
      SERVER_PORT: String(server.port),
      'wsgi.url_scheme': 'http',
    });
  });

  it('that names the port, REMOTE_PORT is that', async () => {
    const server = await serve(ends, { proxies: TRUSTING });
    const fields = 'X-Forwarded-For: [::1]:4711, 2.2.2.2\r\n';
    expect(await bodyOf(server, request(fields))).toMatchObject({ REMOTE_ADDR: '::1', REMOTE_PORT: '4711' });
  });

  it('tells where fewer proxies left their mark than are counted on', async () => {
    const missing: number[] = [];
    const server = await serve(ends, { proxies: TRUSTING, onMissingHops: (count) => missing.push(count) });
    await server.ask(request('X-Forwarded-For: 1.1.1.1\r\n'));
    await server.ask(request('X-Forwarded-For: 1.1.1.1, 2.2.2.2\r\n'));
    expect(missing).toEqual([1]);
  });

  it('that writes nonsense, the answers before are sent, and the connection ends with a 400', async () => {
    const server = await serve(ends, { proxies: TRUSTING });
    const bad = GET.replace('\r\n\r\n', '\r\nX-Forwarded-For: nobody\r\n\r\n');
    const answers = await server.ask(GET + bad + GET);
    expect(statuses(answers)).toEqual([200, 400]);
    expect(answers[1]?.headers.get('connection')).toBe('close');
  });

  it('that speaks the PROXY protocol, the peer is who it says', async () => {
    const server = await serve(ends, { proxies: TRUSTING, proxyProtocol: true });
    const line = (address: string) => `PROXY TCP4 ${address} 5.6.7.8 1234 443\r\n`;
    const claims = request('X-Forwarded-For: 1.1.1.1, 2.2.2.2\r\n');
    expect(await bodyOf(server, line('8.8.8.8') + claims)).toMatchObject({
      REMOTE_ADDR: '8.8.8.8',
      REMOTE_PORT: '1234',
    });
    expect(await bodyOf(server, line('9.9.9.9') + claims)).toMatchObject({ REMOTE_ADDR: '1.1.1.1' });
  });
});

describe('a request for a WebSocket', () => {
  it('is handed over, in whatever case it is written', async () => {
    const server = await serve(taking());
    const client = await server.open();
    client.send(UPGRADE);
    expect(await client.until(/101/)).toBe('HTTP/1.1 101 Switching Protocols\r\n\r\n');
  });

  it.each(['h2c', 'websocket, h2c', 'tls/1.2'])(
    'is not one for %s, which is an ordinary request',
    async (to) => {
      const taken: Socket[] = [];
      const server = await serve(taking(taken));
      const answers = await server.ask(UPGRADE.replace('WebSocket', to) + request());
      expect(answers.map(({ body }) => body)).toEqual(['ordinary', 'ordinary']);
      expect(taken).toEqual([]);
    },
  );

  it.each(['POST', 'OPTIONS'])('is not one with %s, which is an ordinary request', async (method) => {
    const taken: Socket[] = [];
    const server = await serve(taking(taken));
    const answers = await server.ask(UPGRADE.replace('GET', method) + request());
    expect(answers.map(({ body }) => body)).toEqual(['ordinary', 'ordinary']);
    expect(taken).toEqual([]);
  });

  it('is not one for the server as a whole, which answers by itself', async () => {
    const taken: Socket[] = [];
    const server = await serve(taking(taken));
    const answers = await server.ask(UPGRADE.replace(/^GET \S+/, 'OPTIONS *') + request());
    expect(answers.map(({ body }) => body)).toEqual(['', 'ordinary']);
    expect(taken).toEqual([]);
  });

  it('that a proxy spoiled is refused, and reaches no app', async () => {
    const taken: Socket[] = [];
    const server = await serve(taking(taken), { proxies: TRUSTING });
    const bad = UPGRADE.replace('\r\n\r\n', '\r\nX-Forwarded-For: nobody\r\n\r\n');
    expect(statuses(await server.ask(bad))).toEqual([400]);
    expect(taken).toEqual([]);
  });

  it('is cut where the app answers and the client does not take it', async () => {
    const server = await serve(
      node((_req, res) => res.end(Buffer.alloc(20_000_000))),
      { limits: { sendTimeout: 200, keepAliveTimeout: 0 } },
    );
    const client = await server.open({ readsNothing: true });
    client.send(UPGRADE);
    await eventually(() => server.sockets[0]?.destroyed === true);
  });

  it('is cut where the app neither answers nor takes it', async () => {
    const server = await serve(
      node(() => undefined),
      { limits: { sendTimeout: 200, keepAliveTimeout: 0 } },
    );
    const client = await server.open();
    client.send(UPGRADE);
    expect(await client.toEnd()).toBe('');
  });

  it('may rest for as long as it likes once it was taken', async () => {
    const taken: Socket[] = [];
    const server = await serve(taking(taken), { limits: { sendTimeout: 40, keepAliveTimeout: 40 } });
    const client = await server.open();
    client.send(UPGRADE);
    await client.until(/101/);
    const ordinary = await server.open();
    ordinary.send(GET);
    // A connection that rests has been cut in the meantime.
    await ordinary.toEnd();
    await new Promise((later) => setTimeout(later, 40));
    expect(taken[0]?.destroyed).toBe(false);
  });

  it('ends with its connection where the app fails, and is told', async () => {
    for (const upgrade of [
      () => {
        throw new TypeError('at once');
      },
      () => Promise.reject(new TypeError('later')),
    ]) {
      const server = await serve({ kind: 'node', app: leafHandler(() => undefined, upgrade) });
      expect(await server.askRaw(UPGRADE)).toBe('');
      expect(server.errors).toEqual([expect.stringMatching(/^(at once|later)$/)]);
    }
  });
});

describe('max_concurrency', () => {
  it('holds a request for a WebSocket back while another request is answered, and none while it is open', async () => {
    const answers: (() => void)[] = [];
    const taken: Socket[] = [];
    const server = await serve(
      {
        kind: 'node',
        app: leafHandler(
          (_req, res) => answers.push(() => res.end('done')),
          (_req, socket) => taken.push(socket),
        ),
      },
      { gateway: { maxConcurrency: 1 } },
    );
    const first = await server.open();
    first.send(request());
    await eventually(() => answers.length === 1);
    const second = await server.open();
    second.send(UPGRADE);
    await eventually(() => server.sockets[1]?.bytesRead === UPGRADE.length);
    const third = await server.open();
    third.send(request());
    await eventually(() => server.sockets[2]?.bytesRead === request().length);
    expect([answers.length, taken.length]).toEqual([1, 0]);
    answers.shift()?.();
    await first.toEnd();
    await eventually(() => taken.length === 1 && answers.length === 1);
    expect(taken[0]?.destroyed).toBe(false);
    answers.shift()?.();
    expect(await third.toEnd()).toContain('done');
  });

  it('counts middleware that lets a WebSocket pass only later', async () => {
    const taken: Socket[] = [];
    const app = coverWithNode((_req, _res, next) => void setImmediate(next), taking(taken));
    const server = await serve(app, { gateway: { maxConcurrency: 1 } });
    const clients = [await server.open(), await server.open()];
    for (const client of clients) client.send(UPGRADE);
    for (const client of clients) await client.until(/101/);
    expect(taken.length).toBe(2);
  });

  it('lets a request of any kind of app pass when the one before is over', async () => {
    const app: App = {
      kind: 'fetch',
      run: runFetch,
      app: async () => new Response('ok', { headers: { 'Content-Length': '2' } }),
    };
    const server = await serve(app, { gateway: { maxConcurrency: 1 } });
    const all = await Promise.all(Array.from({ length: 5 }, () => server.ask(request())));
    expect(all.flatMap(statuses)).toEqual([200, 200, 200, 200, 200]);
  });
});
