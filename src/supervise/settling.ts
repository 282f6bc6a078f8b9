// Whether changes can be told yet, or are still going on. Made by watcher.ts. A file that is gone is mostly about to come
// back, and a checkout or an install takes its time.
import type { Change } from './stamps.js';

/** Milliseconds after which changes are told although they go on. */
const LONGEST = 10_000;

export class Settling {
  readonly #patience: number;
  /** What was found last, and since when it is so. */
  #found = '';
  #foundAt = 0;
  #begunAt = 0;

  /** Milliseconds for which changes have to stay as they are. */
  constructor(patience: number) {
    this.#patience = patience;
  }

  /** Milliseconds to wait, at `now`, until these changes can be told; 0 where that is now. */
  wait(changes: readonly Change[], now: number): number {
    if (changes.length === 0) {
      this.#found = '';
      return 0;
    }
    const found = changes.map(({ path, stamp }) => `${path} ${stamp.key}`).join('\n');
    if (this.#found === '') this.#begunAt = now;
    if (this.#found !== found) this.#foundAt = now;
    this.#found = found;
    const left = Math.min(this.#foundAt + this.#patience, this.#begunAt + LONGEST) - now;
    if (left <= 0) this.#found = '';
    return Math.max(0, left);
  }
}
