// Tells when files have changed that a deployment stands on. Made by cli for a supervisor. The only importer of chokidar,
// which is loaded when there is something to watch. All that it hears is a reason to look: the stamps decide.
import { resolve } from 'node:path';
import { toError, WsgiServeError } from '../errors.js';
import { isInstalled } from '../load/module-surroundings.js';
import { type Disk, realDisk } from './disk.js';
import { FolderWatches, type WatchFolder } from './folder-watches.js';
import type { FileSet } from './messages.js';
import { findMatches, type Pattern, parsePattern } from './patterns.js';
import { Settling } from './settling.js';
import { type Change, Stamps } from './stamps.js';
import { WatchPlan } from './watch-plan.js';

/** All times are milliseconds. */
export interface WatcherOptions {
  /** Gets each path that is not what it was when this was called last, or when it was first to be watched. */
  readonly onChange: (changed: readonly string[]) => void;
  /** Called once, when some folder cannot be watched: changes may be noticed a second late from then on. */
  readonly onProblem?: (error: Error) => void;
  /** How long nothing may happen before it looks; 20. */
  readonly quiet?: number;
  /** How long it waits for that at most; 400. */
  readonly longest?: number;
  /** How often it looks without a reason; 2000. */
  readonly sweep?: number;
  readonly disk?: Disk;
  /** How a folder is watched; by chokidar. */
  readonly watchFolder?: WatchFolder;
}

/**
 * How long changes that are probably not the last must stay as they are, in milliseconds: editors and compilers that
 * write a file anew leave it gone or empty for less, and a checkout of many files goes on for longer than it is quiet.
 */
const UNFINISHED = 100;

/** So many files are not changed by hand. */
const MANY = 10;

/** How often it looks at most where it hears nothing, in milliseconds. */
const BLIND_SWEEP = 1000;

/** A sweep may take this share of the time, wherever the files are. */
const SWEEP_SHARE = 1 / 20;

export class Watcher {
  readonly #options: Required<Omit<WatcherOptions, 'watchFolder'>>;
  readonly #watchFolder: WatchFolder | null;
  readonly #stamps: Stamps;
  readonly #unfinished = new Settling(UNFINISHED);
  readonly #installing: Settling;
  #watches: Promise<FolderWatches> | null = null;
  #patterns: readonly Pattern[] = [];
  #plan = new WatchPlan();
  /** Looked at whenever there is a reason. */
  #own = new Set<string>();
  /** Files of packages. They are many and change by an install: watching their folders would cost more than sweeping them. */
  #installed = new Set<string>();
  /** When the first thing was heard that has not been looked at. */
  #heardAt: number | null = null;
  #look: NodeJS.Timeout | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #isBlind = false;
  #isClosed = false;

  constructor({ watchFolder, ...options }: WatcherOptions) {
    const defaults = { onProblem: () => undefined, quiet: 20, longest: 400, sweep: 2000, disk: realDisk };
    this.#options = { ...defaults, ...options };
    this.#watchFolder = watchFolder ?? null;
    this.#stamps = new Stamps(this.#options.disk);
    this.#installing = new Settling(this.#options.sweep / 2);
  }

