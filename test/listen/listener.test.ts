import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { App } from '../../src/gateway/app.js';
import type { Listener } from '../../src/listen/listener.js';
import { parseAnswers } from '../helpers/answers.js';
import { eventually } from '../helpers/eventually.js';
import { type ListenerSettings, listenerOf } from '../helpers/listener-of.js';
import { problemOf } from '../helpers/problems.js';
import { type Conversation, openConversation } from '../helpers/raw-http.js';
import { tempTree } from '../helpers/temp-tree.js';

let listeners: Listener[];
let clients: Conversation[];
/** What was given away, and by how much of it was read. */
let given: Socket[];
let free: () => void;
let freed: Promise<void>;
let asked: string[];

beforeEach(() => {
  [listeners, clients, given, asked] = [[], [], [], []];
  freed = new Promise((resolve) => {
    free = resolve;
  });
});

afterEach(async () => {
  for (const { socket } of clients) socket.destroy();
  for (const socket of given) socket.destroy();
  await Promise.all(listeners.map((listener) => listener.close()));
});

/** Says which path was asked for; `/slow` waits until it is freed. */
const APP: App = {
  kind: 'wsgi',
  app: async ({ PATH_INFO: path }, startResponse) => {
    asked.push(path);
    if (path === '/slow') await freed;
    startResponse('200 OK', [['Content-Length', String(path.length)]]);
    return [path];
  },
};

function create(settings: ListenerSettings = {}): Listener {
  const listener = listenerOf(APP, settings);
  listeners.push(listener);
  return listener;
}

async function listening(settings: ListenerSettings = {}): Promise<Listener> {
  const listener = create(settings);
  await listener.listen();
  return listener;
}

function portOf({ address }: Listener): number {
  return address.kind === 'tcp' ? address.port : 0;
}

async function open(listener: Listener, beginning = ''): Promise<Conversation> {
  const client = await openConversation({ port: portOf(listener), host: '127.0.0.1', noDelay: true });
  clients.push(client);
  client.send(beginning);
  return client;
}

/** A connection that was answered once and is at rest. */
async function resting(listener: Listener, beginning = ''): Promise<Conversation> {
  const client = await open(listener, beginning);
  client.send(requestFor('/rest'));
  await client.until(/\/rest$/);
  return client;
}

/** A connection whose answer is under way. */
async function busy(listener: Listener, beginning = ''): Promise<Conversation> {
  const client = await open(listener, beginning);
  client.send(requestFor('/slow'));
  await eventually(() => asked.includes('/slow'));
  return client;
}

