// What watching asks of a disk, in one place, so that tests can give their own. Called by stamps.ts, patterns.ts and
// watch-plan.ts. Nothing here throws: what cannot be looked at is not there.
import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';

/** What a path leads to, links followed. */
export interface PathStat {
  readonly kind: 'file' | 'folder' | 'other';
  /** Device and inode: the thing itself, whatever it is called. */
  readonly identity: string;
  /** Nanoseconds. */
  readonly modified: bigint;
  /** Milliseconds: the last change of whatever kind, a new name too. */
  readonly changed: number;
  readonly size: number;
}

/** An entry of a folder; links are not followed. */
export interface Entry {
  readonly name: string;
  readonly isFolder: boolean;
}

export interface Disk {
  /** Null where there is nothing. */
  stat(path: string): PathStat | null;
  read(path: string): Uint8Array | null;
  /** Sorted by name; none where there is no folder. */
  list(folder: string): readonly Entry[];
  /** Where a link leads, as it is written in it; null for what is no link. */
  link(path: string): string | null;
  /** Without links in it; null where there is nothing. */
  real(path: string): string | null;
  /** Milliseconds, as the times of files. */
  now(): number;
}

// Blocking calls cost a tenth of what their asynchronous counterparts cost, and there are thousands.
export const realDisk: Disk = {
  stat: (path) =>
    quietly(() => {
      const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
      if (stat === undefined) return null;
      const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : 'other';
      const identity = `${stat.dev}:${stat.ino}`;
      return {
        ...{ kind, identity, modified: stat.mtimeNs },
        changed: Number(stat.ctimeNs) / 1e6,
        size: Number(stat.size),
      };
    }),
  read: (path) => quietly(() => readFileSync(path)),
  list: (folder) =>
    quietly(() =>
      readdirSync(folder, { withFileTypes: true })
        .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
        .sort((one, other) => (one.name < other.name ? -1 : 1)),
    ) ?? [],
  link: (path) =>
    quietly(() =>
      lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(path) : null,
    ),
  real: (path) => quietly(() => realpathSync.native(path)),
  now: () => Date.now(),
};

function quietly<Value>(ask: () => Value | null): Value | null {
  try {
    return ask();
  } catch {
    return null;
  }
}
