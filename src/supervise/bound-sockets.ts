// Every address that the supervisor holds, for as long as some generation wants it. Made by supervisor.ts. What is wanted
// anew is bound before what is no longer wanted is let go, and what stays is not touched.
import { chmodSync } from 'node:fs';
import type { Socket } from 'node:net';
import { type Address, formatAddress } from '../listen/address.js';
import { hasCode } from '../listen/listen-error.js';
import { isUnixSocket } from '../listen/unix-socket.js';
import { adoptDescriptor, BindError, type Bound, bindAddress } from './listen-handle.js';
import type { WantedSocket } from './messages.js';

/** The sockets of a generation to come: from here on it is either commit or rollback, once. */
export interface Preparation {
  /** By the name of the server. */
  readonly sockets: ReadonlyMap<string, Bound>;
  /** Lets go of what this generation does not want. */
  commit(): void;
  /** Lets go of what was bound for it. */
  rollback(): void;
}

/** Which server could not get its address, and the system's word for why. */
export interface BindProblem {
  readonly server: string;
  readonly code: string;
}

/** Binds one address; a BindError has the code of what went wrong. */
export type Bind = typeof bindAddress;

/** Takes a connection that came in for a server; called only where Node cannot share listening sockets. */
export type Accept = (server: string, socket: Socket) => void;

export class BoundSockets {
  readonly #bound = new Map<string, Bound>();
  readonly #accept: Accept;
  readonly #bind: Bind;

  constructor(accept: Accept, bind: Bind = bindAddress) {
    this.#accept = accept;
    this.#bind = bind;
  }

  /** What people connect to. */
  get addresses(): readonly Address[] {
    return [...this.#bound.values()].map(({ address }) => address);
  }

  /** What is held, each under the key by which another supervisor finds it. */
  get entries(): readonly { readonly key: string; readonly bound: Bound }[] {
    return [...this.#bound].map(([key, bound]) => ({ key, bound }));
  }

  /** Holds a socket that somebody else bound. */
  adopt(key: string, bound: Bound): void {
    this.#bound.set(key, bound);
  }

  /** Holds a socket that the process was started with. Rejects with a BindError. */
  async adoptDescriptor(fd: number, { server, address, backlog, ...wanted }: WantedSocket): Promise<void> {
    const accept = (socket: Socket): void => this.#accept(server, socket);
    const bound = await adoptDescriptor(fd, address, backlog, accept);
    this.adopt(ownKeyOf({ server, address, backlog, ...wanted }), bound);
  }

  /** Resolves to the problems instead where an address cannot be had; then nothing has changed. */
  async prepare(wanted: readonly WantedSocket[]): Promise<Preparation | readonly BindProblem[]> {
    const fresh = new Map<string, Bound>();
    const problems: BindProblem[] = [];
    const taken = new Set<string>();
    for (const socket of wanted) {
      const key = this.#keyFor(socket);
      try {
        // One socket for two servers would be served by whichever comes first.
        if (taken.has(key)) throw new BindError('EADDRINUSE');
        taken.add(key);
        if (!this.#bound.has(key)) fresh.set(key, await this.#bindFor(socket));
      } catch (error) {
        problems.push({ server: socket.server, code: codeOf(error) });
      }
    }
    if (problems.length === 0) return this.#preparation(wanted, fresh);
    for (const bound of fresh.values()) bound.close();
    return problems;
  }

  /** Lets everything go. */
  close(): void {
    for (const bound of this.#bound.values()) bound.close();
    this.#bound.clear();
  }

  #preparation(wanted: readonly WantedSocket[], fresh: ReadonlyMap<string, Bound>): Preparation {
    const sockets = new Map<string, Bound>();
    for (const socket of wanted) {
      const key = this.#keyFor(socket);
      const bound = fresh.get(key) ?? this.#bound.get(key);
      if (bound !== undefined) sockets.set(socket.server, bound);
    }
    for (const [key, bound] of fresh) this.#bound.set(key, bound);
    return {
      sockets,
      commit: () => this.#keepOnly(wanted),
      rollback: () => {
        for (const [key, bound] of fresh) {
          bound.close();
          this.#bound.delete(key);
        }
      },
    };
  }

  #keepOnly(wanted: readonly WantedSocket[]): void {
    const keys = new Set(wanted.map((socket) => this.#keyFor(socket)));
    for (const [key, bound] of this.#bound) {
      if (keys.has(key)) continue;
      bound.close();
      this.#bound.delete(key);
    }
    for (const { address } of wanted) if (address.kind === 'unix') setMode(address.path, address.mode);
  }

  /** What it was started with for a server is that server's, whatever address the file has. */
  #keyFor(socket: WantedSocket): string {
    const own = ownKeyOf(socket);
    return this.#bound.has(own) ? own : keyOf(socket);
  }

  #bindFor({ server, address, backlog }: WantedSocket): Promise<Bound> {
    return this.#bind(address, backlog, (socket) => this.#accept(server, socket));
  }
}

/** What a socket is held under. A free port is the same server's again at the next reload, and nobody else's. */
export function keyOf(socket: WantedSocket): string {
  const { address } = socket;
  return address.kind === 'tcp' && address.port === 0 ? ownKeyOf(socket) : formatAddress(address);
}

function ownKeyOf({ server, address }: WantedSocket): string {
  return `${formatAddress(address)} ${server}`;
}

/**
 * Permissions may change while the socket stays; that somebody has removed its file is no reason to serve no more. What
 * stands there instead is left alone: a link may lead to what only we may change.
 */
function setMode(path: string, mode: number): void {
  if (!isUnixSocket(path)) return;
  try {
    chmodSync(path, mode);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EIO';
}
