// One [server:NAME] at work: listens, serves, parts with its connections, closes. Made by create-listener.ts; it knows
// sockets and node:http, and nothing of deployment files beyond the place that its errors point at.
import { chmodSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { Place } from '../source.js';
import { type Address, formatAddress, listenArguments } from './address.js';
import type { GatedServer } from './front/gated-server.js';
import { idleConnections } from './idle-connections.js';
import { hasCode, listenError } from './listen-error.js';
import { isUnixSocket, unixSocketAnswers } from './unix-socket.js';

/**
 * `idle` before listen, `paused` while it accepts nothing, `leaving` once that is for good, `closed` when the last
 * connection is gone.
 */
export type ListenerState = 'idle' | 'listening' | 'paused' | 'leaving' | 'closed';

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
  /** Whether a connection can go on in another process; false where its beginning said whose it is. */
  readonly canGive: boolean;
  /** Shared with the front, which answers `ready_path` by it. */
  readonly readiness: Readiness;
}

/**
 * A listening socket of somebody else's: what `net.Server#listen` takes besides an address. `adopted` is none: connections
 * are handed in one by one.
 */
export type ListenHandle = object | 'adopted';

/** Whether a server wants requests sent to it. */
export interface Readiness {
  ready: boolean;
}

/** Takes a connection at rest to another process. */
export type GiveConnection = (socket: Socket) => void;

/** How long a connection at rest still may bring the request that is on its way, in milliseconds. */
const IDLE_GRACE = 100;
/** How often a draining listener looks for connections that came to rest, in milliseconds. */
const IDLE_SWEEP = 20;

export class Listener {
  readonly name: string;
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #connections: GatedServer['connections'];
  readonly #sockets = new Set<Socket>();
  #address: Address;
  #state: ListenerState = 'idle';
  #give: GiveConnection | null = null;
  #isAdopting = false;
  #declines: (socket: Socket) => boolean = () => false;
  #onGone: () => void = () => undefined;

