// The file that names the process id of a supervisor: made by it, read by whoever wants to signal it. Of several starts
// with the same file exactly one gets it; what is not ours is neither followed nor removed.
import { randomBytes } from 'node:crypto';
import {
  type BigIntStats,
  linkSync,
  lstatSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { toError, WsgiServeError } from '../errors.js';
import { hasCode } from '../listen/listen-error.js';

/** A pid file that holds our pid. */
export interface PidFile {
  readonly path: string;
  /** Removes it, unless it holds something else by now. Never throws: the program ends. */
  remove(): void;
}

/** Whether a process is a server of ours that runs, and may have written its pid at that time, as Date.now() has it. */
export type IsServer = (pid: number, writtenAt: number) => Promise<boolean>;

interface Content {
  readonly text: string;
  /** As Date.now() has it. */
  readonly writtenAt: number;
  /** As `identityOf` has it. */
  readonly identity: string;
}

/** So often a file that is stale may be replaced by another that is, or be about to be replaced by another start. */
const ATTEMPTS = 200;

/** Milliseconds between two attempts. */
const RETRY = 5;

/**
 * Writes `pid` to a new file at `path`; a stale or malformed one is replaced. Rejects with `already-running` where it
 * names a server for which `isServer` holds, and with `pid-file` for a link, a folder, or what cannot be written.
 */
export async function writePidFile(path: string, isServer: IsServer, pid = process.pid): Promise<PidFile> {
  const fresh = `${path}.${pid}-${randomBytes(4).toString('hex')}`;
  const text = `${pid}\n`;
  try {
    // Whole at once: no other start may take a file that is being written for a malformed one.
    writeFileSync(fresh, text, { flag: 'wx', mode: 0o644 });
    await moveTo(path, fresh, pid, isServer);
  } catch (error) {
    throw error instanceof WsgiServeError ? error : unwritable(path, toError(error).message, error);
  } finally {
    rmSync(fresh, { force: true });
  }
  return { path, remove: () => removeOwn(path, text) };
}

/** The pid that a file holds; null where it is missing, or holds none. Throws `pid-file` where it cannot be read. */
export function readPidFile(path: string): number | null {
  const text = textOf(path);
  return text === null ? null : pidOf(text);
}

/**
 * Lets `replace` put something in the place of one very file that is stale. Nothing but a claim on that file lets a start
 * do so; a claim is a pid file too, which one start alone gets, and which is stale where that one died. Resolves to
 * whether it did: not where another start is about to, nor where another file has the name by now.
 */
export async function replaceStale(
  path: string,
  identity: string,
  isServer: IsServer,
  replace: () => void,
): Promise<boolean> {
  const claim = await claimOf(`${path}.${identity}`, isServer);
  if (claim === null) return false;
  try {
    if (identityOf(path) !== identity) return false;
    replace();
    return true;
  } finally {
    claim.remove();
  }
}

/** What tells a file from others that have its name, or its number, before or after it; null where there is none. */
export function identityOf(path: string): string | null {
  const stats = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? null : identityIn(stats);
}

function identityIn({ ino, mtimeNs }: BigIntStats): string {
  return `${ino}-${mtimeNs}`;
}

/** Gives `fresh` the name `path`; what is there is replaced, unless it names a server that runs. */
async function moveTo(path: string, fresh: string, pid: number, isServer: IsServer): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (isLinked(fresh, path)) return;
    const found = contentOf(path);
    if (found === null) continue;
    await requireStale(path, found, pid, isServer);
    if (await replaceStale(path, found.identity, isServer, () => renameSync(fresh, path))) return;
    await setTimeout(RETRY);
  }
  throw unwritable(path, 'something comes back there again and again');
}

/** Null where another start has it. */
async function claimOf(path: string, isServer: IsServer): Promise<PidFile | null> {
  try {
    return await writePidFile(path, isServer);
  } catch (error) {
    if (error instanceof WsgiServeError && error.code === 'already-running') return null;
    throw error;
  }
}

async function requireStale(
  path: string,
  { text, writtenAt }: Content,
  own: number,
  isServer: IsServer,
): Promise<void> {
  const pid = pidOf(text);
  // In a container every start may get the same pid.
  if (pid === null || pid === own || !(await isServer(pid, writtenAt))) return;
  throw new WsgiServeError(
    'already-running',
    `the pid file ${path} belongs to a server that runs: pid ${pid}`,
    {
      hint: 'Stop it first, or reload it; another server needs a pid_file of its own',
    },
  );
}

function isLinked(fresh: string, path: string): boolean {
  try {
    linkSync(fresh, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

function removeOwn(path: string, text: string): void {
  try {
    if (textOf(path) === text) rmSync(path);
  } catch {
    // It is not ours to remove, then.
  }
}

function textOf(path: string): string | null {
  return contentOf(path)?.text ?? null;
}

/** Null where there is none. Throws `pid-file` for what is no regular file. */
function contentOf(path: string): Content | null {
  const stats = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  if (stats === undefined) return null;
  if (stats.isSymbolicLink()) throw unwritable(path, 'it is a symbolic link, which is not followed');
  if (!stats.isFile()) throw unwritable(path, 'it is not a regular file');
  try {
    // Read behind the rest: where the file is replaced in between, it is not the one that this is the identity of.
    const text = readFileSync(path, 'latin1');
    return { text, writtenAt: Number(stats.mtimeMs), identity: identityIn(stats) };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw unwritable(path, toError(error).message, error);
  }
}

/** Neither 0 nor a negative number is a process: to the system they stand for groups of them. */
function pidOf(text: string): number | null {
  const digits = /^\s*([1-9]\d{0,9})\s*$/.exec(text)?.[1];
  return digits === undefined || Number(digits) > 0x7fff_ffff ? null : Number(digits);
}

function unwritable(path: string, why: string, cause?: unknown): WsgiServeError {
  return new WsgiServeError('pid-file', `the pid file ${path} cannot be used: ${why}`, { cause });
}
