import { request as ask } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { App } from '../../../src/gateway/app.js';
import { runFetch } from '../../../src/gateway/fetch-run.js';
import {
  createProxyPolicy,
  type ProxyPolicy,
  type ProxySettings,
} from '../../../src/listen/front/trusted-proxy.js';
import { eventually } from '../../helpers/eventually.js';
import { FrontServer, type FrontSettings } from '../../helpers/front-server.js';
import { tempTree } from '../../helpers/temp-tree.js';
import { KINDS, type Kind } from '../../helpers/three-kinds.js';

const servers: FrontServer[] = [];

async function serve(app: App, settings: FrontSettings = {}): Promise<FrontServer> {
  const server = await new FrontServer(app, settings).listen();
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Everything that an app of a kind can learn of who asked for what, as text. */
function confessing(kind: Kind): App {
  switch (kind) {
    case 'wsgi':
      return {
        kind,
        app: (environ, startResponse) => {
          startResponse('200 OK', []);
          const texts = Object.entries(environ).filter(([, value]) => typeof value === 'string');
          return [JSON.stringify(Object.fromEntries(texts))];
        },
      };
    case 'fetch':
      return {
        kind,
        run: runFetch,
        app: (request, { exchange }) => {
          const body = JSON.stringify([request.url, [...request.headers], exchange.connection]);
          return new Response(body, { headers: { 'Content-Length': String(body.length) } });
        },
      };
    case 'node':
      return {
        kind,
        app: (req, res) =>
          res.end(JSON.stringify([req.url, req.rawHeaders, req.headers, req.headersDistinct])),
      };
  }
}

function policy(trusted: string, count: number | null = null): ProxyPolicy {
  const settings: ProxySettings = {
    trusted_proxy: trusted,
    trusted_proxy_count: count,
    trusted_proxy_headers:
      'x-forwarded-for x-forwarded-proto x-forwarded-host x-forwarded-port x-forwarded-by',
    clear_untrusted_proxy_headers: null,
  };
  return createProxyPolicy(settings);
}

function request(...fields: readonly string[]): string {
  return `GET / HTTP/1.1\r\nHost: inner\r\nConnection: close\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
}

/** What the app learned; the port of the client, which is another one each time, is left out. */
async function learned(server: FrontServer, ...fields: readonly string[]): Promise<string> {
  const [answer] = await server.ask(request(...fields));
  return (answer?.body ?? '').replace(/"(REMOTE_PORT|remotePort)":"\d+"/, '');
}

/** Everything that a client can say in the name of a proxy. */
const CLAIMS = [
  'X-Forwarded-For: 6.6.6.6',
  'X-Forwarded-Host: evil.example',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Port: 4443',
  'X-Forwarded-By: 7.7.7.7',
  'Forwarded: for=5.5.5.5;host=evil.example;proto=https',
  'X_Forwarded_For: 6.6.6.6',
  'X_FORWARDED-Proto: https',
];

describe.each(KINDS)('a %s app behind nobody that is trusted', (kind) => {
  it.each(CLAIMS)('learns nothing from %s', async (claim) => {
    for (const settings of [{}, { proxies: policy('10.0.0.1') }]) {
      const server = await serve(confessing(kind), settings);
      expect(await learned(server, claim)).toBe(await learned(server));
    }
  });

  it('learns nothing from all of it at once, twice', async () => {
    const server = await serve(confessing(kind));
    expect(await learned(server, ...CLAIMS, ...CLAIMS)).toBe(await learned(server));
  });
});

describe.each(KINDS)('a %s app behind a trusted proxy', (kind) => {
  it('learns what the proxy says, and nothing that its client said to the proxy', async () => {
    const server = await serve(confessing(kind), { proxies: policy('127.0.0.1') });
    const text = await learned(
      server,
      'X-Forwarded-For: 6.6.6.6, <script>, 9.9.9.9',
      'X-Forwarded-Proto: HTTPS',
      'X-Forwarded-Host: evil.example, site.example',
      'X_Forwarded_For: 5.5.5.5',
      'Forwarded: for=5.5.5.5',
    );
    expect(text).toContain('9.9.9.9');
    expect(text).toContain('site.example');
    expect(text).not.toMatch(/6\.6\.6\.6|5\.5\.5\.5|script|evil/);
    if (kind !== 'node') expect(text).toMatch(/https/);
  });

  it('is not called where the proxy says what is none of its kind', async () => {
    const server = await serve(confessing(kind), { proxies: policy('127.0.0.1') });
    for (const field of [
      'X-Forwarded-For: unknown',
      'X-Forwarded-For: _hidden',
      'X-Forwarded-Proto: https, http',
      'X-Forwarded-Port: 99999',
      'X-Forwarded-Host: a/b',
      'X-Forwarded-For : 9.9.9.9',
    ]) {
      const [answer, ...others] = await server.ask(request(field));
      expect([answer?.status, others]).toEqual([400, []]);
    }
  });

  it('is told of two proxies in a row by lines as by lists', async () => {
    const server = await serve(confessing(kind), { proxies: policy('127.0.0.1', 2) });
    const lines = ['X-Forwarded-For: 1.1.1.1', 'X-Forwarded-For: 2.2.2.2', 'x-forwarded-for: 3.3.3.3'];
    const list = 'X-Forwarded-For: 1.1.1.1, 2.2.2.2, 3.3.3.3';
    const text = await learned(server, ...lines);
    expect(text).toContain('2.2.2.2, 3.3.3.3');
    expect(text).not.toContain('1.1.1.1');
    expect(text).toBe(await learned(server, list));
  });
});

describe('a proxy', () => {
  it('is known by its IPv4 address on a socket for both families', async () => {
    const front = new FrontServer(confessing('wsgi'), { proxies: policy('127.0.0.0/8') });
    servers.push(front);
    front.server.listen(0, '::');
    await eventually(() => front.server.listening);
    const environ = JSON.parse(await learned(front, 'X-Forwarded-For: 9.9.9.9'));
    expect(front.sockets[0]?.remoteAddress).toBe('::ffff:127.0.0.1');
    expect(environ.REMOTE_ADDR).toBe('9.9.9.9');
  });

  it.each([
    ['unix', '9.9.9.9'],
    ['127.0.0.1', undefined],
    ['0.0.0.0/0 ::/0', undefined],
  ])('on a unix socket is trusted only where that is said: %s', async (trusted, address) => {
    using tree = tempTree({});
    const path = `${tree.folder}/s.sock`;
    const front = new FrontServer(confessing('wsgi'), { proxies: policy(trusted) });
    servers.push(front);
    front.server.listen(path);
    await eventually(() => front.server.listening);
    const text = await new Promise<string>((done) => {
      ask({ socketPath: path, headers: { 'X-Forwarded-For': '9.9.9.9' } }, (res) => {
        res.setEncoding('utf8').once('data', done);
      }).end();
    });
    expect(JSON.parse(text).REMOTE_ADDR).toBe(address);
  });
});
