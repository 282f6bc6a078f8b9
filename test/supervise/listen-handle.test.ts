import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Address } from '../../src/listen/address.js';
import {
  adoptDescriptor,
  type Bound,
  bindAddress,
  type CreateHandle,
  createServerHandle,
} from '../../src/supervise/listen-handle.js';
import { type TempTree, tempTree } from '../helpers/temp-tree.js';

const LOOPBACK: Address = { kind: 'tcp', host: '127.0.0.1', port: 0 };

/** Both ways: with what node:net binds by, and as in a Node that has it no more. */
const WAYS: readonly (readonly [string, CreateHandle | null])[] = [
  ['a handle', createServerHandle],
  ['a server of its own', null],
];

let tree: TempTree;
let held: Bound[];
let servers: Server[];
let accepted: Socket[];

beforeEach(() => {
  tree = tempTree({ 'notes.txt': 'dear diary' });
  [held, servers, accepted] = [[], [], []];
});

afterEach(() => {
  for (const socket of accepted) socket.destroy();
  for (const server of servers) server.close();
  for (const bound of held) bound.close();
  tree[Symbol.dispose]();
});

async function bind(address: Address, create: CreateHandle | null = createServerHandle): Promise<Bound> {
  const bound = await bindAddress(address, 511, (socket) => accepted.push(socket), create);
  held.push(bound);
  return bound;
}

/** Serves what is held, as a worker does, or a place of its own: `mine` to everybody. */
async function serveAt(where: object | string | number): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => undefined).end('mine'));
  servers.push(server);
  if (typeof where === 'number') server.listen(where, '127.0.0.1');
  else server.listen(where);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** What a client hears; the code of the error where it cannot connect. */
function hear(address: Address): Promise<string> {
  const socket = address.kind === 'unix' ? connect(address.path) : connect(address.port, address.host);
  let heard = '';
  return new Promise((done) => {
    socket.on('data', (data) => (heard += data));
    socket.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    socket.on('close', () => done(heard));
  });
}

function unix(name: string, mode = 0o600): Address & { readonly kind: 'unix' } {
  return { kind: 'unix', path: join(tree.folder, name), mode };
}

function portOf({ address }: Bound): number {
  return address.kind === 'tcp' ? address.port : 0;
}

describe.each(WAYS)('an address that is held by %s', (_way, create) => {
  it('has the port that the system chose', async () => {
    const one = await bind(LOOPBACK, create);
    const other = await bind(LOOPBACK, create);
    expect(portOf(one)).toBeGreaterThan(0);
    expect(portOf(other)).not.toBe(portOf(one));
    expect(one.address).toEqual({ ...LOOPBACK, port: portOf(one) });
  });

  it('may be one of IPv6', async () => {
    const { address } = await bind({ kind: 'tcp', host: '::1', port: 0 }, create);
    expect(address).toEqual({ kind: 'tcp', host: '::1', port: expect.any(Number) });
  });

  it('is refused by its code where somebody listens there', async () => {
    const address: Address = { ...LOOPBACK, port: await serveAt(0) };
    await expect(bind(address, create)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('is refused by its code where this machine does not have it', async () => {
    const address: Address = { kind: 'tcp', host: '192.0.2.1', port: 0 };
    await expect(bind(address, create)).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  });

  it('is refused where its name does not resolve', async () => {
    const address: Address = { kind: 'tcp', host: 'nowhere.invalid', port: 0 };
    await expect(bind(address, create)).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:ENOTFOUND|EAI_AGAIN)$/),
    });
  });

  it('is free again once it is let go', async () => {
    const one = await bind(LOOPBACK, create);
    one.close();
    await new Promise((gone) => setImmediate(gone));
    expect((await bind(one.address, create)).address).toEqual(one.address);
  });

  it('has the permissions that a unix socket is to have', async () => {
    const address = unix('site.sock', 0o640);
    await bind(address, create);
    expect(statSync(address.path).mode & 0o777).toBe(0o640);
  });

  it('takes the place of a unix socket whose server is gone', async () => {
    const address = unix('site.sock');
    leaveStale(address.path);
    await bind(address, create);
    expect(statSync(address.path).isSocket()).toBe(true);
  });

  it('is refused where a unix socket is served, which goes on', async () => {
    const address = unix('site.sock');
    await serveAt(address.path);
    await expect(bind(address, create)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(await hear(address)).toBe('mine');
  });

  it('is refused where a file stands, which is left alone', async () => {
    await expect(bind(unix('notes.txt'), create)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(readFileSync(join(tree.folder, 'notes.txt'), 'utf8')).toBe('dear diary');
  });

  it('is refused where there is no folder for a unix socket', async () => {
    await expect(bind(unix('none/site.sock'), create)).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:ENOENT|EACCES)$/),
    });
  });
});

describe('a handle', () => {
  it.each([
    ['TCP', () => LOOPBACK],
    ['a unix socket', () => unix('site.sock')],
  ])('of %s is served by whoever listens on it, and accepts nothing itself', async (_kind, address) => {
    const bound = await bind(address());
    await serveAt(bound.handle ?? {});
    expect(await hear(bound.address)).toBe('mine');
    expect(accepted).toEqual([]);
  });

  it('of a unix socket takes its file away when it is let go', async () => {
    const bound = await bind(unix('site.sock'));
    expect(existsSync(join(tree.folder, 'site.sock'))).toBe(true);
    bound.close();
    expect(existsSync(join(tree.folder, 'site.sock'))).toBe(false);
  });
});

describe('a Node without handles', () => {
  it.each([
    ['TCP', () => LOOPBACK],
    ['a unix socket', () => unix('site.sock')],
  ])('accepts connections of %s itself, and has read nothing of them', async (_kind, address) => {
    const bound = await bind(address(), null);
    expect(bound.handle).toBeNull();
    const heard = hear(bound.address);
    while (accepted.length === 0) await new Promise((again) => setTimeout(again, 5));
    const [socket] = accepted;
    expect([socket?.isPaused(), socket?.bytesRead]).toEqual([true, 0]);
    socket?.end('handed in');
    expect(await heard).toBe('handed in');
  });
});

describe('a socket that the process was started with', () => {
  it.each(WAYS)('is held by %s with the address that it has', async (_way, create) => {
    const port = await serveAt(0);
    const [server] = servers;
    const program = join(import.meta.dirname, '../helpers/adopt-program.js');
    const child = spawn(process.execPath, [program, create === null ? 'accepts' : 'holds'], {
      stdio: ['pipe', 'pipe', 'inherit', Object(Reflect.get(server ?? {}, '_handle'))],
    });
    const [told] = await once(child.stdout ?? child, 'data');
    expect(JSON.parse(String(told))).toEqual({ ...LOOPBACK, port });
    server?.close();
    expect(await hear({ ...LOOPBACK, port })).toBe('adopted');
    child.stdin?.end();
    await once(child, 'close');
  });

  it('that is none is refused by its code', async () => {
    await expect(adoptDescriptor(9999, LOOPBACK, 511, () => undefined)).rejects.toMatchObject({
      code: expect.stringMatching(/^E[A-Z]+$/),
    });
  });
});

/** As a crash leaves it: the file is there, and nobody listens. */
function leaveStale(path: string): void {
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', program]);
  expect(existsSync(path)).toBe(true);
}
