// Binds an address without accepting on it, so that the socket outlives whoever accepts. Called by bound-sockets.ts.
// node:net binds by an internal function, which cluster uses too; where a Node lacks it, connections are accepted here
// and handed on one by one.
import { lookup } from 'node:dns/promises';
import { chmodSync, unlinkSync } from 'node:fs';
import * as net from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { Address } from '../listen/address.js';
import { isUnixSocket, unixSocketAnswers } from '../listen/unix-socket.js';

/** An address that is held. */
export interface Bound {
  /** With the real port, where port 0 was asked for. */
  readonly address: Address;
  /** What workers listen on; null where connections are handed to `accept`. */
  readonly handle: object | null;
  /** Lets the address go; workers that listen on it still do. */
  close(): void;
}

/** An address that cannot be held, by the system's name for the reason. */
export class BindError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** As node:net has it: a handle, or a negative error number. */
export type CreateHandle = (address: string | null, port: number, type: number, fd?: number) => unknown;

/** The internal function; null in a Node that has it no more. */
export const createServerHandle: CreateHandle | null = ((): CreateHandle | null => {
  const found: unknown = Reflect.get(net, '_createServerHandle');
  return typeof found === 'function' ? (...args) => Reflect.apply(found, net, args) : null;
})();

/** Holds `address`. Rejects with a BindError. Connections reach `accept` only where there is no handle. */
export async function bindAddress(
  address: Address,
  backlog: number,
  accept: (socket: net.Socket) => void,
  create: CreateHandle | null = createServerHandle,
): Promise<Bound> {
  if (address.kind === 'unix') await removeStaleSocket(address.path);
  if (create === null) return acceptAt(address, { backlog }, accept);
  const handle = await createAt(address, create);
  if (typeof handle !== 'object' || handle === null) throw new BindError(errorName(handle));
  if (address.kind === 'unix') chmodSync(address.path, address.mode);
  return { address: realAddress(address, handle), handle, close: () => closeHandle(handle) };
}

/** Takes a listening socket over that the process was started with. Rejects with a BindError. */
export async function adoptDescriptor(
  fd: number,
  address: Address,
  backlog: number,
  accept: (socket: net.Socket) => void,
  create: CreateHandle | null = createServerHandle,
): Promise<Bound> {
  if (create === null) return acceptAt(address, { fd, backlog }, accept);
  // The other arguments must be falsy, or node:net takes it for a contradiction.
  const handle = create(null, 0, 0, fd);
  if (typeof handle !== 'object' || handle === null) throw new BindError(errorName(handle));
  return { address: realAddress(address, handle), handle, close: () => closeHandle(handle) };
}

async function createAt(address: Address, create: CreateHandle): Promise<unknown> {
  if (address.kind === 'unix') return create(address.path, -1, -1);
  const { host, port } = address;
  const { address: ip, family } = await lookup(host).catch(() => {
    throw new BindError('ENOTFOUND');
  });
  const handle = create(ip, port, family);
  // The system tells of an address in use only when the socket is asked for its name.
  const failed = typeof handle === 'object' && handle !== null ? nameOf(handle).error : 0;
  return failed === 0 ? handle : failed;
}

/** The supervisor accepts by itself; the kernel's queue is as long as ever. */
async function acceptAt(
  address: Address,
  where: { readonly fd?: number; readonly backlog: number },
  accept: (socket: net.Socket) => void,
): Promise<Bound> {
  const server = net.createServer({ pauseOnConnect: true, noDelay: true, keepAlive: true }, accept);
  const place = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
  await new Promise<void>((bound, failed) => {
    server.once('error', (error: NodeJS.ErrnoException) => failed(new BindError(error.code ?? 'EIO')));
    server.listen(where.fd === undefined ? { ...place, backlog: where.backlog } : where, bound);
  });
  if (address.kind === 'unix') chmodSync(address.path, address.mode);
  const name = server.address();
  const real =
    address.kind === 'tcp' && typeof name === 'object' && name !== null
      ? { ...address, port: name.port }
      : address;
  return { address: real, handle: null, close: () => void server.close() };
}

/** A socket file whose server is gone stays behind after a crash and would block the address for ever. */
async function removeStaleSocket(path: string): Promise<void> {
  if (!isUnixSocket(path)) return;
  if (await unixSocketAnswers(path)) throw new BindError('EADDRINUSE');
  unlinkSync(path);
}

function realAddress(address: Address, handle: object): Address {
  if (address.kind === 'unix') return address;
  const { port } = nameOf(handle);
  return port === null ? address : { ...address, port };
}

function nameOf(handle: object): { readonly error: number; readonly port: number | null } {
  const ask: unknown = Reflect.get(handle, 'getsockname');
  if (typeof ask !== 'function') return { error: 0, port: null };
  const name: { port?: unknown } = {};
  const error: unknown = Reflect.apply(ask, handle, [name]);
  return {
    error: typeof error === 'number' ? error : 0,
    port: typeof name.port === 'number' ? name.port : null,
  };
}

function closeHandle(handle: object): void {
  const close: unknown = Reflect.get(handle, 'close');
  if (typeof close === 'function') Reflect.apply(close, handle, []);
}

function errorName(number: unknown): string {
  return typeof number === 'number' && number < 0 ? getSystemErrorName(number) : 'EINVAL';
}
