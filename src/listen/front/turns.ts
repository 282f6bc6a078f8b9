// The requests of one connection, one at a time. Made by gated-server.ts for each connection.
// node:http runs every request of a pipeline at once, also those behind one whose answer closes the connection; here
// each waits for the answer before it, so that what is never answered is never run.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests that may wait before their connection is not read from any more, and before it is cut. */
const ENOUGH_WAITING = 32;
const MOST_WAITING = 10_000;

export class Turns {
  readonly #socket: Socket;
  /** The request whose turn it is, or was last, and its answer. */
  #req: IncomingMessage | null = null;
  #res: ServerResponse | null = null;
  #held = false;
  #begun = 0;
  #isOver = false;
  #isDone = false;
  #waiting: (() => void)[] = [];
  /** What is to be said where the parser could read no further. */
  #lastWord: (() => void) | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Whether an answer is under way: node:http takes the socket from a response when that is sent. */
  get isBusy(): boolean {
    return this.#res !== null && this.#res.socket !== null;
  }

  /** Whether no further request gets a turn. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether the last word on this connection was said. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Whether the request whose turn it is has not been read to its end, or not been handed on yet. */
  get isReading(): boolean {
    return this.isBusy && (this.#held || this.#req?.complete === false);
  }

  /** That request; null where there is none. */
  get reading(): IncomingMessage | null {
    return this.isReading ? this.#req : null;
  }

  /** Whether a part of the answer under way was sent. */
  get isAnswering(): boolean {
    return this.isBusy && this.#res?.headersSent === true;
  }

  /** Gives a request its turn, and its number on this connection, from 1. */
  begin(req: IncomingMessage, res: ServerResponse): number {
    this.#req = req;
    this.#res = res;
    this.#begun += 1;
    return this.#begun;
  }

  /** Between begin and the moment that the request is handed on, where these are apart. */
  hold(isHeld: boolean): void {
    this.#held = isHeld;
  }

  /** Calls `turn` when the answer under way is sent: at once where there is none, never where it closes the connection. */
  after(turn: () => void): void {
    if (!this.isBusy) {
      turn();
      return;
    }
    const count = this.#waiting.push(turn);
    if (count === 1) this.#res?.once('finish', this.#next);
    if (count === ENOUGH_WAITING) setImmediate(this.#pause);
    // One read can bring a few thousand requests, and what waits takes memory.
    if (count > MOST_WAITING) this.#socket.destroy();
  }

  /** Nothing more can be read: `say` is called in the midst of a request at once, else behind the answers before it. */
  sayLast(say: () => void): void {
    this.#lastWord = say;
    if (this.isReading) say();
    else this.after(say);
  }

  /** Says the last word instead of answering a request that never gets whole; false where there is none to say. */
  breakOff(): boolean {
    this.#lastWord?.();
    return this.#lastWord !== null;
  }

  /** For a socket from which node:http took its listeners: the answer under way may wait for it to drain. */
  drain(): void {
    this.#res?.emit('drain');
  }

  /** The answer under way says that it closes the connection (RFC 9112 section 9.6), if it can still say so. */
  close(): void {
    if (!this.isBusy || this.#res === null || this.#res.headersSent) return;
    this.#res.shouldKeepAlive = false;
    this.end();
  }

  /** Calls `listener` when the answer under way is through, sent or not; never where there is none. */
  onceAnswered(listener: () => void): void {
    if (this.isBusy) this.#res?.once('close', listener);
  }

  /** No request gets a turn behind this one. */
  end(): void {
    this.#isOver = true;
    this.#waiting = [];
  }

  /** The last word was said: neither requests nor errors are answered any more. */
  finish(): void {
    this.end();
    this.#isDone = true;
  }

  /** Behind the read under way: node:http resumes the socket with every request that it finds in it. */
  readonly #pause = (): void => {
    if (this.#waiting.length >= ENOUGH_WAITING) this.#socket.pause();
  };

  readonly #next = (): void => {
    // An answer that closes the connection has ended our side of it by now.
    if (!this.#socket.writable) this.end();
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) this.#res?.once('finish', this.#next);
    else if (this.#socket.isPaused()) this.#socket.resume();
  };
}
