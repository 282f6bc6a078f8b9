// One [server:NAME] at work: binds its address, serves its handler, drains and closes. Made by serve.ts; it knows
// sockets and node:http, and nothing of deployment files beyond the place that its errors point at.
import { chmodSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect, type ListenOptions, type Socket } from 'node:net';
import { together } from '../config/problems.js';
import { assertNever, WsgiServeError } from '../errors.js';
import type { Place } from '../source.js';
import { type Address, formatAddress } from './address.js';
import { hasCode, listenError } from './listen-error.js';

/** `idle` before listen, `draining` once no connection is accepted any more, `closed` when the last one is gone. */
export type ListenerState = 'idle' | 'listening' | 'draining' | 'closed';

export interface ListenerOptions {
  /** NAME of `[server:NAME]`. */
  readonly name: string;
  readonly address: Address;
  /** What errors of binding point at. */
  readonly place: Place;
  /** Connections that the kernel keeps waiting. */
  readonly backlog: number;
  /** Milliseconds that requests under way get when it drains. */
  readonly gracefulTimeout: number;
  /** Called once, when draining begins: answers must say `Connection: close` from then on. */
  readonly onDrain: () => void;
}

/** How often a draining listener looks for connections that became idle, in milliseconds. */
const IDLE_SWEEP = 20;

export class Listener {
  readonly name: string;
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #address: Address;
  #state: ListenerState = 'idle';

  /** `server` must not listen yet; it is the listener's from here on. */
  constructor(server: Server, options: ListenerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#address = options.address;
    this.#server = server;
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  get state(): ListenerState {
    return this.#state;
  }

  /** Where it listens; with the real port once it does, where port 0 was asked for. */
  get address(): Address {
    return this.#address;
  }

  get url(): string {
    return formatAddress(this.#address);
  }

  /** Binds and serves. Throws `address-in-use` or `listen-failed`, with the place of the server section. */
  async listen(): Promise<void> {
    try {
      await this.#bind();
    } catch (error) {
      if (!(await this.#removedStaleSocket(error))) throw listenError(this.#options, error);
      await this.#bind().catch((again: unknown) => {
        throw listenError(this.#options, again);
      });
    }
    this.#state = 'listening';
    this.#address = this.#boundAddress();
  }

  /**
   * Accepts no more connections, finishes the requests under way, and resolves when the last connection is gone.
   * After the graceful timeout the connections that are left are cut; resolves to their number.
   */
  async drain(): Promise<number> {
    if (this.#state !== 'listening') return 0;
    this.#state = 'draining';
    this.#options.onDrain();
    let cut = 0;
    const sweep = setInterval(() => this.#server.closeIdleConnections(), IDLE_SWEEP);
    const deadline = setTimeout(() => {
      cut = this.#sockets.size;
      this.#cutConnections();
    }, this.#options.gracefulTimeout);
    await new Promise<void>((closed) => this.#server.close(() => closed()));
    clearInterval(sweep);
    clearTimeout(deadline);
    this.#state = 'closed';
    return cut;
  }

  /** Releases the address and cuts every connection at once. */
  async close(): Promise<void> {
    this.#cutConnections();
    if (this.#server.listening) await new Promise<void>((closed) => this.#server.close(() => closed()));
    this.#state = 'closed';
  }

  #bind(): Promise<void> {
    const { address, backlog } = this.#options;
    return new Promise((bound, failed) => {
      this.#server.once('error', failed);
      this.#server.listen(listenArguments(address, backlog), () => {
        this.#server.off('error', failed);
        if (address.kind === 'unix') chmodSync(address.path, address.mode);
        bound();
      });
    });
  }

  /** A socket file whose server is gone stays behind after a crash and would block the address for ever. */
  async #removedStaleSocket(error: unknown): Promise<boolean> {
    const { address } = this.#options;
    if (address.kind !== 'unix' || !hasCode(error, 'EADDRINUSE') || (await answers(address.path)))
      return false;
    unlinkSync(address.path);
    return true;
  }

  #boundAddress(): Address {
    const { address } = this.#options;
    const bound = this.#server.address();
    if (address.kind === 'unix' || typeof bound !== 'object' || bound === null) return address;
    return { kind: 'tcp', host: address.host, port: bound.port };
  }

  #cutConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Listens with all of them or with none: what was bound is closed again. Rejects with every failure together. */
export async function listenAll(listeners: readonly Listener[]): Promise<void> {
  const results = await Promise.allSettled(listeners.map((listener) => listener.listen()));
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [asProblem(result.reason)] : [],
  );
  const [first, ...others] = failures;
  if (first === undefined) return;
  await Promise.all(listeners.map((listener) => listener.close()));
  throw together(first, others);
}

/** Anything else is a bug of ours, and shows as one. */
function asProblem(reason: unknown): WsgiServeError {
  if (reason instanceof WsgiServeError) return reason;
  throw reason;
}

function listenArguments(address: Address, backlog: number): ListenOptions {
  switch (address.kind) {
    case 'tcp':
      return { host: address.host, port: address.port, backlog };
    case 'unix':
      return { path: address.path, backlog };
    default:
      return assertNever(address);
  }
}

/** Whether somebody accepts connections on a unix socket. */
function answers(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}
