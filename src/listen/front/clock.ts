// Time, as the listeners' limits see it. Given to them as a parameter, so that tests need not wait.

export interface Clock {
  /** Milliseconds that only ever grow: setting the system's clock moves no deadline. */
  now(): number;
  /** Calls `action` after `delay` milliseconds unless the function that it gives is called before. Keeps no process alive. */
  after(delay: number, action: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (delay, action) => {
    const timer = setTimeout(action, delay).unref();
    return () => clearTimeout(timer);
  },
};
