// Why an address could not be listened on, in words: made by a Listener from the system's error, before it gives up.
import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import { toError, WsgiServeError } from '../errors.js';
import type { Place } from '../source.js';
import { type Address, formatAddress } from './address.js';
import { findPortOwner } from './port-owner.js';

/**
 * `address-in-use` with the owner where it can be known, else `listen-failed` with what the system says. `rival` is the
 * server of the same file that has the address.
 */
export function listenError(
  server: { readonly name: string; readonly address: Address; readonly place: Place },
  thrown: unknown,
  rival: string | null = null,
): WsgiServeError {
  const { name, address, place } = server;
  const cause = toError(thrown);
  const where = formatAddress(address);
  if (hasCode(thrown, 'EADDRINUSE')) {
    const message = `[server:${name}] cannot listen on ${where}: something else does`;
    return new WsgiServeError('address-in-use', message, {
      ...{ place, cause },
      hint: rival === null ? ownerHint(address) : `[server:${rival}] of the same file has it`,
    });
  }
  const message = `[server:${name}] cannot listen on ${where}: ${cause.message}`;
  return new WsgiServeError('listen-failed', message, { place, cause, hint: failureHint(address, thrown) });
}

/** Whether a system error has this code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** The parent of a worker is its supervisor. */
const HELD =
  'This server itself listens on the port, for another host; one port cannot be held for both at a time. Take another port, or stop the server and start it';

function ownerHint(address: Address): string {
  if (address.kind === 'unix') return 'Another process serves this socket; stop it, or choose another path';
  const owner = findPortOwner(address.port);
  if (owner === null)
    return 'Stop the process that listens there, or choose another port; port = 0 takes a free one';
  if (process.connected && owner.pid === process.ppid) return HELD;
  const self = owner.pid === process.pid ? ', which is this very process: another server of the file' : '';
  return `The port belongs to pid ${owner.pid}${self} (${owner.command})`;
}

function failureHint(address: Address, error: unknown): string | null {
  if (hasCode(error, 'EACCES') && address.kind === 'tcp') {
    return 'Ports below 1024 need privileges: choose a higher port, or give the process CAP_NET_BIND_SERVICE';
  }
  if (address.kind === 'unix' && !existsSync(dirname(address.path))) {
    return `The folder ${dirname(address.path)} does not exist: make it first, as the process that serves`;
  }
  if (hasCode(error, 'EADDRNOTAVAIL')) return `This machine has the addresses ${localAddresses().join(', ')}`;
  if (hasCode(error, 'ENOTFOUND')) return 'The host is neither an address nor a name that resolves';
  return null;
}

function localAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) => list?.map(({ address }) => address) ?? []);
}
