// The files that one worker's deployment stands on: what was read, what was loaded, and what was looked for in vain.
// Made by worker.ts for each order.
import { dirname, isAbsolute, resolve } from 'node:path';
import { readRegularFile } from '../config/read.js';
import type { LocatedModule } from '../load/import-target.js';
import { isInstalled } from '../load/module-surroundings.js';
import type { ModuleTracker } from '../load/track-modules.js';
import { isTypeScript, type TsLoaderName, tsLoaderImport } from '../load/ts-loader.js';
import type { FileSet, ImportChain } from './messages.js';

/**
 * Packages that change what is loaded behind them: the environment, or the modules themselves. Where an app uses one, the
 * order of its imports matters.
 */
const ORDER_SENSITIVE =
  /[\\/]node_modules[\\/](?:dotenv|@dotenvx|@opentelemetry|@sentry|newrelic|dd-trace|elastic-apm-node|applicationinsights|[a-z]+-in-the-middle)/;

export class DeploymentFiles {
  readonly #main: string;
  readonly #tracker: ModuleTracker | null;
  readonly #read = new Set<string>();
  readonly #searched = new Set<string>();
  #patterns: readonly string[] = [];

  /** `main` is the deployment file itself: absolute. */
  constructor(main: string, tracker: ModuleTracker | null) {
    this.#main = main;
    this.#tracker = tracker;
    this.#read.add(main);
  }

  /** The folder of the deployment file. */
  get folder(): string {
    return dirname(this.#main);
  }

  /** In place of what reads deployment files. */
  readonly readFile = (path: string): Uint8Array => {
    this.#read.add(resolve(path));
    return readRegularFile(path);
  };

  /** Where a section's module was looked for, and is. */
  readonly onLocated = ({ section, url, searched }: LocatedModule): void => {
    if (section !== null && url !== null) this.#tracker?.graph.addRoot(section, url);
    for (const path of searched) this.#searched.add(path);
  };

  /** `watch_files`, relative to the deployment file. */
  watch(patterns: readonly string[]): void {
    this.#patterns = patterns.map((pattern) =>
      isAbsolute(pattern) ? pattern : resolve(this.folder, pattern),
    );
  }

  /** Everything so far. */
  async all(): Promise<FileSet> {
    await this.#tracker?.settle();
    return this.known;
  }

  /** What is known so far; modules may have been loaded besides. */
  get known(): FileSet {
    const { folder } = this;
    const loaded = this.#tracker?.files(folder) ?? [];
    const files = [...this.#read, ...this.#searched, resolve(folder, '.env'), ...loaded];
    return { files: [...new Set(files)], patterns: this.#patterns };
  }

  /** The files of packages that the user's own modules import; none where loading them early could change what they do. */
  get packages(): readonly string[] {
    const entries = this.#tracker?.graph.entriesOf(isInstalled) ?? [];
    const modules = entries.filter((path) => /\.[cm]?js$/.test(path));
    return modules.some(isOrderSensitive) ? [] : modules;
  }

  /** What runs TypeScript, for workers to come, where this one has loaded any; started with the process it costs less. */
  async loader(name: TsLoaderName): Promise<string | null> {
    if (!this.known.files.some(isTypeScript)) return null;
    return tsLoaderImport(name, this.folder, null).catch(() => null);
  }

  why(file: string): readonly ImportChain[] {
    return this.#tracker?.graph.why(file) ?? [];
  }
}

function isOrderSensitive(path: string): boolean {
  return ORDER_SENSITIVE.test(path);
}
