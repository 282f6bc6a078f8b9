// Time, as the listeners' limits see it. Given to them as a parameter, so that tests need not wait.

export interface Clock {
  /** Milliseconds that only ever grow: setting the system's clock moves no deadline. */
  now(): number;
  /**
   * Calls `action` after `delay` milliseconds, or after 24 days where that is longer, unless the function that it gives is
   * called before. Keeps no process alive.
   */
  after(delay: number, action: () => void): () => void;
}

/** Timers of Node that are longer ring at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (delay, action) => {
    const timer = setTimeout(action, Math.min(delay, LONGEST_TIMER)).unref();
    return () => clearTimeout(timer);
  },
};
