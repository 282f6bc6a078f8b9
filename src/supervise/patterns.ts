// Which files the patterns of `watch_files` stand for: `*`, `**`, `?` and `{a,b}`, as in a shell. Called by watcher.ts.
// Node has globs of its own from 22 on only.
import { join } from 'node:path';
import { type Disk, realDisk } from './disk.js';

/** A pattern, ready to be asked. */
export interface Pattern {
  /** The folder below which everything lies that it matches; no wildcard is in it. */
  readonly base: string;
  /** How many folders deep below `base` it reaches; 0 for the files in `base` itself. */
  readonly depth: number;
  /** For absolute paths of files. */
  matches(path: string): boolean;
}

/** What patterns stand for at the moment. */
export interface Matches {
  readonly files: ReadonlySet<string>;
  /** All that were looked into: what is made in them may match. */
  readonly folders: ReadonlySet<string>;
  /** There were more of them than are looked into. */
  readonly isCut: boolean;
}

/** Folders that are looked into for all patterns together. */
const MOST_FOLDERS = 5000;

/**
 * The patterns that an absolute one stands for: one for each of its alternatives. A path without a wildcard stands for
 * that file and for all files below that folder. Wildcards match neither names that begin with a dot nor those that
 * `isPassing` is true of, unless the pattern ends like them: `logs/*.log`.
 */
export function parsePattern(pattern: string): readonly Pattern[] {
  return alternatives(slashed(pattern)).flatMap((one) =>
    isPlain(one) ? [compile(one), compile(`${one.replace(/\/$/, '')}/**`)] : [compile(one)],
  );
}

/**
 * Walks the folders below each base. It follows no links to folders, and looks neither into `node_modules` nor into
 * folders whose names begin with a dot, unless the base lies in one.
 */
export function findMatches(patterns: readonly Pattern[], disk: Disk = realDisk): Matches {
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const pattern of patterns) {
    // Those near the base first, in case there are too many.
    const queue = [{ folder: pattern.base, depth: pattern.depth }];
    for (const { folder, depth } of queue) {
      if (folders.size >= MOST_FOLDERS) break;
      folders.add(folder);
      for (const { name, isFolder } of disk.list(folder)) {
        const path = join(folder, name);
        if (!isFolder && pattern.matches(path)) files.add(path);
        if (isFolder && depth > 0 && !/^\.|^node_modules$/.test(name))
          queue.push({ folder: path, depth: depth - 1 });
      }
    }
  }
  return { files, folders, isCut: folders.size >= MOST_FOLDERS };
}

/** Names that come and go beside code without being part of it: logs, pid files, sockets, what editors leave behind. */
export function isPassing(name: string): boolean {
  return /(?:\.(?:log|pid|sock|socket|tmp|sw[a-z])(?:\.\d+)?(?:\.gz)?|~)$|^\.#|^4913$/.test(name);
}

/** `a{b,c}` is `ab` and `ac`; the innermost braces come first. */
function alternatives(pattern: string): readonly string[] {
  const [whole, before, inner = '', after] = /^(.*?)\{([^{}]*)\}(.*)$/s.exec(pattern) ?? [];
  if (whole === undefined) return [pattern];
  return inner.split(',').flatMap((part) => alternatives(`${before}${part}${after}`));
}

function slashed(path: string): string {
  return process.platform === 'win32' ? path.replaceAll('\\', '/') : path;
}

function isPlain(pattern: string): boolean {
  return !/[*?]/.test(pattern);
}

function compile(pattern: string): Pattern {
  const segments = pattern.split('/');
  const last = segments.at(-1) ?? '';
  const wild = segments.findIndex((segment) => !isPlain(segment));
  const plain = wild === -1 ? segments.length - 1 : wild;
  const expression = new RegExp(`^${segments.map(sourceOf).join('')}$`, 's');
  return {
    base: segments.slice(0, plain).join('/') || '/',
    depth: segments.includes('**') ? Number.POSITIVE_INFINITY : segments.length - 1 - plain,
    matches(path) {
      const text = slashed(path);
      return expression.test(text) && (isPassing(last) || !isPassing(text.slice(text.lastIndexOf('/') + 1)));
    },
  };
}

/** The part of a regular expression for one segment, and the slash behind it. */
function sourceOf(segment: string, index: number, { length }: readonly string[]): string {
  const isLast = index === length - 1;
  if (segment === '**') return `(?:(?!\\.|node_modules/)[^/]+/)*${isLast ? '(?!\\.)[^/]+' : ''}`;
  const wild = segment
    .replace(/[.+^$()|[\]{}\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  return `${/^[*?]/.test(segment) ? '(?!\\.)' : ''}${wild}${isLast ? '' : '/'}`;
}
