// What has to be closed when a deployment ends: the `close` functions of apps and filters. One for each assembly.
import { severalProblems, toError, WsgiServeError } from '../errors.js';
import type { Subject } from './subject.js';
import { formatLimit, type TimeLimit, within } from './time-limit.js';

interface Closer {
  readonly subject: Subject;
  readonly close: () => unknown;
}

export class Closers {
  readonly #limit: TimeLimit;
  readonly #closers: Closer[] = [];
  readonly #known = new Set<unknown>();
  #closed: Promise<readonly WsgiServeError[]> | null = null;

  constructor(limit: TimeLimit) {
    // Closing goes on when building is given up.
    this.#limit = { ...limit, signal: null };
  }

  /**
   * Remembers the `close` function of an app or a filter. A filter may give back the app it got, or copy
   * its properties to a new one: the same thing is closed once.
   */
  collect(value: unknown, subject: Subject): void {
    if (!isHolder(value) || !('close' in value) || typeof value.close !== 'function') return;
    const { close } = value;
    const identity = Object.hasOwn(value, 'close') ? close : value;
    if (this.#known.has(identity)) return;
    this.#known.add(identity);
    this.#closers.push({ subject, close: () => close.call(value) });
  }

  /** Calls them all, the last built first, one after the other; a second call closes nothing. Gives what went wrong. */
  problems(): Promise<readonly WsgiServeError[]> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  /** As `problems`, but rejects with them (`close-failed`) once all are called. */
  async close(): Promise<void> {
    const [first, ...others] = await this.problems();
    if (first !== undefined) throw severalProblems([first, ...others]);
  }

  async #closeAll(): Promise<readonly WsgiServeError[]> {
    const problems: WsgiServeError[] = [];
    for (const closer of this.#closers.toReversed()) {
      const problem = await this.#closeOne(closer);
      if (problem !== null) problems.push(problem);
    }
    return problems;
  }

  async #closeOne({ subject: { label, place }, close }: Closer): Promise<WsgiServeError | null> {
    const late = () => new Error(`it is not done after ${formatLimit(this.#limit)}`);
    try {
      await within(this.#limit, close, late);
      return null;
    } catch (thrown) {
      const cause = toError(thrown);
      return new WsgiServeError('close-failed', `${label}: close() fails: ${cause.message}`, {
        place,
        cause,
      });
    }
  }
}

function isHolder(value: unknown): value is object {
  return typeof value === 'function' || (typeof value === 'object' && value !== null);
}
