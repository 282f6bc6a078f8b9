// Where the control socket of a deployment stands. Asked by the supervisor, which makes the folder, and by every command
// that looks for a server, which makes nothing. A folder that others can change is never used.
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, type Stats } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { toError, WsgiServeError } from '../errors.js';

/** What decides where runtime files stand. */
export interface Surroundings {
  /** `$XDG_RUNTIME_DIR`; null where it is not set. */
  readonly runtimeDir: string | null;
  /** The folder for temporary files. */
  readonly temporary: string;
  /** Of the user who runs the program. */
  readonly uid: number;
  readonly platform: NodeJS.Platform;
}

/** A server's two ways to be found: both paths are absolute. */
export interface Whereabouts {
  readonly file: string;
  readonly pidFile: string | null;
}

/** Those of this process. */
export function surroundings(env: NodeJS.ProcessEnv = process.env): Surroundings {
  return {
    runtimeDir: env['XDG_RUNTIME_DIR'] || null,
    temporary: tmpdir(),
    uid: process.getuid?.() ?? 0,
    platform: process.platform,
  };
}

/**
 * Where a server is to listen for commands: beside its pid file, or else in the user's own runtime folder, which is made
 * where it is missing, under a name that stands for the deployment file. Throws `control-socket`.
 */
export function controlSocketPath(where: Whereabouts, around = surroundings()): string {
  if (where.pidFile !== null) return short(besidePidFile(where.pidFile), around.platform);
  const [folder = ''] = runtimeFolders(around);
  makeOwn(folder, around.uid);
  return short(join(folder, socketName(where.file)), around.platform);
}

/**
 * Everywhere such a server may listen, the likeliest first: its environment may have been another, as a service has no
 * XDG_RUNTIME_DIR. Throws `control-socket` where a folder is another user's, who could answer in its place.
 */
export function controlSocketPaths(where: Whereabouts, around = surroundings()): readonly string[] {
  if (where.pidFile !== null) return [short(besidePidFile(where.pidFile), around.platform)];
  return controlSocketFolders(around).map((folder) =>
    short(join(folder, socketName(where.file)), around.platform),
  );
}

/** The folders in which control sockets stand that have no pid file beside them. Throws as controlSocketPaths does. */
export function controlSocketFolders(around = surroundings()): readonly string[] {
  const folders = runtimeFolders(around);
  for (const folder of folders) {
    const stats = lstatSync(folder, { throwIfNoEntry: false });
    if (stats !== undefined) requireOwn(folder, stats, around.uid);
  }
  return folders;
}

/** Not `site.sock`, which is how people call the socket that a server beside `site.pid` serves. */
function besidePidFile(pidFile: string): string {
  return `${pidFile.replace(/\.pid$/, '')}.control.sock`;
}

function socketName(file: string): string {
  return `${createHash('sha256').update(file).digest('hex').slice(0, 16)}.sock`;
}

/** The first one is where servers go. */
function runtimeFolders({ runtimeDir, temporary, uid }: Surroundings): readonly [string, ...string[]] {
  const shared = join(temporary, `wsgi-serve-${uid}`);
  return runtimeDir !== null && isUsable(runtimeDir, uid)
    ? [join(runtimeDir, 'wsgi-serve'), shared]
    : [shared];
}

/** After `su` or `sudo` it may still be the folder of another user. */
function isUsable(runtimeDir: string, uid: number): boolean {
  if (!isAbsolute(runtimeDir)) return false;
  const stats = lstatSync(runtimeDir, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && stats.uid === uid;
}

function makeOwn(folder: string, uid: number): void {
  try {
    // Not recursive, which would take a link for a folder.
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const stats = lstatSync(folder, { throwIfNoEntry: false });
    if (stats === undefined) throw refuse(folder, `cannot be made: ${toError(error).message}`, error);
    requireOwn(folder, stats, uid);
    if ((stats.mode & 0o777) !== 0o700) chmodSync(folder, 0o700);
  }
}

function requireOwn(folder: string, stats: Stats, uid: number): void {
  if (stats.isSymbolicLink()) throw refuse(folder, 'is a symbolic link');
  if (!stats.isDirectory()) throw refuse(folder, 'is not a folder');
  if (stats.uid !== uid) throw refuse(folder, `belongs to the user with id ${stats.uid}, not to ${uid}`);
}

function refuse(folder: string, what: string, cause?: unknown): WsgiServeError {
  const hint = 'Remove it, or set XDG_RUNTIME_DIR, or a pid_file that the control socket can stand beside';
  return new WsgiServeError('control-socket', `the folder for control sockets, ${folder}, ${what}`, {
    hint,
    cause,
  });
}

/** The system's structure for the address of a socket has no room for more, and may cut what is longer. */
function short(path: string, platform: NodeJS.Platform): string {
  const limit = platform === 'darwin' ? 103 : 107;
  const length = Buffer.byteLength(path);
  if (length <= limit) return path;
  const message = `the path of the control socket has ${length} bytes, more than the ${limit} of a socket: ${path}`;
  throw new WsgiServeError('control-socket', message, { hint: 'Choose a shorter pid_file or folder' });
}
