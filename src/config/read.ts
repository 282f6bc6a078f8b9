// The only door to the disk of everything that is pure: reads one deployment file. Called by files.ts.
// Reads regular files of a sane size and nothing else: a FIFO would hang, a device would never end.
import { readFileSync, statSync } from 'node:fs';
import { type ErrorDetails, toError, WsgiServeError } from '../errors.js';
import { decodeText } from '../ini/decode.js';
import type { Place, Source } from '../source.js';

/** Gives the bytes of a file, or throws what `node:fs` or readRegularFile throws. */
export type ReadFile = (path: string) => Uint8Array;

/** The largest deployment file that is read, in bytes. */
export const MAX_FILE_SIZE = 16 * 1024 * 1024;

/**
 * The text of the file at `path`, which is shown as `name`. `place` is where the file is named, if it is.
 * Throws `file-not-found`, `file` or `encoding`.
 */
export function readSource(path: string, name: string, place: Place | null, readFile: ReadFile): Source {
  return decodeText(readBytes(path, name, place, readFile), name);
}

/** Reads a regular file of up to MAX_FILE_SIZE bytes. Throws `file`, or what `node:fs` throws. */
export function readRegularFile(path: string): Uint8Array {
  const stats = statSync(path);
  if (stats.isDirectory()) throw unfit(path, 'it is a folder', {});
  if (!stats.isFile()) throw unfit(path, 'it is not a regular file', {});
  if (stats.size > MAX_FILE_SIZE) throw unfit(path, `it is larger than ${MAX_FILE_SIZE} bytes`, {});
  return readFileSync(path);
}

function readBytes(path: string, name: string, place: Place | null, readFile: ReadFile): Uint8Array {
  try {
    return readFile(path);
  } catch (thrown) {
    if (thrown instanceof WsgiServeError) throw new WsgiServeError(thrown.code, thrown.message, { place });
    throw unreadable(name, place, toError(thrown));
  }
}

function unreadable(name: string, place: Place | null, cause: Error): WsgiServeError {
  const system = 'code' in cause ? String(cause.code) : '';
  if (system !== 'ENOENT') return unfit(name, REASONS.get(system) ?? cause.message, { place, cause });
  return new WsgiServeError('file-not-found', `there is no file ${name}`, { place, cause });
}

function unfit(name: string, why: string, details: ErrorDetails): WsgiServeError {
  return new WsgiServeError('file', `${name} cannot be read: ${why}`, details);
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'no permission'],
  ['EPERM', 'no permission'],
  ['EISDIR', 'it is a folder'],
  ['ENOTDIR', 'a part of its path is not a folder'],
  ['ELOOP', 'its links lead round in a circle'],
  ['ENAMETOOLONG', 'its path is too long'],
]);
