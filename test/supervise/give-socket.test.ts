import { type ChildProcess, fork } from 'node:child_process';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { giveSocket, stopReading } from '../../src/supervise/give-socket.js';
import { type Recipient, WaitingConnections } from '../../src/supervise/waiting-connections.js';
import { eventually } from '../helpers/eventually.js';
import { type Conversation, openConversation } from '../helpers/raw-http.js';

const PROGRAM = join(import.meta.dirname, '../helpers/give-program.js');

/** A process that serves, and what it said so far. */
interface Server {
  readonly child: ChildProcess;
  readonly said: string[];
}

let old: Server;
let next: Server;
let clients: Conversation[];
/** How many connections went through our hands. */
let given: number;
/** Whom connections are handed to; they wait while it is null. */
let recipient: Recipient | null;
let waiting: WaitingConnections;

async function start(name: string): Promise<Server> {
  const server: Server = { child: fork(PROGRAM, [name], { execArgv: [] }), said: [] };
  server.child.on('message', (message, handle) => {
    if (message === 'given' && handle instanceof Socket) {
      given += 1;
      waiting.take('main', handle);
    } else server.said.push(String(message));
  });
  await eventually(() => server.said.length > 0 || server.child.exitCode !== null);
  return server;
}

/** Of the new one. */
function newOne(): Recipient {
  return {
    send: (message, socket, done) => next.child.send(message, socket, {}, (error) => done(error === null)),
  };
}

/** A connection to the old one, on which it has answered once. */
async function open(): Promise<Conversation> {
  const [url = ''] = old.said;
  const client = await openConversation({
    port: Number(new URL(url).port),
    host: '127.0.0.1',
    noDelay: true,
  });
  clients.push(client);
  return client;
}

async function greeted(): Promise<Conversation> {
  const client = await open();
  client.send('GET /hello HTTP/1.1\r\nHost: x\r\n\r\n');
  await client.until(/old GET \/hello/);
  return client;
}

/** The old one leaves, and the new one gets what it gives away. */
function handOver(): void {
  recipient = newOne();
  old.child.send('leave');
}

/** The first lines of the bodies of what came. */
function answersOn({ received }: Conversation): readonly string[] {
  return received.split('\r\n').flatMap((line) => /^(?:old|new) .*/.exec(line)?.[0].trim().split('\n') ?? []);
}

describe('a connection that is handed to another process', () => {
  beforeEach(async () => {
    [clients, given, recipient] = [[], 0, null];
    waiting = new WaitingConnections(() => recipient);
    [old, next] = await Promise.all([start('old'), start('new')]);
  });

  afterEach(async () => {
    for (const { socket } of clients) socket.destroy();
    const children = [old, next].map(({ child }) => child);
    for (const child of children) child.kill('SIGKILL');
    await eventually(() => children.every(({ signalCode, exitCode }) => (signalCode ?? exitCode) !== null));
  });

  it('at rest is answered there from then on', async () => {
    const client = await greeted();
    handOver();
    await eventually(() => given === 1);
    client.send('GET /next HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until(/new GET \/next/);
    expect(old.said).toContain('gone, 0 cut');
  });

  it('that has not asked yet is answered there as well', async () => {
    const client = await open();
    // It is the old one's by the time that it has answered one that came behind.
    await greeted();
    handOver();
    await eventually(() => given === 2);
    client.send('GET /first HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until(/new GET \/first/);
  });

  it('waits while nobody is there to take it, and loses nothing of what its client sends', async () => {
    const client = await greeted();
    old.child.send('leave');
    await eventually(() => waiting.size === 1);
    client.send('POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe');
    client.send('llo');
    recipient = newOne();
    waiting.flush();
    await client.until(/new POST \/early hello/);
  });

  it('of which half a head came in stays until that is answered', async () => {
    const client = await greeted();
    client.send('GET /half HTTP/1.1\r\nHos');
    // Behind it: the half was read by the time that this is answered.
    await greeted();
    handOver();
    await eventually(() => given === 1);
    client.send('t: x\r\n\r\n');
    await client.until(/old GET \/half/);
    client.send('GET /next HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until(/new GET \/next/);
    expect(given).toBe(2);
  });

  it('of which half a body came in stays until that is answered', async () => {
    const client = await greeted();
    client.send('POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf ');
    await greeted();
    handOver();
    await eventually(() => given === 1);
    client.send('there');
    await client.until(/old POST \/body half there/);
    client.send('GET /next HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until(/new GET \/next/);
    expect(given).toBe(2);
  });

  it('with a pipeline under way is answered all that was read, and the rest where it goes', async () => {
    const client = await greeted();
    const pipeline = ['/slow', '/two'].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    client.send(`${pipeline.join('')}GET /three HTT`);
    await eventually(() => old.said.includes('slow began'));
    handOver();
    old.child.send('free');
    await client.until(/GET \/two/);
    client.send('P/1.1\r\nHost: x\r\n\r\n');
    await client.until(/GET \/three/);
    client.send('GET /four HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until(/GET \/four/);
    expect(answersOn(client).map((line) => line.trim())).toEqual([
      ...['old GET /hello', 'old GET /slow', 'old GET /two', 'old GET /three', 'new GET /four'],
    ]);
  });

  it('in the middle of an answer goes behind it', async () => {
    const client = await greeted();
    client.send('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    await eventually(() => old.said.includes('slow began'));
    handOver();
    await greetedBy(next);
    expect(given).toBe(0);
    old.child.send('free');
    await client.until(/old GET \/slow/);
    client.send('GET /next HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until(/new GET \/next/);
  });

  it('is its client’s to close', async () => {
    const client = await greeted();
    handOver();
    await eventually(() => given === 1);
    client.socket.end();
    await client.toEnd();
    expect(client.error).toBeNull();
  });

  it('is one of hundreds, none of which is lost', async () => {
    const many = await Promise.all(Array.from({ length: 200 }, () => greeted()));
    handOver();
    for (const client of many) client.send('GET /next HTTP/1.1\r\nHost: x\r\n\r\n');
    await Promise.all(many.map((client) => client.until(/GET \/next/)));
    expect(many.filter(({ error }) => error !== null)).toEqual([]);
    await eventually(() => old.said.includes('gone, 0 cut'));
  });
});

async function greetedBy({ said }: Server): Promise<void> {
  const client = await openConversation({ port: Number(new URL(said[0] ?? '').port), host: '127.0.0.1' });
  clients.push(client);
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await client.until(/new GET/);
}

describe('a socket without a connection', () => {
  it('is not given away, and is as before', () => {
    const socket = new Socket();
    const sent: Socket[] = [];
    expect(stopReading(socket)).toBe(false);
    expect(giveSocket(socket, (one) => sent.push(one))).toBe(false);
    expect([sent, socket.destroyed]).toEqual([[], false]);
  });
});
