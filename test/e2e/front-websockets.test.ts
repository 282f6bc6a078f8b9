import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { parseAnswers } from '../helpers/answers.js';
import { DeploymentFolder } from '../helpers/deployment-folder.js';
import { eventually } from '../helpers/eventually.js';
import { openConversation } from '../helpers/raw-http.js';
import { Cli, ROOT } from '../helpers/run-cli.js';

const APPS = `
import { WebSocketServer } from 'ws';

const sockets = new WebSocketServer({ noServer: true });

export const chat = (req, res) => res.end('no socket at ' + req.url);
chat.upgrade = (req, socket, head) =>
  sockets.handleUpgrade(req, socket, head, (client) => {
    client.send(req.url + ' below ' + (req.baseUrl ?? '') + ' for ' + req.environ?.['site.user']);
    client.on('message', (data) => {
      if (String(data) === 'bye') client.close(4001, 'as you wish');
      else client.send('echo ' + data);
    });
  });

export const broken = () => undefined;
broken.upgrade = async () => { throw new Error('no sockets today'); };

export const plain = () => (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return ['plain ' + environ.PATH_INFO];
};

export const passing = () => (app) => (environ, startResponse) => app(environ, startResponse);
export const guarding = () => (app) => (environ, startResponse) => {
  if (environ.QUERY_STRING === 'secret') return app({ ...environ, 'site.user': 'ada' }, startResponse);
  startResponse('403 Forbidden', [['Content-Type', 'text/plain'], ['X-Guard', 'awake']]);
  return ['not you'];
};
`;

const SITE = `
[composite:main]
use = egg:Paste#urlmap
/ = plain
/chat = guarded-chat
/broken = broken
[pipeline:guarded-chat]
pipeline = passing guarding chat
[filter:passing]
paste.filter_factory = apps:passing
[filter:guarding]
paste.filter_factory = apps:guarding
[app:chat]
node.app = apps:chat
[app:broken]
node.app = apps:broken
[app:plain]
paste.app_factory = apps:plain
[server:main]
port = 0
access_log = json
[server:one-request]
port = 0
max_concurrency = 1
[server:one-connection]
port = 0
connection_limit = 1
[server:impatient]
port = 0
graceful_timeout = 100ms
`;

const clients: WebSocket[] = [];
let folder: DeploymentFolder;
let cli: Cli;

beforeAll(() => {
  folder = new DeploymentFolder({ 'apps.mjs': APPS, 'site.ini': SITE });
  symlinkSync(join(ROOT, 'node_modules'), folder.file('node_modules'));
  cli = new Cli([folder.file('site.ini')]);
});

afterEach(() => {
  for (const client of clients.splice(0)) client.terminate();
});

afterAll(async () => {
  await cli[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

function connectTo(port: number, path: string): WebSocket {
  const client = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  clients.push(client);
  return client;
}

/** The next message as text. */
async function heard(client: WebSocket): Promise<string> {
  const [data] = await once(client, 'message');
  return String(data);
}

/** The status, a header and the body that a WebSocket was refused with. */
async function refusedBy(port: number, path: string): Promise<readonly unknown[]> {
  const client = connectTo(port, path);
  client.on('error', () => undefined);
  const [, response] = await once(client, 'unexpected-response');
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return [response.statusCode, response.headers['x-guard'], body];
}

/** The line of the access log for a target, as an object. */
async function logged(target: string): Promise<Readonly<Record<string, unknown>>> {
  const escaped = target.replace(/[?/]/g, '\\$&');
  const [line] = await cli.printed(new RegExp(`^{"time":[^\\n]*"target":"${escaped}"[^\\n]*}$`, 'm'));
  return JSON.parse(line);
}

describe('a WebSocket below urlmap and two WSGI filters', () => {
  it('reaches the app with its mount and what the filters found out, and echoes', async () => {
    const client = connectTo(await cli.port('main'), '/chat/room?secret');
    expect(await heard(client)).toBe('/room?secret below /chat for ada');
    client.send('one');
    expect(await heard(client)).toBe('echo one');
    client.send('x'.repeat(100_000));
    expect((await heard(client)).length).toBe(100_005);
  });

  it('is closed with the code and the reason of the app, and logged by then', async () => {
    const client = connectTo(await cli.port('main'), '/chat/closing?secret');
    await heard(client);
    client.send('bye');
    const [code, reason] = await once(client, 'close');
    expect([code, String(reason)]).toEqual([4001, 'as you wish']);
    const line = await logged('/chat/closing?secret');
    expect(line).toMatchObject({ status: 101, method: 'GET', aborted: false });
    expect(line['bytes']).toBeGreaterThan(100);
  });

  it('that a filter does not let pass gets the answer of the filter, which is logged', async () => {
    expect(await refusedBy(await cli.port('main'), '/chat/room?guess')).toEqual([403, 'awake', 'not you']);
    expect(await logged('/chat/room?guess')).toMatchObject({ status: 403, bytes: 7, aborted: false });
  });

  it('that is asked of an app without any gets what the app answers', async () => {
    expect(await refusedBy(await cli.port('main'), '/elsewhere')).toEqual([
      200,
      undefined,
      'plain /elsewhere',
    ]);
  });

  it('is not what an ordinary request to the same app gets', async () => {
    const answer = await fetch(`http://127.0.0.1:${await cli.port('main')}/chat/room?secret`);
    expect(await answer.text()).toBe('no socket at /room?secret');
  });

  it('is nothing that HTTP/1.0 can ask for', async () => {
    const conversation = await openConversation({ port: await cli.port('main'), host: '127.0.0.1' });
    conversation.send(
      'GET /chat/old?secret HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    expect(await conversation.toEnd()).toMatch(/^HTTP\/1\.1 200 [\s\S]*no socket at \/old\?secret/);
  });

  it('whose app fails is closed, and the failure is told', async () => {
    const client = connectTo(await cli.port('main'), '/broken');
    const [error] = await once(client, 'error');
    expect(String(error)).toContain('socket hang up');
    await cli.printed(/"message":"no sockets today"/);
  });
});

describe('an open WebSocket', () => {
  it('is no request under way: with max_concurrency = 1 others are answered beside it', async () => {
    const port = await cli.port('one-request');
    const first = connectTo(port, '/chat?secret');
    await heard(first);
    const second = connectTo(port, '/chat?secret');
    await heard(second);
    expect(await (await fetch(`http://127.0.0.1:${port}/beside`)).text()).toBe('plain /beside');
    first.send('still here');
    expect(await heard(first)).toBe('echo still here');
  });

  it('is a connection: with connection_limit = 1 there is no other beside it', async () => {
    const port = await cli.port('one-connection');
    const client = connectTo(port, '/chat?secret');
    await heard(client);
    const turnedAway = await openConversation({ port, host: '127.0.0.1' });
    expect(await turnedAway.toEnd()).toBe('');
    client.close();
    await eventually(async () => {
      const conversation = await openConversation({ port, host: '127.0.0.1' });
      conversation.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      return parseAnswers(await conversation.toEnd())[0]?.status === 200;
    });
  });

  it('is asked to come again when the server stops, and then closed', async () => {
    await using other = new Cli(['--server-name', 'impatient', folder.file('site.ini')]);
    const client = connectTo(await other.port('impatient'), '/chat?secret');
    await heard(client);
    const closed = once(client, 'close');
    expect((await other.stop()).code).toBe(0);
    expect((await closed)[0]).toBe(1001);
  });
});
