// Connections between two workers: given back by one, and handed to the next that serves their server. Made by
// supervisor.ts. Nothing is read from them meanwhile; what their clients send waits in the kernel.
import type { Socket } from 'node:net';
import { stopReading } from './give-socket.js';
import type { ToWorker } from './messages.js';

type ConnectionMessage = Extract<ToWorker, { kind: 'connection' }>;

/** Who takes connections: a worker, or a supervisor that serves in our place. */
export interface Recipient {
  /** `done` gets false where it is gone. */
  send(message: ConnectionMessage, socket: Socket, done: (sent: boolean) => void): void;
}

/** Connections that may wait; more than that are cut. */
const MOST_WAITING = 20_000;

export class WaitingConnections {
  readonly #choose: (server: string) => Recipient | null;
  #waiting: { readonly server: string; readonly socket: Socket }[] = [];
  readonly #handing = new Set<Promise<void>>();

  /** `choose` gives whom the next connection of a server goes to, null while there is nobody. */
  constructor(choose: (server: string) => Recipient | null) {
    this.#choose = choose;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Hands a connection on, or keeps it. */
  take(server: string, socket: Socket): void {
    if (!stopReading(socket)) {
      socket.destroy();
      return;
    }
    socket.on('error', () => socket.destroy());
    const recipient = this.#choose(server);
    if (recipient !== null) this.#hand(recipient, server, socket);
    else if (this.#waiting.length >= MOST_WAITING) socket.destroy();
    else this.#waiting.push({ server, socket });
  }

  /** Hands on what waits: to be called whenever a worker begins to serve. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { server, socket } of waiting) this.take(server, socket);
  }

  /** Cuts what waits, of servers that are no more or of all of them. */
  cut(isGone: (server: string) => boolean = () => true): void {
    for (const { server, socket } of this.#waiting) if (isGone(server)) socket.destroy();
    this.#waiting = this.#waiting.filter(({ server }) => !isGone(server));
  }

  /** Resolves when those are with their recipients that were handed on; what waits goes on waiting. */
  async settled(): Promise<void> {
    while (this.#handing.size > 0) await Promise.all(this.#handing);
  }

  #hand(recipient: Recipient, server: string, socket: Socket): void {
    // node:child_process would keep a list of the connections that others have.
    Reflect.set(socket, 'server', null);
    const handed = this.#send(recipient, server, socket).then((sent) => {
      if (sent || socket.destroyed) socket.destroy();
      else this.take(server, socket);
      this.#handing.delete(handed);
    });
    this.#handing.add(handed);
  }

  #send(recipient: Recipient, server: string, socket: Socket): Promise<boolean> {
    return new Promise((done) => {
      recipient.send({ kind: 'connection', server }, socket, (sent) => {
        if (sent) done(true);
        // That it is gone is known before it is told: to ask again at once would be to ask for ever.
        else setImmediate(done, false);
      });
    });
  }
}
