import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { WsgiServeError } from '../../src/errors.js';
import { sendCommand, whoListens } from '../../src/supervise/control-client.js';
import {
  CONTROL_LIMITS,
  CommandFailed,
  type ControlHandlers,
} from '../../src/supervise/control-connection.js';
import type { ControlCommand } from '../../src/supervise/control-protocol.js';
import { type ControlServer, openControlServer } from '../../src/supervise/control-server.js';
import type { Failure } from '../../src/supervise/messages.js';
import { eventually } from '../helpers/eventually.js';
import { problemOf } from '../helpers/problems.js';
import { type TempTree, tempTree } from '../helpers/temp-tree.js';

const FAILURE: Failure = {
  text: 'a:1: it broke',
  code: 'module-failed',
  message: 'it broke',
  exitCode: 3,
  place: null,
};

/** A server with handlers that say what they were asked; disposed of with its folder. */
class Fixture implements AsyncDisposable {
  readonly asked: ControlCommand[] = [];
  readonly tree: TempTree = tempTree({});
  readonly path = join(this.tree.folder, 'site.sock');
  #servers: ControlServer[] = [];

  async open(
    handlers: Partial<ControlHandlers> = {},
    limits = CONTROL_LIMITS,
    path = this.path,
  ): Promise<ControlServer> {
    const heard =
      <Result>(result: Result) =>
      async (command: ControlCommand): Promise<Result> => {
        this.asked.push(command);
        return result;
      };
    const all: ControlHandlers = {
      ping: heard({ pid: process.pid }),
      status: heard({
        ...{ pid: 1, version: '1.2.3', file: '/site.ini', startedAt: '2020-01-01T00:00:00.000Z', uptime: 2 },
        ...{ generation: 3, state: 'serving' as const, mode: 'workers' as const, servers: [], workers: [] },
        ...{ lastReload: null, files: 4 },
      }),
      workers: heard([]),
      reload: heard({ generation: 4, took: 5 }),
      restart: heard(null),
      stop: heard({ cut: 0 }),
      scale: heard({ workers: 6 }),
      why: heard([{ section: 'app:main', path: ['/a.js', '/b.js'] }]),
      ...handlers,
    };
    const server = await openControlServer(path, all, limits);
    this.#servers.push(server);
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await server.close();
    this.tree[Symbol.dispose]();
  }
}

function latch(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve: () => resolve() };
}

/** A connection that says `text` as it is, and all that comes back until the server ends it. */
async function rawExchange(path: string, text: string | Buffer): Promise<string> {
  const socket = connect(path);
  socket.on('error', () => undefined);
  socket.end(text);
  return readToEnd(socket);
}

async function readToEnd(socket: Socket): Promise<string> {
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    answer += chunk;
  });
  await gone(socket);
  return answer;
}

/** Resolves when a connection is closed, though it be by an error. */
function gone(socket: Socket): Promise<void> {
  return new Promise((done) => socket.once('close', () => done()));
}

