import { once } from 'node:events';
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import fastify, { type FastifyInstance } from 'fastify';
import { WebSocket, WebSocketServer } from 'ws';
import { urlmapFactory } from '../../src/paste/urlmap.js';
import { builderOf } from '../helpers/build-ini.js';
import { type KindServer, serveKind } from '../helpers/three-kinds.js';

const INI = `
[composite:mounted]
use = egg:Paste#urlmap
/site = passed
[pipeline:passed]
pipeline = middleware tagging site
[filter:middleware]
node.filter = apps:middleware
[filter:tagging]
paste.filter_factory = apps:tagging
[app:site]
node.app_factory = apps:site
`;

const open: (() => Promise<unknown> | undefined)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** Serves the app of section `name`, where `make` makes the Fastify instance. */
async function serve(make: () => FastifyInstance, name = 'site'): Promise<KindServer> {
  const factories = {
    'apps:site': async () => make(),
    'apps:middleware': (_req: unknown, _res: unknown, next: unknown) =>
      Reflect.apply(Object(next), undefined, []),
    'apps:tagging': () => (app: unknown) => app,
    'egg:Paste#urlmap': { protocol: 'paste.composite_factory', value: urlmapFactory },
  };
  const { builder, spec } = builderOf(INI, Object(factories));
  const { value, close } = await builder.buildApp(spec(name));
  const server = await serveKind(value);
  open.push(close, async () => server[Symbol.asyncDispose]());
  return server;
}

function sockets(options: ConstructorParameters<typeof WebSocketServer>[0]): WebSocketServer {
  const server = new WebSocketServer(options);
  open.push(async () => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return server;
}

function greet(client: WebSocket, req: IncomingMessage): void {
  client.send(`welcome to ${req.url}`);
  client.on('message', (data) => client.send(`echo ${String(data)}`));
}

const base = (): FastifyInstance => fastify().get('/page', async () => 'a page');

/** Listens for upgrades itself. */
function listening(): FastifyInstance {
  const app = base();
  const server = sockets({ noServer: true });
  app.server.on('upgrade', (req, socket, head) => server.handleUpgrade(req, socket, head, greet));
  return app;
}

/** Leaves listening to ws. */
function lending(): FastifyInstance {
  const app = base();
  sockets({ server: app.server }).on('connection', greet);
  return app;
}

/** Routes requests to upgrade like others, with a response of its own on the socket, as @fastify/websocket does. */
function routing(): FastifyInstance {
  const app = base();
  const server = sockets({ noServer: true });
  const offers = new WeakMap<IncomingMessage, { readonly socket: Duplex; readonly head: Buffer }>();
  app.server.on('upgrade', (req, socket, head) => {
    offers.set(req, { socket, head });
    const res = new ServerResponse(req);
    res.assignSocket(Object(socket));
    app.routing(req, res);
  });
  app.get('/*', (request, reply) => {
    const offer = offers.get(request.raw);
    if (offer === undefined) return reply.code(404).send();
    reply.hijack();
    server.handleUpgrade(request.raw, offer.socket, offer.head, greet);
    return reply;
  });
  return app;
}

async function talk(port: number, path: string): Promise<readonly string[]> {
  const client = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  const [first] = await once(client, 'message');
  client.send('hi');
  const [second] = await once(client, 'message');
  client.close();
  await once(client, 'close');
  return [String(first), String(second)];
}

describe.each([
  ['listens for upgrades', listening],
  ['has ws listen for upgrades', lending],
  ['routes upgrades', routing],
])('a Fastify instance that %s', (_how, make) => {
  it('gets them, and other requests too', async () => {
    const server = await serve(make);
    expect(await talk(server.port, '/room?q')).toEqual(['welcome to /room?q', 'echo hi']);
    expect(await server.get('/page')).toMatchObject({ status: 200, text: 'a page' });
    expect(await talk(server.port, '/again')).toEqual(['welcome to /again', 'echo hi']);
    expect(server.errors).toEqual([]);
  });

  it('gets them below a mount and two filters', async () => {
    const server = await serve(make, 'mounted');
    expect(await talk(server.port, '/site/room')).toEqual(['welcome to /room', 'echo hi']);
    expect(await server.get('/site/page')).toMatchObject({ status: 200, text: 'a page' });
    expect(server.errors).toEqual([]);
  });
});

describe('a Fastify instance that does not listen for upgrades', () => {
  it('answers requests for them like others', async () => {
    const server = await serve(base);
    const client = new WebSocket(`ws://127.0.0.1:${server.port}/page`);
    const [error] = await once(client, 'error');
    expect(String(error)).toContain('200');
  });
});
