// Where a server listens: a TCP host and port, or a unix socket. Pure; options.ts makes them, listener.ts binds them.
import { isIPv6, type ListenOptions } from 'node:net';
import type { Converter } from '../config/convert.js';
import { assertNever } from '../errors.js';

export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  /** `mode` are the permissions of the socket file, as in chmod. */
  | { readonly kind: 'unix'; readonly path: string; readonly mode: number };

/** What the system has room for, and cuts off behind it. */
const LONGEST_SOCKET_PATH = process.platform === 'linux' ? 107 : 103;

/** A path that a unix socket can have. */
export const socketPath: Converter<string> = {
  expected: `the path of a unix socket, which has at most ${LONGEST_SOCKET_PATH} bytes`,
  parse: (value) => (value !== '' && Buffer.byteLength(value) <= LONGEST_SOCKET_PATH ? value : undefined),
};

/** What a person can open or connect to: `http://127.0.0.1:8080`, `http://[::1]:8080`, `unix:/run/site.sock`. */
export function formatAddress(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** Whether two servers cannot both have it; port 0 is another port each time. */
export function isSameAddress(a: Address, b: Address): boolean {
  if (a.kind === 'unix' || b.kind === 'unix')
    return a.kind === 'unix' && b.kind === 'unix' && a.path === b.path;
  return a.port !== 0 && a.port === b.port && a.host === b.host;
}

/**
 * Splits `host:port`, `[v6]:port`, `host`, `[v6]` and a bare IPv6 address as `host` takes them in Paste and Waitress.
 * The port is null where none is written; null altogether where it is none of these.
 */
export function splitHostPort(text: string): { host: string; port: string | null } | null {
  const plain = /^([^\s:/[\]]+)(?::(\d+))?$/.exec(text);
  if (plain !== null) {
    const [, host = '', port = null] = plain;
    return { host, port };
  }
  // Asked last: node compiles what isIPv6 needs when it is first called, for milliseconds.
  const [, host = text, port = null] = /^\[([^\]]+)\](?::(\d+))?$/.exec(text) ?? [];
  return isIPv6(host) ? { host, port } : null;
}

/** As `net.Server#listen` takes it. `backlog` is how many connections the kernel keeps waiting. */
export function listenArguments(address: Address, backlog: number): ListenOptions {
  switch (address.kind) {
    case 'tcp':
      return { host: address.host, port: address.port, backlog };
    case 'unix':
      return { path: address.path, backlog };
    default:
      return assertNever(address);
  }
}
