// Which folders have to be watched so that no change of a set of files goes unnoticed, and what in them matters. Made by
// watcher.ts, followed by folder-watches.ts. It only looks, and knows nothing of how folders are watched.
import { basename, dirname, join, resolve } from 'node:path';
import { type Disk, realDisk } from './disk.js';

/** What is to be watched; every folder in it exists, and has no links in its path. */
export class WatchPlan {
  /** The names that matter by the folder that they are in. */
  readonly #folders = new Map<string, Set<string>>();
  /** Folders in which any name may matter, by how they were called. */
  readonly #whole = new Map<string, string>();
  readonly #links = new Map<string, string>();
  readonly #disk: Disk;
  readonly #added = new Set<string>();
  readonly #real = new Map<string, string | null>();

  constructor(disk: Disk = realDisk) {
    this.#disk = disk;
  }

  get folders(): Iterable<string> {
    return this.#folders.keys();
  }

  /** Links to folders on the way to a path, and where they lead: another folder is another set of files. */
  get links(): ReadonlyMap<string, string> {
    return this.#links;
  }

  /**
   * Watches the folder of a path, and every folder in which a link on the way to it lies. If the folder does not exist,
   * the nearest one that does: there its beginning will appear.
   */
  add(path: string): void {
    const folder = dirname(path);
    if (folder === path || this.#added.has(path)) return;
    this.#added.add(path);
    const real = this.#realOf(folder);
    if (real === null) {
      this.add(folder);
      return;
    }
    this.#namesIn(real).add(basename(path));
    const target = this.#disk.link(path);
    if (target !== null) this.add(resolve(real, target));
  }

  /** Watches a folder for names that are not known yet. */
  addWhole(folder: string): void {
    const real = this.#realOf(folder);
    if (real === null) {
      this.add(folder);
      return;
    }
    this.#namesIn(real);
    this.#whole.set(real, folder);
  }

  has(folder: string): boolean {
    return this.#folders.has(folder);
  }

  /** Whether it matters that `name` in `folder` has changed; `isWanted` is asked for names that are not known. */
  matters(folder: string, name: string, isWanted: (path: string) => boolean): boolean {
    if (this.#folders.get(folder)?.has(name) === true) return true;
    const called = this.#whole.get(folder);
    return called !== undefined && isWanted(join(called, name));
  }

  #namesIn(folder: string): Set<string> {
    const names = this.#folders.get(folder) ?? new Set();
    this.#folders.set(folder, names);
    return names;
  }

  #realOf(folder: string): string | null {
    const known = this.#real.get(folder);
    if (known !== undefined) return known;
    const real = this.#disk.real(folder);
    this.#real.set(folder, real);
    if (real !== null && real !== folder) this.#addLinks(folder);
    return real;
  }

  /** Each link in the path of a folder lies in a folder itself. */
  #addLinks(folder: string): void {
    const parent = dirname(folder);
    if (parent === folder) return;
    if (this.#disk.link(folder) !== null) {
      this.#links.set(folder, this.#disk.real(folder) ?? '');
      this.add(folder);
    }
    this.#addLinks(parent);
  }
}
