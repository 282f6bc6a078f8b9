import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FromWorker } from '../../src/supervise/messages.js';
import { WorkerProcess, type WorkerProcessOptions } from '../../src/supervise/worker-process.js';
import { eventually } from '../helpers/eventually.js';
import { orderOf } from '../helpers/fake-worker.js';
import { workerEnvironment } from '../helpers/worker-environment.js';

let heard: FromWorker[];
let processes: WorkerProcess[];

beforeEach(() => {
  [heard, processes] = [[], []];
});

afterEach(async () => {
  for (const one of processes) one.kill('SIGKILL');
  await Promise.all(processes.map(({ ended }) => ended));
});

function start(given: Partial<WorkerProcessOptions> = {}): WorkerProcess {
  const plain = { imports: [], tracks: false, env: workerEnvironment(), output: 'pipe' } as const;
  const options = { ...plain, ...given };
  const process = new WorkerProcess(options, (message) => heard.push(message));
  processes.push(process);
  return process;
}

describe('the process of a worker', () => {
  it('says when it is up, and does what it is told', async () => {
    const worker = start();
    expect(await worker.booted).toBe(true);
    worker.send({ kind: 'load', order: { ...orderOf(), file: '/nowhere/site.ini' } });
    await eventually(() => heard.length > 0);
    expect(heard[0]).toMatchObject({ kind: 'failed', failure: { code: expect.any(String) } });
  });

  it('tells how it ended', async () => {
    const worker = start();
    await worker.booted;
    worker.kill('SIGKILL');
    expect(await worker.ended).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('was never up where it ended before', async () => {
    const worker = start();
    worker.kill('SIGKILL');
    expect(await worker.booted).toBe(false);
  });

  it('that the system refuses to start has ended, with the reason, and harms nobody', async () => {
    const long = { ...workerEnvironment(), LONG: 'x'.repeat(10_000_000) };
    for (const [given, reason] of [
      // One is thrown by node, the other told later.
      [{ env: long }, /E2BIG/],
      [{ cwd: '/no/such/folder' }, /ENOENT/],
    ] as const) {
      const worker = start(given);
      worker.kill('SIGTERM');
      expect(await new Promise((done) => worker.send({ kind: 'leave' }, undefined, done))).toBe(false);
      const { code, signal, error } = await worker.ended;
      expect([code, signal, error]).toEqual([null, null, expect.stringMatching(reason)]);
      expect([await worker.booted, worker.pid]).toEqual([false, 0]);
      for (const stream of worker.output) stream.resume();
    }
  });

  it('is told nothing once it is gone, and says so', async () => {
    const worker = start();
    worker.kill('SIGKILL');
    await worker.ended;
    expect(await new Promise((done) => worker.send({ kind: 'leave' }, undefined, done))).toBe(false);
  });

  it('ignores the signals of a terminal', async () => {
    const worker = start();
    await worker.booted;
    for (const signal of ['SIGINT', 'SIGHUP'] as const) worker.kill(signal);
    worker.send({ kind: 'load', order: { ...orderOf(), file: '/nowhere/site.ini' } });
    await eventually(() => heard.length > 0);
    worker.send({ kind: 'leave' });
    expect(await worker.ended).toEqual({ code: 0, signal: null });
  });
});

describe('connections for a worker that dies', () => {
  let server: Server;
  let sockets: Socket[];
  let clients: Socket[];

  beforeEach(async () => {
    [sockets, clients] = [[], []];
    server = createServer({ pauseOnConnect: true }, (socket) => {
      Reflect.set(socket, 'server', null);
      sockets.push(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(() => {
    for (const socket of [...sockets, ...clients]) socket.destroy();
    server.close();
  });

  it('come back, but for the one that was on its way, which is closed', async () => {
    const worker = start();
    await worker.booted;
    for (let count = 0; count < 5; count += 1) {
      const { port } = server.address() as AddressInfo;
      clients.push(connect(port, '127.0.0.1').on('error', () => undefined));
    }
    await eventually(() => sockets.length === 5);
    // It takes nothing any more, and does not know it yet.
    worker.kill('SIGSTOP');
    const told = sockets.map(
      (socket) =>
        new Promise<boolean>((done) => worker.send({ kind: 'connection', server: 'main' }, socket, done)),
    );
    worker.kill('SIGKILL');
    expect(await Promise.all(told)).toEqual([true, false, false, false, false]);
    await once(clients[0]?.resume() ?? server, 'close');
    // What came back is whole, and can be given to somebody else.
    const [, second] = sockets;
    second?.end('still here');
    const [text] = await once(clients[1] ?? server, 'data');
    expect(String(text)).toBe('still here');
  });
});
