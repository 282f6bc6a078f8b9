// Watches a request body come in: its size, the pauses between its chunks, its speed. Made by door.ts where the body did
// not come with the head; sees the chunks before whoever reads them, and never reads itself.
import type { IncomingMessage } from 'node:http';
import type { Clock } from './clock.js';
import { type Refusal, refuse } from './refusal.js';

export interface BodyLimits {
  /** Most bytes of a body, its chunks put together; Infinity sets no limit. */
  readonly maxBodySize: number;
  /** Most milliseconds between two chunks; 0 sets no limit. */
  readonly bodyTimeout: number;
  /** Fewest bytes a second, on average and beyond `bodyGrace`; 0 sets no limit. */
  readonly bodyMinRate: number;
  /** Milliseconds that a body may take however small it is. */
  readonly bodyGrace: number;
}

export interface BodyListener {
  /** The body is there to its end. */
  onEnd(): void;
  /** The body breaks a limit, 413 or 408; called once, and nothing of the body is handed on any more. */
  onBreach(refusal: Refusal): void;
}

export const TOO_LARGE = refuse(413, 'The request body is too large');
export const TOO_SLOW = refuse(408, 'The request body comes too slowly');

/** How often a reader that is behind is looked after, in milliseconds. */
const PATROL = 1000;

/** Time counts from `start` on, and not while the reader is behind: then it is not the client that is slow. */
export class BodyWatch {
  readonly #body: IncomingMessage;
  readonly #limits: BodyLimits;
  readonly #listener: BodyListener;
  readonly #clock: Clock;
  #received: number;
  #isOver = false;
  /** When the clock began to run for this body; null before. */
  #startedAt: number | null = null;
  #lastChunkAt = 0;
  /** Since when the reader is behind; null while it is not. */
  #behindSince: number | null = null;
  #timeBehind = 0;
  #cancel: () => void = () => undefined;

  constructor(body: IncomingMessage, limits: BodyLimits, clock: Clock, listener: BodyListener) {
    this.#body = body;
    this.#limits = limits;
    this.#clock = clock;
    this.#listener = listener;
    this.#received = body.readableLength;
    // node:http hands every chunk to `push`, and null at the end: the one place that sees them all, whoever reads.
    const push = body.push.bind(body);
    body.push = (chunk: unknown, encoding?: BufferEncoding) =>
      this.#arrive(chunk, () => push(chunk, encoding));
  }

  /** Starts the clock. A client that waits for `100 Continue` is not slow before it. */
  start(): void {
    if (this.#isOver || this.#startedAt !== null) return;
    this.#startedAt = this.#clock.now();
    this.#lastChunkAt = this.#startedAt;
    this.#body.once('close', () => this.#finish());
    this.#wait();
  }

  #arrive(chunk: unknown, push: () => boolean): boolean {
    // What comes behind a breach is thrown away, and taken from the socket all the same.
    if (this.#isOver && chunk !== null) return true;
    if (chunk === null) {
      if (!this.#isOver) this.#listener.onEnd();
      this.#finish();
      return push();
    }
    this.#received += chunk instanceof Uint8Array ? chunk.length : 0;
    if (this.#received > this.#limits.maxBodySize) return this.#breach(TOO_LARGE);
    const now = this.#clock.now();
    this.#catchUp(now);
    const hasRoom = push();
    if (!hasRoom) this.#behindSince = now;
    return hasRoom;
  }

  /** A chunk came, or everything was read: the reader is no longer behind, and the client has its time again. */
  #catchUp(now: number): void {
    if (this.#behindSince !== null) this.#timeBehind += now - this.#behindSince;
    this.#behindSince = null;
    this.#lastChunkAt = now;
  }

  /** Sleeps until the earlier of the two deadlines; chunks do no more than move them on. */
  #wait(): void {
    const deadline = this.#deadline();
    if (deadline !== Number.POSITIVE_INFINITY) this.#sleep(Math.max(1, deadline - this.#clock.now()));
  }

  #check(): void {
    const now = this.#clock.now();
    if (this.#behindSince !== null && this.#body.readableLength === 0) this.#catchUp(now);
    if (this.#behindSince !== null) this.#sleep(PATROL);
    else if (now >= this.#deadline()) this.#breach(TOO_SLOW);
    else this.#wait();
  }

  #sleep(delay: number): void {
    this.#cancel = this.#clock.after(delay, () => this.#check());
  }

  #deadline(): number {
    const { bodyTimeout, bodyMinRate, bodyGrace } = this.#limits;
    const pause = bodyTimeout === 0 ? Number.POSITIVE_INFINITY : this.#lastChunkAt + bodyTimeout;
    const allowed = bodyGrace + (this.#received / bodyMinRate) * 1000;
    const rate =
      bodyMinRate === 0 ? Number.POSITIVE_INFINITY : (this.#startedAt ?? 0) + this.#timeBehind + allowed;
    return Math.min(pause, rate);
  }

  #breach(refusal: Refusal): true {
    this.#finish();
    this.#listener.onBreach(refusal);
    return true;
  }

  #finish(): void {
    this.#isOver = true;
    this.#cancel();
  }
}
