import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import type { App } from '../../src/gateway/app.js';
import { toWsgi } from '../../src/gateway/bridges.js';
import { leafHandler } from '../../src/gateway/node-leaf.js';
import { urlmap } from '../../src/paste/urlmap.js';
import { eventually } from '../helpers/eventually.js';
import { type KindServer, passing, serveKind, withHeader } from '../helpers/three-kinds.js';

const sockets = new WebSocketServer({ noServer: true });

/** Welcomes each client with what it sees of its request, and echoes. */
const chat: App = {
  kind: 'node',
  app: leafHandler(
    (_req, res) => res.end('no socket'),
    (req, socket, head) =>
      sockets.handleUpgrade(req, socket, head, (client) => {
        client.send(`welcome to ${req.url} below ${req.baseUrl ?? ''}`);
        client.on('message', (data) => client.send(`echo ${String(data)}`));
      }),
  ),
};

/** Lets nobody pass who does not know the secret. */
function guarding(app: App): App {
  const inner = toWsgi(app);
  return {
    kind: 'wsgi',
    app: (environ, startResponse) => {
      if (environ.QUERY_STRING === 'secret') return inner(environ, startResponse);
      startResponse('401 Unauthorized', [['Content-Type', 'text/plain']]);
      return ['not you\n'];
    },
  };
}

const site: App = { kind: 'wsgi', app: urlmap({ '/chat': toWsgi(withHeader('wsgi', guarding(chat))) }) };

const servers: KindServer[] = [];

async function serve(app: App): Promise<KindServer> {
  const server = await serveKind(app);
  servers.push(server);
  return server;
}

afterEach(async () => {
  for (const client of sockets.clients) client.terminate();
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
});

async function welcome(app: App, path: string): Promise<string> {
  const server = await serve(app);
  const client = new WebSocket(`ws://127.0.0.1:${server.port}${path}`);
  const [first] = await once(client, 'message');
  client.send('hi');
  const [second] = await once(client, 'message');
  client.close();
  await once(client, 'close');
  return `${String(first)}, ${String(second)}`;
}

describe('a request to upgrade', () => {
  it('is handed to the app that takes it, alone', async () => {
    expect(await welcome(chat, '/room')).toBe('welcome to /room below , echo hi');
  });

  it('is handed over below two filters and a mount', async () => {
    expect(await welcome(site, '/chat/room?secret')).toBe('welcome to /room?secret below /chat, echo hi');
  });

  it('is handed over below middleware', async () => {
    const app = passing('node', guarding(withHeader('node', chat)));
    expect(await welcome(app, '/room?secret')).toBe('welcome to /room?secret below , echo hi');
  });

  it('gets the answer of a filter that does not let it pass, and its connection is closed', async () => {
    const server = await serve(site);
    const client = new WebSocket(`ws://127.0.0.1:${server.port}/chat/room`);
    const [error] = await once(client, 'error');
    expect(String(error)).toContain('401');
    await eventually(() => client.readyState === WebSocket.CLOSED);
  });

  it('is an ordinary one to an app that does not take it', async () => {
    const app: App = { kind: 'node', app: leafHandler((_req, res) => res.end('no socket'), null) };
    const server = await serve(app);
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
    let received = '';
    socket.on('data', (data) => {
      received += String(data);
    });
    await once(socket, 'close');
    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n.*Connection: close\r\n.*no socket$/s);
  });
});
