// How long user code may take while a deployment is built. Called around every factory, every module and every close().
// Nothing of the user's can be stopped; it is only no longer waited for.

/** Starts a timer of so many milliseconds; the function that it gives stops it. */
export type StartTimer = (milliseconds: number, ring: () => void) => () => void;

export interface TimeLimit {
  /** For each single call; null means for ever. */
  readonly milliseconds: number | null;
  readonly startTimer: StartTimer;
  /** Ends all waiting at once, with the signal's reason. */
  readonly signal: AbortSignal | null;
}

/** One minute for each call, by the real clock. */
export const DEFAULT_LIMIT: TimeLimit = {
  milliseconds: 60_000,
  startTimer: (milliseconds, ring) => {
    const timer = setTimeout(ring, milliseconds);
    return () => clearTimeout(timer);
  },
  signal: null,
};

/** What `work` gives, awaited. Rejects with what it throws, with `late()` when its time is over, or when aborted. */
export async function within<T>(limit: TimeLimit, work: () => T, late: () => Error): Promise<Awaited<T>> {
  limit.signal?.throwIfAborted();
  const result = work();
  let stop = () => {};
  const ended = new Promise<never>((_resolve, reject) => {
    stop = startWaiting(limit, () => reject(late()), reject);
  });
  return await Promise.race([result, ended]).finally(stop);
}

function startWaiting(limit: TimeLimit, ring: () => void, abort: (reason: unknown) => void): () => void {
  const { milliseconds, startTimer, signal } = limit;
  const stopTimer = milliseconds === null ? null : startTimer(milliseconds, ring);
  const onAbort = () => abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  // The work may have aborted it by itself, before anybody listened.
  if (signal?.aborted) onAbort();
  return () => {
    stopTimer?.();
    signal?.removeEventListener('abort', onAbort);
  };
}

/** `60 seconds`, `0.5 seconds`, for errors. */
export function formatLimit({ milliseconds }: TimeLimit): string {
  const seconds = (milliseconds ?? Number.POSITIVE_INFINITY) / 1000;
  return `${seconds} second${seconds === 1 ? '' : 's'}`;
}
