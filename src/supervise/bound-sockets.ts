// Every address that the supervisor holds, for as long as some generation wants it. Made by supervisor.ts. What is wanted
// anew is bound before what is no longer wanted is let go, and what stays is not touched.
import { chmodSync } from 'node:fs';
import type { Socket } from 'node:net';
import { type Address, formatAddress } from '../listen/address.js';
import { hasCode } from '../listen/listen-error.js';
import { adoptDescriptor, type Bound, bindAddress } from './listen-handle.js';
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
    this.adopt(keyOf({ server, address, backlog, ...wanted }), bound);
  }

  /** Resolves to the problems instead where an address cannot be had; then nothing has changed. */
  async prepare(wanted: readonly WantedSocket[]): Promise<Preparation | readonly BindProblem[]> {
    const fresh = new Map<string, Bound>();
    const problems: BindProblem[] = [];
    for (const socket of wanted) {
      const key = keyOf(socket);
      if (this.#bound.has(key) || fresh.has(key)) continue;
      try {
        fresh.set(key, await this.#bindFor(socket));
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
      const key = keyOf(socket);
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
    const keys = new Set(wanted.map(keyOf));
    for (const [key, bound] of this.#bound) {
      if (keys.has(key)) continue;
      bound.close();
      this.#bound.delete(key);
    }
    for (const { address } of wanted) if (address.kind === 'unix') setMode(address.path, address.mode);
  }

  #bindFor({ server, address, backlog }: WantedSocket): Promise<Bound> {
    return this.#bind(address, backlog, (socket) => this.#accept(server, socket));
  }
}

/** What a socket is held under. A free port is the same server's again at the next reload, and nobody else's. */
export function keyOf({ server, address }: WantedSocket): string {
  const key = formatAddress(address);
  return address.kind === 'tcp' && address.port === 0 ? `${key} ${server}` : key;
}

/** Permissions may change while the socket stays; that somebody has removed its file is no reason to serve no more. */
function setMode(path: string, mode: number): void {
  try {
    chmodSync(path, mode);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EIO';
}
