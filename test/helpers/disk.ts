// A disk in memory that counts what is asked of it, for tests of what watching makes of a disk.
import type { Disk, Entry, PathStat } from '../../src/supervise/disk.js';

/** Files by path, with what a stat says of them; `now` and the maps may be changed between two questions. */
export class FakeDisk implements Disk {
  readonly files = new Map<string, { text: string; modified: number; identity: number; changed?: number }>();
  readonly folders = new Map<string, readonly Entry[]>();
  readonly reads: string[] = [];
  /** Long after everything that is written without a time. */
  clock = 1_000_000;
  #identities = 0;

  /** Writes in place, at `modified` milliseconds. */
  write(path: string, text: string, modified = 1000): void {
    const identity = this.files.get(path)?.identity ?? this.#nextIdentity();
    this.files.set(path, { text, modified, identity });
  }

  /** Another file takes the place of this one. */
  replace(path: string, text: string, modified = 1000): void {
    this.files.set(path, { text, modified, identity: this.#nextIdentity() });
  }

  stat(path: string): PathStat | null {
    const file = this.files.get(path);
    const entries = this.folders.get(path);
    if (file === undefined && entries === undefined) return null;
    const {
      text,
      modified,
      identity,
      changed = modified,
    } = file ?? {
      ...{ text: '', modified: entries?.length ?? 0, identity: 0 },
    };
    return {
      kind: file === undefined ? 'folder' : 'file',
      identity: String(identity),
      modified: BigInt(modified) * 1_000_000n,
      changed,
      size: text.length,
    };
  }

  read(path: string): Uint8Array | null {
    this.reads.push(path);
    const file = this.files.get(path);
    return file === undefined ? null : Buffer.from(file.text);
  }

  list(folder: string): readonly Entry[] {
    return this.folders.get(folder) ?? [];
  }

  link(): null {
    return null;
  }

  real(path: string): string | null {
    return this.stat(path) === null ? null : path;
  }

  now(): number {
    return this.clock;
  }

  #nextIdentity(): number {
    this.#identities += 1;
    return this.#identities;
  }
}