async function connected(path: string): Promise<Socket> {
  const socket = connect(path);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

describe('a control socket', () => {
  it('carries every kind of command to its handler, and the result back', async () => {
    await using fixture = new Fixture();
    await fixture.open();
    const send = async (command: ControlCommand) => {
      const answer = await sendCommand([fixture.path], command);
      return answer.ok ? answer.result : answer.failure;
    };
    expect(await send({ kind: 'ping', wait: false })).toEqual({ pid: process.pid });
    expect(await send({ kind: 'status', wait: false })).toMatchObject({ generation: 3, lastReload: null });
    expect(await send({ kind: 'workers', wait: false })).toEqual([]);
    expect(await send({ kind: 'reload', wait: true })).toEqual({ generation: 4, took: 5 });
    expect(await send({ kind: 'restart', wait: false })).toBeNull();
    expect(await send({ kind: 'stop', wait: true })).toEqual({ cut: 0 });
    expect(await send({ kind: 'scale', wait: true, workers: 6 })).toEqual({ workers: 6 });
    expect(await send({ kind: 'why', wait: false, file: '/b.js' })).toMatchObject([{ section: 'app:main' }]);
    expect(fixture.asked.slice(-2)).toEqual([
      { kind: 'scale', wait: true, workers: 6 },
      { kind: 'why', wait: false, file: '/b.js' },
    ]);
  });

  it('is for the user of the server alone', async () => {
    await using fixture = new Fixture();
    const before = process.umask();
    await fixture.open();
    expect(lstatSync(fixture.path).mode & 0o777).toBe(0o600);
    expect(process.umask()).toBe(before);
  });

  it('answers with the failure of a handler, with its error, or with its bug', async () => {
    await using fixture = new Fixture();
    await fixture.open({
      reload: () => Promise.reject(new CommandFailed(FAILURE)),
      restart: () => Promise.reject(new WsgiServeError('pid-file', 'no room', { hint: 'make some' })),
      stop: () => Promise.reject(new TypeError('undefined is no function')),
    });
    const failures = await Promise.all(
      (['reload', 'restart', 'stop'] as const).map(async (kind) => {
        const answer = await sendCommand([fixture.path], { kind, wait: true });
        return answer.ok ? null : answer.failure;
      }),
    );
    expect(failures[0]).toEqual(FAILURE);
    expect(failures[1]).toMatchObject({ code: 'pid-file', exitCode: 3, message: 'no room' });
    expect(failures[2]).toMatchObject({ code: 'bug', exitCode: 1 });
  });

  it('answers lines that are no command, and goes on', async () => {
    await using fixture = new Fixture();
    await fixture.open();
    const lines = [
      'garbage',
      '\u0000\u0001',
      '[]',
      'null',
      '{"kind":"explode"}',
      '{"kind":"toString"}',
      '{"kind":"scale"}',
      '{"kind":"scale","workers":1.5}',
      '{"kind":"scale","workers":99999}',
      '{"kind":"why","file":7}',
      '{"kind":"ping"}',
    ];
    const answers = (await rawExchange(fixture.path, lines.join('\n'))).trimEnd().split('\n');
    expect(answers).toHaveLength(lines.length);
    const codes = answers.map((line) => JSON.parse(line).failure?.code ?? 'ok');
    expect(codes).toEqual([...Array(lines.length - 1).fill('bad-command'), 'ok']);
    expect(answers[0]).toContain('ping, status, workers');
  });

  it('answers several commands of a connection in their order, and takes one that comes in pieces', async () => {
    await using fixture = new Fixture();
    const open = latch();
    await fixture.open({ reload: () => open.promise.then(() => ({ generation: 9, took: 1 })) });
    const socket = await connected(fixture.path);
    const answers = readToEnd(socket);
    socket.write('{"kind":"rel');
    await new Promise(setImmediate);
    socket.write('oad","wait":true}\n{"kind":"ping"}\n');
    await eventually(() => socket.bytesWritten > 40);
    open.resolve();
    socket.end();
    const [first = '', second = ''] = (await answers).split('\n');
    expect(JSON.parse(first)).toEqual({ ok: true, result: { generation: 9, took: 1 } });
    expect(JSON.parse(second)).toEqual({ ok: true, result: { pid: process.pid } });
  });

  it('refuses a line without end', async () => {
    await using fixture = new Fixture();
    await fixture.open();
    const socket = await connected(fixture.path);
    socket.write('x'.repeat(70_000));
    const [chunk] = await once(socket, 'data');
    expect(JSON.parse(String(chunk)).failure).toMatchObject({ code: 'bad-command' });
    socket.destroy();
    expect(await whoListens(fixture.path)).toEqual({ pid: process.pid });
  });

  it('cuts a client that says nothing, and one that trickles, after a while', async () => {
    await using fixture = new Fixture();
    await fixture.open({}, { ...CONTROL_LIMITS, idle: 30 });
    const silent = await connected(fixture.path);
    const trickling = await connected(fixture.path);
    const drip = setInterval(() => trickling.write(' '), 5);
    await Promise.all([readToEnd(silent), readToEnd(trickling)]);
    clearInterval(drip);
    expect(await whoListens(fixture.path)).toEqual({ pid: process.pid });
  });

  it('lets a client wait for longer than it may be idle', async () => {
    await using fixture = new Fixture();
    const late = () => new Promise<null>((done) => setTimeout(() => done(null), 60));
    await fixture.open({ reload: late }, { ...CONTROL_LIMITS, idle: 20 });
    const answer = await sendCommand([fixture.path], { kind: 'reload', wait: true });
    expect(answer).toEqual({ ok: true, result: null });
  });

  it('turns clients away where there are too many, and takes new ones when those are gone', async () => {
    await using fixture = new Fixture();
    await fixture.open();
    const sockets = await Promise.all(Array.from({ length: 64 }, () => connected(fixture.path)));
    expect((await problemOf(() => sendCommand([fixture.path], { kind: 'ping', wait: false }))).code).toBe(
      'no-answer',
    );
    for (const socket of sockets) socket.destroy();
    await eventually(async () => (await whoListens(fixture.path))?.pid === process.pid);
  });

  it('survives clients that go away while they are answered', async () => {
    await using fixture = new Fixture();
    const open = latch();
    let begun = 0;
    await fixture.open({
      status: async () => {
        begun += 1;
        await open.promise;
        throw new CommandFailed({ ...FAILURE, text: 'x'.repeat(1_000_000) });
      },
    });
    const sockets = await Promise.all(Array.from({ length: 8 }, () => connected(fixture.path)));
    for (const socket of sockets) socket.write('{"kind":"status"}\n{"kind":"status"}\n');
    await eventually(() => begun === 8);
    for (const socket of sockets) socket.destroy();
    open.resolve();
    expect(await whoListens(fixture.path)).toEqual({ pid: process.pid });
  });
});

describe('a control socket that closes', () => {
  it('answers what is under way, cuts who waits, and is gone', async () => {
    await using fixture = new Fixture();
    const open = latch();
    const server = await fixture.open({ stop: () => open.promise.then(() => ({ cut: 2 })) });
    const idle = await connected(fixture.path);
    const stop = sendCommand([fixture.path], { kind: 'stop', wait: true });
    const pinged = await whoListens(fixture.path);
    const closed = server.close();
    expect(lstatSync(fixture.path, { throwIfNoEntry: false })).toBeUndefined();
    await gone(idle);
    open.resolve();
    expect([pinged?.pid, await stop]).toEqual([process.pid, { ok: true, result: { cut: 2 } }]);
    await closed;
  });

  it('does not wait for a handler that never ends', async () => {
    await using fixture = new Fixture();
    const server = await fixture.open({ reload: () => new Promise(() => undefined) });
    const problem = problemOf(() => sendCommand([fixture.path], { kind: 'reload', wait: true }));
    await whoListens(fixture.path);
    await server.close();
    expect((await problem).code).toBe('no-answer');
  });

  it('leaves the socket of a server that took its place', async () => {
    await using fixture = new Fixture();
    const server = await fixture.open();
    rmSync(fixture.path);
    await fixture.open({ ping: async () => ({ pid: 4711 }) });
    await server.close();
    expect(await whoListens(fixture.path)).toEqual({ pid: 4711 });
  });
});

describe('the place of a control socket', () => {
  it('is not taken from a server that lives, which is named', async () => {
    await using fixture = new Fixture();
    await fixture.open();
    const problem = await problemOf(() => fixture.open());
    expect(problem.code).toBe('already-running');
    expect(problem.message).toContain(`the server with pid ${process.pid} listens`);
    expect(await whoListens(fixture.path)).toEqual({ pid: process.pid });
  });

  it('is not taken from somebody else who listens there', async () => {
    await using fixture = new Fixture();
    const other = createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
      fixture.path,
    );
    await once(other, 'listening');
    const problem = await problemOf(() => fixture.open());
    expect(problem.message).toContain('a process listens');
    await new Promise((closed) => other.close(closed));
  });

  it('is taken from a dead server', async () => {
    await using fixture = new Fixture();
    await leaveDeadSocket(fixture.path);
    await fixture.open();
    expect(await whoListens(fixture.path)).toEqual({ pid: process.pid });
  });

  it('goes to one of several that start at the same moment over a dead one', async () => {
    await using fixture = new Fixture();
    await leaveDeadSocket(fixture.path);
    const starts = await Promise.allSettled(Array.from({ length: 12 }, () => fixture.open()));
    const lost = starts.flatMap((start) => (start.status === 'rejected' ? [start.reason.code] : []));
    expect(lost).toEqual(Array(11).fill('already-running'));
    expect(await whoListens(fixture.path)).toEqual({ pid: process.pid });
  });

  it('is not taken from a file, and not made in a folder that is missing', async () => {
    await using fixture = new Fixture();
    writeFileSync(fixture.path, 'precious');
    const problem = await problemOf(() => fixture.open());
    expect([problem.code, problem.message]).toEqual([
      'control-socket',
      `the control socket cannot be made at ${fixture.path}: what stands there is no socket`,
    ]);
    expect(lstatSync(fixture.path).isFile()).toBe(true);
    const missing = join(fixture.tree.folder, 'none/site.sock');
    expect((await problemOf(() => fixture.open({}, CONTROL_LIMITS, missing))).message).toContain(missing);
  });
});

/** A socket file that nobody listens at, as after a crash. */
async function leaveDeadSocket(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', script], { stdio: 'ignore' }), 'exit');
  expect(lstatSync(path).isSocket()).toBe(true);
}
