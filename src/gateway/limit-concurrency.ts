// At most so many requests at a time, the others in a queue (PEP 3333, "Thread Support"). Called by node-handler.ts.
// It stands around the run of a request and not around an app: there it is known, of every kind of app, when a request
// is over and when a client goes away, and nothing is changed of what an app gets or returns.
import type { Exchange } from './exchange.js';

/** Answers one request. Never throws or rejects; the promise, where there is one, resolves when the body was closed. */
export type RunRequest<Request> = (exchange: Request) => Promise<void> | undefined;

/** An exchange that can tell of its end. */
export interface Ending extends Pick<Exchange, 'closed' | 'onClose'> {
  /** Resolves when the answer was ended or the client is gone; undefined where that is so already. */
  readonly over: Promise<void> | undefined;
}

/**
 * A `run` that is under way for `most` requests at a time; 0 sets no limit. The others wait for their turn, in the
 * order in which they came. A request holds its place until its run is over and its answer is too: node apps go on
 * behind their run. A client that goes away while it waits leaves the queue: for it nothing is run.
 */
export function limitConcurrency<Request extends Ending>(
  run: RunRequest<Request>,
  most: number,
): RunRequest<Request> {
  if (most === 0) return run;
  const places = new Places(most);
  const runInPlace = (exchange: Request): Promise<void> | undefined => {
    const running = run(exchange);
    const over = running === undefined ? exchange.over : running.then(() => exchange.over);
    if (over !== undefined) return over.finally(() => places.release());
    places.release();
    return undefined;
  };
  const runInTurn = async (exchange: Request): Promise<void> => {
    if (!(await places.wait((leave) => exchange.onClose(leave)))) return;
    if (exchange.closed) places.release();
    else await runInPlace(exchange);
  };
  return (exchange) => (places.take() ? runInPlace(exchange) : runInTurn(exchange));
}

/** A number of places and a queue for them. */
class Places {
  #free: number;
  /** Those who wait, each by what gives it its place; a set keeps the order and is left at once. */
  readonly #queue = new Set<() => void>();

  constructor(number: number) {
    this.#free = number;
  }

  /** Takes a place if one is free. */
  take(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  /** Resolves when a place was taken; with false where `onLeave` called its listener before. */
  wait(onLeave: (leave: () => void) => void): Promise<boolean> {
    return new Promise((resolve) => {
      const enter = (): void => resolve(true);
      this.#queue.add(enter);
      onLeave(() => {
        if (this.#queue.delete(enter)) resolve(false);
      });
    });
  }

  /** Gives a place back: to the one who waits longest, past everybody who comes now. */
  release(): void {
    const [next] = this.#queue;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#queue.delete(next);
    next();
  }
}