function requestFor(path: string, fields = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n`;
}

/** Takes what is given as another process would: it is nobody's here any more. */
function give(socket: Socket): void {
  given.push(socket);
  socket.destroy();
}

async function refusesConnections(listener: Listener): Promise<void> {
  await expect(openConversation({ port: portOf(listener), host: '127.0.0.1' })).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
}

describe('a listener', () => {
  it('binds by itself, and knows its real port', async () => {
    const listener = create();
    expect([listener.state, listener.url]).toEqual(['idle', 'http://127.0.0.1:0']);
    await listener.listen();
    expect([listener.state, listener.url]).toEqual(['listening', `http://127.0.0.1:${portOf(listener)}`]);
    await resting(listener);
    expect(listener.requests).toEqual({ begun: 1, busy: 0 });
  });

  it('that cannot have its address says whose it is', async () => {
    const first = await listening();
    const second = create({ address: first.address });
    const problem = await problemOf(() => second.listen());
    expect(problem.code).toBe('address-in-use');
    expect(problem.place?.origin.file).toBe('/srv/site.ini');
  });

  it('of a unix socket says that the folder is missing, where the system speaks of permissions', async () => {
    using tree = tempTree({});
    const path = join(tree.folder, 'missing', 'site.sock');
    const listener = create({ address: { kind: 'unix', path, mode: 0o600 } });
    const problem = await problemOf(() => listener.listen());
    expect(problem.code).toBe('listen-failed');
    expect(problem.hint).toContain(`${join(tree.folder, 'missing')} does not exist`);
  });

  it('listens on a handle of somebody else', async () => {
    const owner = createServer().listen(0, '127.0.0.1');
    await once(owner, 'listening');
    const { port } = owner.address() as AddressInfo;
    const listener = create();
    await listener.listen(Object(Reflect.get(owner, '_handle')));
    expect(portOf(listener)).toBe(port);
    await resting(listener);
  });

  it('that is handed its connections listens nowhere', async () => {
    const listener = create();
    await listener.listen('adopted');
    expect(listener.state).toBe('listening');
    const door = createServer((socket) => listener.adopt(socket)).listen(0, '127.0.0.1');
    await once(door, 'listening');
    const { port } = door.address() as AddressInfo;
    const client = await openConversation({ port, host: '127.0.0.1' });
    clients.push(client);
    client.send(requestFor('/adopted'));
    await client.until(/\/adopted$/);
    expect(listener.connections).toBe(1);
    door.close();
  });

  it('of a unix socket has its permissions, and takes the file away', async () => {
    using tree = tempTree({ file: 'dear diary' });
    const path = join(tree.folder, 'site.sock');
    const listener = await listening({ address: { kind: 'unix', path, mode: 0o640 } });
    expect([statSync(path).mode & 0o777, listener.url]).toEqual([0o640, `unix:${path}`]);
    await listener.close();
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
    const file = join(tree.folder, 'file');
    const other = create({ address: { kind: 'unix', path: file, mode: 0o640 } });
    expect((await problemOf(() => other.listen())).code).toBe('address-in-use');
    expect(readFileSync(file, 'utf8')).toBe('dear diary');
  });
});

describe('a listener that pauses', () => {
  it('gives away what is at rest, and what has not asked yet', async () => {
    const listener = await listening();
    await resting(listener);
    await open(listener);
    await eventually(() => listener.connections === 2);
    listener.pause(give);
    expect([listener.state, given.length]).toEqual(['paused', 2]);
    await refusesConnections(listener);
  });

  it('answers what is under way first, and gives it away then', async () => {
    const listener = await listening();
    const client = await busy(listener);
    listener.pause(give);
    expect(given).toEqual([]);
    free();
    await client.until(/\/slow$/);
    await eventually(() => given.length === 1);
    const [answer] = parseAnswers(client.received);
    expect(answer?.headers.get('connection')).not.toBe('close');
  });

  it('keeps a connection of which half a head was read', async () => {
    const listener = await listening();
    const client = await resting(listener);
    client.send('GET /half HTTP/1.1\r\nHost');
    // Whatever was sent before is read by now.
    await resting(listener);
    listener.pause(give);
    expect(given).toHaveLength(1);
    client.send(': x\r\n\r\n');
    await client.until(/\/half$/);
    await eventually(() => given.length === 2);
  });

  it('gives nothing twice', async () => {
    const listener = await listening();
    const kept: Socket[] = [];
    await resting(listener);
    const client = await busy(listener);
    listener.pause((socket) => {
      kept.push(socket);
      socket.destroy();
    });
    listener.pause(give);
    free();
    await client.until(/\/slow$/);
    await eventually(() => kept.length === 2);
    expect([new Set(kept).size, given]).toEqual([2, []]);
  });

  it('accepts again on another handle, and gives nothing away any more', async () => {
    const listener = await listening();
    const client = await busy(listener);
    listener.pause(give);
    const owner = createServer().listen(0, '127.0.0.1');
    await once(owner, 'listening');
    await listener.resume(Object(Reflect.get(owner, '_handle')));
    free();
    await client.until(/\/slow$/);
    client.send(requestFor('/again'));
    await client.until(/\/again$/);
    await resting(listener);
    expect([listener.state, given]).toEqual(['listening', []]);
  });
});

