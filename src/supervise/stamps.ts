// Whether files have changed since they were looked at last. Made by watcher.ts. Times are compared, never ordered, and a
// file counts as changed only if its content has, as far as that is known.
import { createHash } from 'node:crypto';
import { isInstalled } from '../load/module-surroundings.js';
import { type Disk, type PathStat, realDisk } from './disk.js';
import { isPassing } from './patterns.js';

/** What a path was like. */
interface Stamp {
  /** While it is the same, nothing is read. */
  readonly key: string;
  /** A digest, or the names in a folder; null where the key alone counts. */
  readonly content: string | null;
  /** A further change could have left the key as it was. */
  readonly isYoung: boolean;
}

/** A path that is not what it was. */
export interface Change {
  readonly path: string;
  /** What it is now; to be handed to `take`. */
  readonly stamp: Stamp;
  /** Or empty, as many a file is in the moment before it is written anew. */
  readonly isGone: boolean;
}

/** Bytes; what is larger is told by size and time alone. */
const LARGEST_READ = 8 * 1024 * 1024;

/** Milliseconds: no file system tells times in coarser steps (FAT). */
const COARSEST_TIME = 2000;

const GONE: Stamp = { key: '', content: null, isYoung: false };

/** Equal to nothing that can be found. */
const UNKNOWN: Stamp = { key: '?', content: null, isYoung: false };

export class Stamps {
  readonly #disk: Disk;
  readonly #stamps = new Map<string, Stamp>();

  constructor(disk: Disk = realDisk) {
    this.#disk = disk;
  }

  /**
   * Stamps the paths that have none yet; those that have one keep it, so that a change during a load is seen after it. What
   * was changed later than `since` (milliseconds) counts as changed, since it may have been loaded before.
   */
  baseline(paths: Iterable<string>, since = Number.POSITIVE_INFINITY): void {
    for (const path of paths) {
      if (this.#stamps.has(path)) continue;
      const stat = this.#disk.stat(path);
      const isLate = stat?.kind === 'file' && stat.changed > since;
      this.#stamps.set(path, isLate ? UNKNOWN : this.#stamp(path, stat));
    }
  }

  /** Forgets every other path. */
  retain(paths: ReadonlySet<string>): void {
    for (const path of this.#stamps.keys()) {
      if (!paths.has(path)) this.#stamps.delete(path);
    }
  }

  /** Those of `paths` that are not what they were; a path without a stamp was not there. Goes on finding them until they are taken. */
  compare(paths: Iterable<string>): readonly Change[] {
    const changes: Change[] = [];
    for (const path of paths) {
      const before = this.#stamps.get(path) ?? GONE;
      const stat = this.#disk.stat(path);
      if (keyOf(stat) === before.key && !before.isYoung) continue;
      // Behind the stat: what is written meanwhile makes the next comparison look again.
      const stamp = this.#stamp(path, stat);
      if (isSame(before, stamp)) this.#stamps.set(path, stamp);
      else changes.push({ path, stamp, isGone: stat === null || isEmpty(stat) });
    }
    return changes;
  }

  /** From now on these are what later changes are measured by. */
  take(changes: readonly Change[]): void {
    for (const { path, stamp } of changes) this.#stamps.set(path, stamp);
  }

  #stamp(path: string, stat: PathStat | null): Stamp {
    if (stat === null) return GONE;
    const content = this.#contentOf(path, stat);
    const age = this.#disk.now() - Number(stat.modified / 1_000_000n);
    return { key: keyOf(stat), content, isYoung: content !== null && Math.abs(age) < COARSEST_TIME };
  }

  /** Packages are many and are not edited; null for them, too. */
  #contentOf(path: string, { kind, size }: PathStat): string | null {
    if (kind === 'folder') return this.#namesIn(path);
    if (kind === 'other' || size > LARGEST_READ || isInstalled(path)) return null;
    const bytes = this.#disk.read(path);
    return bytes === null ? null : createHash('sha1').update(bytes).digest('base64');
  }

  #namesIn(folder: string): string {
    const names = this.#disk.list(folder).map(({ name }) => name);
    return names.filter((name) => !isPassing(name)).join('/');
  }
}

/** Devices, pipes and sockets are what they are. */
function keyOf(stat: PathStat | null): string {
  if (stat === null) return GONE.key;
  const { kind, identity, modified, size } = stat;
  return kind === 'other' ? kind : `${kind} ${identity} ${modified} ${size}`;
}

function isEmpty({ kind, size }: PathStat): boolean {
  return kind === 'file' && size === 0;
}

function isSame(before: Stamp, now: Stamp): boolean {
  if (before.content === null || now.content === null) return before.key === now.key;
  return before.content === now.content;
}
