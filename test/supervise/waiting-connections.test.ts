import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ToWorker } from '../../src/supervise/messages.js';
import { type Recipient, WaitingConnections } from '../../src/supervise/waiting-connections.js';
import { eventually } from '../helpers/eventually.js';

let server: Server;
let sockets: Socket[];
let clients: Socket[];
let chosen: Recipient | null;
let waiting: WaitingConnections;

beforeEach(async () => {
  [sockets, clients, chosen] = [[], [], null];
  waiting = new WaitingConnections(() => chosen);
  server = createServer({ pauseOnConnect: true }, (socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  for (const socket of [...sockets, ...clients]) socket.destroy();
  server.close();
});

/** Our end of a new connection. */
async function connection(): Promise<Socket> {
  const { port } = server.address() as AddressInfo;
  const count = sockets.length;
  clients.push(connect(port, '127.0.0.1').on('error', () => undefined));
  await eventually(() => sockets.length > count);
  return sockets[count] ?? new Socket();
}

/** Somebody who takes what `takes` says, and what was handed to them. */
class Taker implements Recipient {
  readonly took: string[] = [];
  readonly #takes: () => boolean;

  constructor(takes: () => boolean = () => true) {
    this.#takes = takes;
  }

  send(message: ToWorker, _socket: Socket, done: (sent: boolean) => void): void {
    const takes = this.#takes();
    if (takes && message.kind === 'connection') this.took.push(message.server);
    done(takes);
  }
}

describe('connections between two workers', () => {
  it('go to whoever serves', async () => {
    const taker = new Taker();
    chosen = taker;
    const socket = await connection();
    waiting.take('main', socket);
    await waiting.settled();
    expect([taker.took, waiting.size, socket.destroyed]).toEqual([['main'], 0, true]);
  });

  it('wait until somebody does, in their order', async () => {
    waiting.take('one', await connection());
    waiting.take('two', await connection());
    expect([waiting.size, sockets.map(({ destroyed }) => destroyed)]).toEqual([2, [false, false]]);
    const taker = new Taker();
    chosen = taker;
    waiting.flush();
    await waiting.settled();
    expect([taker.took, waiting.size]).toEqual([['one', 'two'], 0]);
  });

  it('wait on while there is still nobody', async () => {
    waiting.take('main', await connection());
    waiting.flush();
    expect([waiting.size, sockets[0]?.destroyed]).toEqual([1, false]);
  });

  it('go to the next one where the first is gone', async () => {
    const second = new Taker();
    const first = new Taker(() => {
      chosen = second;
      return false;
    });
    chosen = first;
    waiting.take('main', await connection());
    await waiting.settled();
    expect([first.took, second.took]).toEqual([[], ['main']]);
  });

  it('wait where the only one is gone', async () => {
    chosen = new Taker(() => {
      chosen = null;
      return false;
    });
    waiting.take('main', await connection());
    await waiting.settled();
    expect([waiting.size, sockets[0]?.destroyed]).toEqual([1, false]);
  });

  it('are cut where their server is no more, or nobody will ever come', async () => {
    waiting.take('stays', await connection());
    waiting.take('goes', await connection());
    waiting.cut((name) => name === 'goes');
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, true]);
    waiting.cut();
    expect([waiting.size, sockets[0]?.destroyed]).toEqual([0, true]);
  });

  it('are not kept once they are broken', async () => {
    const socket = await connection();
    socket.destroy();
    await once(socket, 'close');
    waiting.take('main', socket);
    expect(waiting.size).toBe(0);
  });

  it('are not read from meanwhile', async () => {
    const socket = await connection();
    // As node:child_process leaves it.
    socket.read(0);
    waiting.take('main', socket);
    clients[0]?.write('GET / HTTP/1.1\r\n\r\n');
    await new Promise((sent) => setTimeout(sent, 20));
    expect(socket.bytesRead).toBe(0);
  });
});