describe('a listener that leaves', () => {
  it('is gone when the last connection was given away', async () => {
    const listener = await listening();
    await resting(listener);
    const client = await busy(listener);
    const left = listener.leave(give);
    expect([listener.state, given.length]).toEqual(['leaving', 1]);
    free();
    await client.until(/\/slow$/);
    expect([await left, given.length, listener.state]).toEqual([0, 2, 'closed']);
  });

  it('cuts what takes too long, and counts it', async () => {
    const listener = await listening({ gracefulTimeout: 50 });
    const client = await busy(listener);
    expect([await listener.leave(give), given]).toEqual([1, []]);
    expect(await client.toEnd()).toBe('');
  });

  it('where connections cannot go on elsewhere answers and closes them', async () => {
    const listener = await listening({ proxyProtocol: true });
    const beginning = 'PROXY TCP4 192.0.2.1 192.0.2.2 4000 80\r\n';
    const idle = await resting(listener, beginning);
    const client = await busy(listener, beginning);
    const left = listener.leave(give);
    await idle.toEnd();
    free();
    expect([await left, given]).toEqual([0, []]);
    const [answer] = parseAnswers(await client.toEnd());
    expect([answer?.body, answer?.headers.get('connection')]).toEqual(['/slow', 'close']);
  });
});

describe('a listener that drains', () => {
  it('finishes what is under way, says that it is the last, and closes what is at rest', async () => {
    const listener = await listening();
    const idle = await resting(listener);
    const silent = await open(listener);
    const client = await busy(listener);
    const drained = listener.drain();
    await Promise.all([idle.toEnd(), silent.toEnd()]);
    await refusesConnections(listener);
    free();
    const [answer] = parseAnswers(await client.toEnd());
    expect([answer?.body, answer?.headers.get('connection')]).toEqual(['/slow', 'close']);
    expect([await drained, idle.error, listener.state]).toEqual([0, null, 'closed']);
  });

  it('answers a request that was on its way already', async () => {
    const listener = await listening();
    const client = await resting(listener);
    const drained = listener.drain();
    client.send(requestFor('/late'));
    const [, late] = parseAnswers(await client.toEnd());
    expect([late?.body, late?.headers.get('connection'), await drained]).toEqual(['/late', 'close', 0]);
  });

  it('cuts what takes too long, and counts it', async () => {
    const listener = await listening({ gracefulTimeout: 50 });
    await busy(listener);
    expect(await listener.drain()).toBe(1);
  });

  it('while it is paused gives nothing away any more', async () => {
    const listener = await listening();
    const client = await busy(listener);
    listener.pause(give);
    const drained = listener.drain();
    free();
    await client.toEnd();
    expect([await drained, given]).toEqual([0, []]);
  });

  it('and does not listen has nothing to do', async () => {
    expect(await create().drain()).toBe(0);
  });
});

describe('the ready path', () => {
  it.each(['GET', 'HEAD'])(
    'is answered to %s with 200 while requests are wanted, else with 503',
    async (method) => {
      const listener = await listening({ readyPath: '/ready' });
      const request = `${method} /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
      const body = method === 'GET' ? 'ready\n' : '';
      const before = await open(listener, request);
      expect(await before.toEnd()).toMatch(new RegExp(`^HTTP/1.1 200 OK[^]*\\r\\n\\r\\n${body}$`));
      listener.unready();
      const after = await open(listener, request);
      expect(await after.toEnd()).toMatch(
        new RegExp(`^HTTP/1.1 503 Service Unavailable[^]*\\r\\n\\r\\n${body && `not ${body}`}$`),
      );
      expect(asked).toEqual([]);
    },
  );

  it('is the app’s where it is not exactly that', async () => {
    const listener = await listening({ readyPath: '/ready' });
    const client = await open(listener, requestFor('/ready/more'));
    await client.until(/\/ready\/more$/);
    expect(asked).toEqual(['/ready/more']);
  });
});

describe('a listener that closes', () => {
  it('cuts everything, and its address is free', async () => {
    const listener = await listening();
    const client = await busy(listener);
    await listener.close();
    await client.toEnd();
    const next = create({ address: listener.address });
    await next.listen();
    expect([listener.state, next.state]).toEqual(['closed', 'listening']);
  });
});