  /**
   * Watches these files from now on, and no others. Those that it knows are still measured by what they were; the others
   * by what they are, unless they were changed later than `since` (as Date.now() has it: when the load began that used
   * them), which is told as a change. Resolves when every folder is watched.
   */
  async update({ files, patterns }: FileSet, since?: number): Promise<void> {
    this.#patterns = patterns.flatMap(parsePattern);
    const matches = findMatches(this.#patterns, this.#options.disk);
    const all = new Set([...files, ...matches.files]);
    this.#own = new Set([...all].filter((path) => !isInstalled(path)));
    this.#installed = new Set([...all].filter(isInstalled));
    this.#stamps.retain(all);
    this.#stamps.baseline(all, since);
    if (matches.isCut) this.#fail(tooMany());
    this.#sweepLater(0);
    await this.#follow(matches.folders);
    this.#hear();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#look);
    clearTimeout(this.#sweep);
    await (await this.#watches)?.close();
  }

  /** Something may have changed: looks as soon as it is quiet. */
  #hear(): void {
    const now = performance.now();
    this.#heardAt ??= now;
    const { quiet, longest } = this.#options;
    this.#lookIn(Math.max(0, Math.min(quiet, this.#heardAt + longest - now)));
  }

  #lookIn(delay: number): void {
    clearTimeout(this.#look);
    if (!this.#isClosed) this.#look = setTimeout(() => this.#lookNow(), delay);
  }

  #lookNow(): void {
    this.#heardAt = null;
    const folders = this.#match();
    const changes = this.#stamps.compare(this.#own);
    const isUnfinished = changes.length >= MANY || changes.some(({ isGone }) => isGone);
    const wait = this.#unfinished.wait(isUnfinished ? changes : [], performance.now());
    if (wait > 0) this.#lookIn(wait);
    else this.#tell(changes, this.#movedLinks());
    void this.#follow(folders);
  }

  #sweepLater(took: number): void {
    clearTimeout(this.#sweep);
    if (this.#isClosed) return;
    const often = this.#isBlind ? Math.min(this.#options.sweep, BLIND_SWEEP) : this.#options.sweep;
    this.#sweep = setTimeout(() => this.#sweepNow(), Math.max(often, took / SWEEP_SHARE)).unref();
  }

  /** Notices what was not heard. What is found may be half written, so it is one more reason to look. */
  #sweepNow(): void {
    const begun = performance.now();
    const folders = this.#match();
    const isChanged = this.#stamps.compare(this.#own).length > 0 || this.#movedLinks().length > 0;
    if (isChanged && this.#heardAt === null) this.#hear();
    const installed = this.#stamps.compare(this.#installed);
    if (this.#installing.wait(installed, begun) === 0) this.#tell(installed, []);
    void this.#follow(folders);
    this.#sweepLater(performance.now() - begun);
  }

  #tell(changes: readonly Change[], links: readonly string[]): void {
    if (changes.length + links.length === 0) return;
    this.#stamps.take(changes);
    this.#options.onChange([...changes.map(({ path }) => path), ...links]);
  }

  /** Takes in what the patterns stand for by now, and gives the folders in which more may come. */
  #match(): ReadonlySet<string> {
    const { files, folders } = findMatches(this.#patterns, this.#options.disk);
    for (const file of files) this.#own.add(file);
    return folders;
  }

  /** Links to folders that lead to another one: by the content of single files that might not be seen. */
  #movedLinks(): readonly string[] {
    const moved = [...this.#plan.links].filter(([link, target]) => this.#options.disk.real(link) !== target);
    return moved.map(([link]) => link);
  }

  /** Watches what has to be watched now: folders come and go, and links lead elsewhere. */
  async #follow(whole: Iterable<string>): Promise<void> {
    const plan = new WatchPlan(this.#options.disk);
    for (const path of this.#own) plan.add(path);
    for (const folder of whole) plan.addWhole(folder);
    this.#plan = plan;
    this.#watches ??= this.#open();
    const watches = await this.#watches;
    if (this.#isClosed || this.#plan !== plan) return;
    const isFresh = await watches.follow(plan, (folder, name) => this.#heard(folder, name));
    if (isFresh) this.#hear();
  }

  #heard(folder: string, name: string | null): void {
    const isWanted = (path: string): boolean =>
      this.#patterns.some((pattern) => pattern.matches(path)) ||
      this.#options.disk.stat(path)?.kind === 'folder';
    if (name === null || this.#plan.matters(folder, name, isWanted)) this.#hear();
  }

  async #open(): Promise<FolderWatches> {
    const watchFolder = this.#watchFolder ?? (await chokidarFolders());
    return new FolderWatches(watchFolder, (error) => this.#fail(error), this.#options.disk);
  }

  #fail(error: Error): void {
    if (this.#isBlind || this.#isClosed) return;
    this.#isBlind = true;
    this.#options.onProblem(error);
    this.#sweepLater(0);
  }
}

function tooMany(): WsgiServeError {
  return new WsgiServeError('bad-value', 'watch_files stands for more folders than can be watched', {
    hint: 'A pattern that begins nearer to the files that matter',
  });
}

/**
 * One chokidar for each folder, on the folder alone: its files are ignored, as a watch on a file is blind once the file
 * was replaced. What is heard are chokidar's raw events, which tell of every file in the folder, at once. That makes its
 * own ways to wait needless: `awaitWriteFinish` would add its time to ours, and `atomic` a hundred milliseconds to each
 * deletion. It does not poll, since the sweeps do, by content and not by time.
 */
async function chokidarFolders(): Promise<WatchFolder> {
  const { watch } = await import('chokidar');
  return (folder, hear, fail) => {
    const watcher = watch(folder, {
      depth: 0,
      ignored: (path) => resolve(path) !== folder,
      ignoreInitial: true,
      ignorePermissionErrors: true,
      usePolling: false,
      awaitWriteFinish: false,
      atomic: false,
    });
    let isReady: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => {
      isReady = resolve;
    });
    watcher.once('ready', isReady);
    watcher.on('raw', (_event, name) => hear(typeof name === 'string' ? name : null));
    watcher.on('error', (error) => fail(toError(error)));
    const close = (): Promise<void> => {
      isReady();
      return watcher.close();
    };
    return { ready, close };
  };
}