  /** The server must not listen yet; it is the listener's from here on. */
  constructor({ server, connections }: GatedServer, options: ListenerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#address = options.address;
    this.#server = server;
    this.#connections = connections;
    server.on('connection', (socket: Socket) => this.#count(socket));
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

  /** What it asks of whoever binds for it. */
  get options(): ListenerOptions {
    return this.#options;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Requests so far, and those that are not answered yet. */
  get requests(): { readonly begun: number; readonly busy: number } {
    return this.#connections.counts();
  }

  /** Listens on `handle`, or binds by itself. Throws `address-in-use` or `listen-failed`, with the place of the server. */
  async listen(handle: ListenHandle | null = null): Promise<void> {
    try {
      await this.#listen(handle);
    } catch (error) {
      if (handle !== null || !(await this.#removedStaleSocket(error)))
        throw listenError(this.#options, error);
      await this.#listen(null).catch((again: unknown) => {
        throw listenError(this.#options, again);
      });
    }
    this.#state = 'listening';
    this.#address = this.#boundAddress();
  }

  /** Serves a connection that another process accepted. */
  adopt(socket: Socket): void {
    this.#isAdopting = true;
    this.#server.emit('connection', socket);
    this.#isAdopting = false;
  }

  /** Asks of each connection that it accepts whether somebody else shall have it: `declines` then has it already. */
  decline(declines: (socket: Socket) => boolean): void {
    if (this.#options.canGive) this.#declines = declines;
  }

  /** Asks load balancers to look elsewhere, and goes on. */
  unready(): void {
    this.#options.readiness.ready = false;
  }

  /** Accepts nothing more, and gives every connection away that is at rest, now and as more of them come to rest. */
  pause(give: GiveConnection): void {
    if (this.#state !== 'listening') return;
    this.#state = 'paused';
    this.#stopAccepting();
    if (!this.#options.canGive) return;
    this.#give = give;
    this.#connections.watchRests(() => this.#giveIdle());
    this.#giveIdle();
    for (const socket of this.#sockets) if (socket.bytesRead === 0) this.#giveOne(socket);
  }

  /** Accepts again, on a handle of its own. */
  async resume(handle: ListenHandle): Promise<void> {
    if (this.#state !== 'paused') return;
    this.#give = null;
    this.#connections.watchRests(null);
    await this.listen(handle);
  }

  /**
   * Pauses for good. WebSockets are told to come again; what cannot be given away is finished and closed. Resolves when
   * the last connection is gone, to the number of those that were cut after the graceful timeout.
   */
  leave(give: GiveConnection): Promise<number> {
    this.pause(give);
    if (this.#state !== 'paused') return Promise.resolve(0);
    if (!this.#options.canGive) return this.#finish();
    this.#state = 'leaving';
    this.#connections.sayGoodbye();
    return this.#untilGone(() => this.#giveIdle());
  }

  /** Accepts no more connections and finishes the requests under way; resolves as `leave` does. */
  drain(): Promise<number> {
    if (this.#state !== 'listening' && this.#state !== 'paused') return Promise.resolve(0);
    if (this.#state === 'listening') this.#stopAccepting();
    this.#give = null;
    this.#connections.watchRests(null);
    return this.#finish();
  }

  /** Releases the address and cuts every connection at once. */
  async close(): Promise<void> {
    if (this.#state === 'listening') this.#stopAccepting();
    this.#state = 'closed';
    this.#cutConnections();
    this.#endServer();
    // The system has the address back when the loop has gone round.
    await setImmediate();
  }

  #finish(): Promise<number> {
    this.unready();
    this.#state = 'leaving';
    this.#connections.drain();
    this.#connections.sayGoodbye();
    const begun = performance.now();
    return this.#untilGone(() => {
      if (performance.now() - begun < IDLE_GRACE) return;
      this.#server.closeIdleConnections();
      for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
    });
  }

  /** Calls `sweep` now and then; cuts what is left after the graceful timeout, WebSockets a moment after their goodbye. */
  async #untilGone(sweep: () => void): Promise<number> {
    let cut = 0;
    const sweeping = setInterval(sweep, IDLE_SWEEP);
    const deadline = setTimeout(() => {
      cut = this.#sockets.size;
      this.#cutConnections();
    }, this.#options.gracefulTimeout);
    if (this.#sockets.size > 0) {
      await new Promise<void>((gone) => {
        this.#onGone = gone;
      });
    }
    clearInterval(sweeping);
    clearTimeout(deadline);
    this.#endServer();
    this.#state = 'closed';
    return cut;
  }

  #listen(handle: ListenHandle | null): Promise<void> {
    const { address, backlog } = this.#options;
    return new Promise((bound, failed) => {
      this.#server.once('error', failed);
      const done = (): void => {
        this.#server.off('error', failed);
        if (handle === null && address.kind === 'unix') chmodSync(address.path, address.mode);
        bound();
      };
      if (handle === null) this.#server.listen(listenArguments(address, backlog), done);
      else if (handle === 'adopted') {
        // What node:http starts its look-out for slow requests by.
        this.#server.emit('listening');
        done();
      } else this.#server.listen(handle, backlog, done);
    });
  }

  /** http.Server#close would close what is at rest as well, and stop looking for slow requests. */
  #stopAccepting(): void {
    NetServer.prototype.close.call(this.#server);
  }

  /** What http.Server#close does besides: it ends node:http's look-out for slow requests. */
  #endServer(): void {
    this.#server.close();
  }

  #giveIdle(): void {
    if (this.#give === null) return;
    for (const socket of idleConnections(this.#server)) this.#giveOne(socket);
  }

  /** What was not sent yet would be lost: such a connection stays until it was. */
  #giveOne(socket: Socket): void {
    if (!socket.destroyed && socket.writableLength === 0) this.#give?.(socket);
  }

  #count(socket: Socket): void {
    if (!this.#isAdopting && this.#declines(socket)) return;
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#onGone();
    });
  }

  /** A socket file whose server is gone stays behind after a crash and would block the address for ever. */
  async #removedStaleSocket(error: unknown): Promise<boolean> {
    const { address } = this.#options;
    if (
      address.kind !== 'unix' ||
      !hasCode(error, 'EADDRINUSE') ||
      !isUnixSocket(address.path) ||
      (await unixSocketAnswers(address.path))
    )
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
