// The streams that browsers listen to: each says which generation serves, and then that it is still there (server-sent
// events, HTML Living Standard section 9.2). Made by live-reload.ts.
import type { Environ, StartResponse, WsgiBody } from '../../gateway/wsgi-types.js';
import type { Clock } from '../../listen/front/clock.js';

/** Milliseconds between two signs of life: proxies cut what is silent for long. */
const QUIET = 15_000;
const COMMENT = Buffer.from(':\n\n');
const END: Step = { done: true, value: undefined };

type Step = IteratorResult<Uint8Array, undefined>;

export class LiveEvents {
  readonly #first: Uint8Array;
  readonly #clock: Clock;
  readonly #open = new Set<EventStream>();
  #isLeaving = false;

  constructor(generation: string, clock: Clock) {
    this.#first = Buffer.from(`id: ${generation}\ndata: ${generation}\n\n`);
    this.#clock = clock;
  }

  answer(environ: Environ, startResponse: StartResponse): WsgiBody {
    if (environ.REQUEST_METHOD !== 'GET' && environ.REQUEST_METHOD !== 'HEAD') {
      startResponse('405 Method Not Allowed', [
        ['Allow', 'GET, HEAD'],
        ['Content-Type', 'text/plain; charset=utf-8'],
        ['Content-Length', '0'],
      ]);
      return [];
    }
    startResponse('200 OK', [
      ['Content-Type', 'text/event-stream; charset=utf-8'],
      ['Cache-Control', 'no-store'],
      // nginx collects what it passes on unless it is told not to.
      ['X-Accel-Buffering', 'no'],
    ]);
    if (environ.REQUEST_METHOD === 'HEAD') return [];
    return this.#isLeaving ? [this.#first] : this.#stream();
  }

  leave(): void {
    this.#isLeaving = true;
    for (const stream of this.#open) stream.close();
  }

  #stream(): EventStream {
    const stream = new EventStream(this.#first, this.#clock, () => this.#open.delete(stream));
    this.#open.add(stream);
    return stream;
  }
}

class EventStream implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  #first: Uint8Array | null;
  #isOver = false;
  /** Ends a `next` that waits. */
  #wake = (): void => undefined;

  constructor(first: Uint8Array, clock: Clock, onEnd: () => void) {
    this.#first = first;
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<Step> {
    const first = this.#first;
    this.#first = null;
    if (first !== null) return { done: false, value: first };
    return this.#isOver ? END : this.#pause();
  }

  async return(): Promise<Step> {
    this.close();
    return END;
  }

  /** Nobody listens any more, or nobody is to; a second call does nothing. */
  close(): void {
    this.#isOver = true;
    this.#wake();
    this.#onEnd();
  }

  #pause(): Promise<Step> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(QUIET, () => resolve({ done: false, value: COMMENT }));
      this.#wake = () => {
        cancel();
        resolve(END);
      };
    });
  }
}
