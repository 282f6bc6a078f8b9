// Keeps the folders of a plan watched, whatever happens to them. Made by watcher.ts, which says how one folder is watched
// and what a sign of change leads to.
import { basename } from 'node:path';
import { type Disk, realDisk } from './disk.js';
import type { WatchPlan } from './watch-plan.js';

/** Watches one folder, not those below it. `hear` gets the name of what changed in it, where that is known. */
export type WatchFolder = (
  folder: string,
  hear: (name: string | null) => void,
  fail: (error: Error) => void,
) => FolderWatch;

export interface FolderWatch {
  /** Resolves when everything that happens is heard, or when it is closed. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

interface Watched {
  readonly watch: FolderWatch;
  /** Of the folder that is watched; one that comes in its place is another. */
  readonly identity: string | null;
  /** Something has happened to the folder itself: it may be gone, even if there is one of its name. */
  isSuspect: boolean;
}

export class FolderWatches {
  readonly #watchFolder: WatchFolder;
  readonly #fail: (error: Error) => void;
  readonly #disk: Disk;
  readonly #watched = new Map<string, Watched>();
  /** Watches that are about to end. */
  readonly #closing = new Set<Promise<void>>();

  constructor(watchFolder: WatchFolder, fail: (error: Error) => void, disk: Disk = realDisk) {
    this.#watchFolder = watchFolder;
    this.#fail = fail;
    this.#disk = disk;
  }

  /**
   * Watches the folders of `plan` and no others; `hear` gets what changes in them from now on. Resolves when all of them
   * are watched: to true if some were not before, in which something may have changed meanwhile.
   */
  async follow(plan: WatchPlan, hear: (folder: string, name: string | null) => void): Promise<boolean> {
    for (const [folder, watched] of this.#watched) {
      const isSame = !watched.isSuspect && this.#disk.stat(folder)?.identity === watched.identity;
      if (!isSame || !plan.has(folder)) this.#end(folder, watched);
    }
    const fresh = [...plan.folders].filter((folder) => !this.#watched.has(folder));
    for (const folder of fresh) this.#begin(folder, hear);
    await Promise.all([...this.#watched.values()].map(({ watch }) => watch.ready));
    return fresh.length > 0;
  }

  async close(): Promise<void> {
    for (const [folder, watched] of this.#watched) this.#end(folder, watched);
    await Promise.all(this.#closing);
  }

  #begin(folder: string, hear: (folder: string, name: string | null) => void): void {
    const identity = this.#disk.stat(folder)?.identity ?? null;
    const watch = this.#watchFolder(
      folder,
      (name) => {
        // What happens to the folder itself is told by its own name.
        if (name === basename(folder)) watched.isSuspect = true;
        hear(folder, watched.isSuspect ? null : name);
      },
      this.#fail,
    );
    const watched: Watched = { watch, identity, isSuspect: false };
    this.#watched.set(folder, watched);
  }

  #end(folder: string, { watch }: Watched): void {
    this.#watched.delete(folder);
    const closed = watch.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }
}
