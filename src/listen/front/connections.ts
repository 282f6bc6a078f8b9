// The connections of one server: the turns of each, how busy they are together, and how it parts with them. Made by
// gated-server.ts; door.ts asks it for the turns of each request, the listener for the rest.
import type { Socket } from 'node:net';
import { Turns } from './turns.js';

/**
 * Whose move it is on a connection: `asking` while a request comes in, before the first one and behind the last word,
 * `answering` once a request is there, `resting` when everything that was asked for is answered.
 */
export type Phase = 'asking' | 'answering' | 'resting';

export class Connections {
  readonly #turns = new Map<Socket, Turns>();
  /** WebSockets, which are their apps' now. */
  readonly #released = new Set<Socket>();
  #begun = 0;
  #isDraining = false;
  #onRest: (() => void) | null = null;
  /** Told of each connection that was released. */
  onRelease: (socket: Socket) => void = () => undefined;

  /** Requests that were let in so far, and those that are not answered yet. */
  counts(): { readonly begun: number; readonly busy: number } {
    let busy = 0;
    for (const turns of this.#turns.values()) if (turns.isBusy) busy += 1;
    return { begun: this.#begun, busy };
  }

  /** From here on every answer closes its connection: those under way whose head is not sent, and those to come. */
  drain(): void {
    this.#isDraining = true;
    for (const turns of this.#turns.values()) turns.close();
  }

  /** Tells every WebSocket to close and to come again: `1001 Going Away` (RFC 6455 section 7.4.1). */
  sayGoodbye(): void {
    for (const socket of this.#released) socket.write(GOING_AWAY);
  }

  /** Calls `onRest` whenever an answer was sent behind which nothing waits on its connection; null ends that. */
  watchRests(onRest: (() => void) | null): void {
    this.#onRest = onRest;
    for (const turns of this.#turns.values()) turns.onceAnswered(this.#tellRest);
  }

  /** What is going on between a client and the server. */
  readonly phaseOf = (socket: Socket): Phase => {
    const turns = this.#turns.get(socket);
    if (turns === undefined || turns.isDone) return 'asking';
    if (!turns.isBusy) return 'resting';
    return turns.isReading ? 'asking' : 'answering';
  };

  /** For door.ts: whose turn it is on a connection. */
  turnsOf(socket: Socket): Turns {
    const known = this.#turns.get(socket);
    if (known !== undefined) return known;
    const turns = new Turns(socket);
    this.#turns.set(socket, turns);
    socket.once('close', () => this.#turns.delete(socket));
    return turns;
  }

  /** For door.ts: a request has its turn and was let in. Gives whether its answer has to close the connection. */
  letIn(turns: Turns): boolean {
    this.#begun += 1;
    if (this.#onRest !== null) turns.onceAnswered(this.#tellRest);
    return this.#isDraining;
  }

  /** For door.ts: an app has taken a connection for itself. */
  release(socket: Socket): void {
    this.#released.add(socket);
    socket.once('close', () => this.#released.delete(socket));
    this.onRelease(socket);
  }

  /** In the next phase of the loop: node:http is done with the request by then. */
  readonly #tellRest = (): void => {
    setImmediate(() => this.#onRest?.());
  };
}

/** A close frame of a server: opcode 8, two bytes of payload. Apps write frames whole, so it comes between two. */
const GOING_AWAY = Buffer.from([0x88, 0x02, 0x03, 0xe9]);
