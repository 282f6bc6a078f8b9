// Reloading by itself whenever a file changes that the deployment stands on. Made by cli for `--reload`; joins a watcher
// and a supervisor, and does nothing else.
import { isInstalled } from '../load/module-surroundings.js';
import type { Logger } from '../log.js';
import type { FileSet } from './messages.js';
import type { Outcome } from './supervision.js';

/** What is asked of a supervisor. */
export interface Reloadable {
  supersede(): Promise<Outcome>;
  hold(): void;
  release(): void;
  prepareStandby(): void;
  dropStandby(): void;
}

/** What tells of changes. */
export interface Watching {
  /** `since` is when the load began that used them, as Date.now() has it. */
  update(files: FileSet, since?: number): unknown;
  close(): void | Promise<void>;
}

export interface DevelopmentOptions {
  readonly log: Logger;
  /** Milliseconds that requests wait for a build at most: as the newest generation has it. */
  readonly holdTimeout: () => number;
  /** Begins to watch nothing; `update` says what. */
  readonly watch: (onChange: (paths: readonly string[]) => void) => Watching;
}

/** Until the answers that wait are out, nothing competes with them for the processor, in milliseconds. */
const BREATH = 50;

export class Development {
  readonly #options: DevelopmentOptions;
  readonly #supervisor: Reloadable;
  readonly #watching: Watching;
  #files: FileSet = { files: [], patterns: [] };
  #holding: NodeJS.Timeout | null = null;
  #changes = 0;

  constructor(supervisor: Reloadable, options: DevelopmentOptions) {
    this.#supervisor = supervisor;
    this.#options = options;
    this.#watching = options.watch((paths) => void this.#reload(paths));
  }

  /** How many files are watched, those aside that patterns stand for. */
  get size(): number {
    return this.#files.files.length;
  }

  /** The files of the newest attempt, whether it succeeded or not. One that was ended tells of none, and all stays as it was. */
  watch(files: FileSet, since?: number): void {
    if (files.files.length === 0) return;
    this.#files = files;
    this.#watching.update(files, since);
  }

  /** Files besides: of a build under way, which a change ends, or loaded since by what serves, perhaps after a failure. */
  watchMore({ files, patterns }: FileSet, since?: number): void {
    this.#files = {
      files: [...new Set([...this.#files.files, ...files])],
      patterns: [...new Set([...this.#files.patterns, ...patterns])],
    };
    this.#watching.update(this.#files, since);
  }

  /** An attempt is over: the next one will find a process that is up already. */
  rest(): void {
    setTimeout(() => this.#supervisor.prepareStandby(), BREATH).unref();
  }

  async close(): Promise<void> {
    this.#endHold();
    await this.#watching.close();
  }

  async #reload(paths: readonly string[]): Promise<void> {
    const { log } = this.#options;
    this.#changes += 1;
    const change = this.#changes;
    this.#hold();
    log.info({ files: paths }, `${describe(paths)} changed: reloading`);
    // It has loaded packages already.
    if (paths.some(isInstalled)) this.#supervisor.dropStandby();
    const outcome = await this.#supervisor.supersede();
    // Something has changed since: what waits goes on waiting, for the attempt that knows of it.
    if (change !== this.#changes) {
      // Too late to be given up, this one has taken over.
      if (this.#holding !== null) this.#supervisor.hold();
      return;
    }
    this.#endHold();
    // A new generation has what waited already.
    if (outcome.kind === 'failed') this.#supervisor.release();
    this.rest();
  }

  /** Requests wait for the new code, and not for ever. */
  #hold(): void {
    this.#supervisor.hold();
    this.#holding ??= setTimeout(() => {
      this.#holding = null;
      this.#supervisor.release();
    }, this.#options.holdTimeout());
  }

  #endHold(): void {
    if (this.#holding !== null) clearTimeout(this.#holding);
    this.#holding = null;
  }
}

function describe([first = '', ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}
