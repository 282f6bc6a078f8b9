// Attempts, one at a time: what is asked for while one is under way is one more, however often it is asked for. Made by
// supervisor.ts.

export class Attempts<Outcome> {
  readonly #run: (signal: AbortSignal) => Promise<Outcome>;
  #current: Promise<unknown> = Promise.resolve();
  #next: Promise<Outcome> | null = null;
  #abort = new AbortController();

  /** `run` must not reject; its signal is aborted where its outcome is no longer wanted. */
  constructor(run: (signal: AbortSignal) => Promise<Outcome>) {
    this.#run = run;
  }

  /** Resolves to the outcome of an attempt that begins from now on. */
  ask(): Promise<Outcome> {
    this.#next ??= this.#current.then(() => {
      this.#next = null;
      this.#abort = new AbortController();
      const attempt = this.#run(this.#abort.signal);
      this.#current = attempt;
      return attempt;
    });
    return this.#next;
  }

  /** Resolves when no attempt is under way. */
  async settled(): Promise<void> {
    await this.#current;
  }

  /** Tells the attempt under way that its outcome is not wanted. */
  abort(): void {
    this.#abort.abort();
  }
}
