// A worker's signs of life: begun by the worker's side when it serves, heard by its supervisor.
import { type Clock, systemClock } from '../listen/front/clock.js';
import type { FromWorker } from './messages.js';
import { BEAT_EVERY } from './worker-health.js';

export type Beat = FromWorker & { readonly kind: 'beat' };

/** Requests answered since the start, and under way; connections. */
export type Counts = Pick<Beat, 'answered' | 'busy' | 'connections'>;

/**
 * Sends how the worker is, at once and then once a second, until the function that it gives is called. It keeps no
 * process alive, and a loop that blocks stops it: that is what it is for.
 */
export function startBeat(
  send: (beat: Beat) => void,
  counts: () => Counts,
  clock: Clock = systemClock,
  memory: () => number = process.memoryUsage.rss,
): () => void {
  let cancel = (): void => undefined;
  let measured = 0;
  const beat = (): void => {
    cancel = clock.after(BEAT_EVERY, beat);
    try {
      measured = memory();
    } catch {
      // It is read from a file: without a free descriptor it stays what it was.
    }
    send({ kind: 'beat', memory: measured, ...counts() });
  };
  beat();
  return () => cancel();
}
