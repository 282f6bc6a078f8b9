// The file that names the process id of a supervisor: made by it, read by whoever wants to signal it. Of several starts
// with the same file exactly one gets it; what is not ours is neither followed nor removed.
import { randomBytes } from 'node:crypto';
import { linkSync, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { toError, WsgiServeError } from '../errors.js';
import { hasCode } from '../listen/listen-error.js';
import { whoListens } from './control-client.js';

/** A pid file that holds our pid. */
export interface PidFile {
  readonly path: string;
  /** Removes it, unless it holds something else by now. Never throws: the program ends. */
  remove(): void;
}

/** Whether a process is a server of ours that runs. */
export type IsServer = (pid: number) => Promise<boolean>;

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

/** Whether there is such a process, whoever it belongs to. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

/**
 * Whether `pid` is alive and a server of ours: the control socket answers with it, or, where the system tells, its command
 * line is ours. After a crash the number may belong to another program.
 */
export async function isRunningServer(pid: number, controlSocket: string, proc = '/proc'): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if ((await whoListens(controlSocket))?.pid === pid) return true;
  return isOurCommand(commandLine(`${proc}/${pid}/cmdline`));
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
  return stats === undefined ? null : `${stats.ino}-${stats.mtimeNs}`;
}

/** Gives `fresh` the name `path`; what is there is replaced, unless it names a server that runs. */
async function moveTo(path: string, fresh: string, pid: number, isServer: IsServer): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (isLinked(fresh, path)) return;
    // Asked before the text: where it is replaced in between, it is not this text that is replaced.
    const identity = identityOf(path);
    const text = textOf(path);
    if (identity === null || text === null) continue;
    await requireStale(path, text, pid, isServer);
    if (await replaceStale(path, identity, isServer, () => renameSync(fresh, path))) return;
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

async function requireStale(path: string, found: string, own: number, isServer: IsServer): Promise<void> {
  const pid = pidOf(found);
  // In a container every start may get the same pid.
  if (pid === null || pid === own || !(await isServer(pid))) return;
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

/** Null where there is none. Throws `pid-file` for what is no regular file. */
function textOf(path: string): string | null {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  if (stats.isSymbolicLink()) throw unwritable(path, 'it is a symbolic link, which is not followed');
  if (!stats.isFile()) throw unwritable(path, 'it is not a regular file');
  try {
    return readFileSync(path, 'latin1');
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

/** The words of a process's command line; none where that is not known. */
function commandLine(path: string): readonly string[] {
  try {
    return readFileSync(path, 'latin1').split('\0');
  } catch {
    return [];
  }
}

/** `node ... wsgi-serve.js FILE`, or by the link to it that npm makes. */
function isOurCommand([program = '', ...rest]: readonly string[]): boolean {
  if (/^wsgi-serve\b/.test(basename(program))) return true;
  return (
    /^node/.test(basename(program)) && rest.some((word) => /^wsgi-serve(\.[cm]?js)?$/.test(basename(word)))
  );
}
