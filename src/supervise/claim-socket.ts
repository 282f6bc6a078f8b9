// Makes a server the only one at the path of a unix socket: whatever a dead one left there goes, a live one stays. Called
// by control-server.ts.
import { randomBytes } from 'node:crypto';
import { lstatSync, renameSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { WsgiServeError } from '../errors.js';
import { hasCode } from '../listen/listen-error.js';
import { whoListens } from './control-client.js';
import { identityOf, replaceStale } from './pid-file.js';
import { isRunningServer } from './running-server.js';

/** So often what stands in the way may be replaced by something else that does, or be about to be removed by another. */
const ATTEMPTS = 200;

/** Milliseconds between two attempts. */
const RETRY = 5;

/**
 * Lets `server` listen at `path`, which the user of this process alone can connect to. Rejects with `already-running`
 * and `control-socket`. Resolves to what closes it, and that to when its last connection is gone.
 */
export async function listenAlone(server: Server, path: string): Promise<() => Promise<void>> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const failure = await listenAt(server, path);
    if (failure === null) {
      const own = identityOf(path);
      return () => stopListening(server, path, own);
    }
    if (!hasCode(failure, 'EADDRINUSE')) throw cannotListen(path, failure.message, failure);
    await removeDead(path);
  }
  throw cannotListen(path, 'something comes back there again and again');
}

/** Resolves to the error where it cannot. */
function listenAt(server: Server, path: string): Promise<Error | null> {
  return new Promise((resolve) => {
    server.once('error', resolve);
    // The file is made before listen returns: at no time can anybody else connect to it.
    const before = process.umask(0o177);
    server.listen({ path }, () => {
      server.off('error', resolve);
      resolve(null);
    });
    process.umask(before);
  });
}

async function removeDead(path: string): Promise<void> {
  // Asked before anything else: another start may replace it meanwhile, and listen there.
  const identity = identityOf(path);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (identity === null || found === undefined) return;
  if (!found.isSocket()) throw cannotListen(path, 'what stands there is no socket');
  const owner = await whoListens(path);
  if (owner !== null) throw alreadyRunning(path, owner.pid);
  try {
    const isServer = (pid: number, at: number): Promise<boolean> => isRunningServer(pid, at, path);
    if (!(await replaceStale(path, identity, isServer, () => unlinkSync(path)))) await setTimeout(RETRY);
  } catch (error) {
    throw cannotListen(path, 'what a dead server left there cannot be removed', error);
  }
}

/** Node removes whatever stands at the path of a server that closes, though it be another's by now. */
function stopListening(server: Server, path: string, own: string | null): Promise<void> {
  const found = identityOf(path);
  const isOthers = found !== null && found !== own;
  const aside = asideOf(path);
  if (isOthers) renameSync(path, aside);
  const closed = new Promise<void>((done) => server.close(() => done()));
  if (isOthers) renameSync(aside, path);
  return closed;
}

/** A name in the same folder that is no longer: there may be no room for one. */
function asideOf(path: string): string {
  return join(dirname(path), randomBytes(32).toString('hex').slice(0, basename(path).length));
}

function alreadyRunning(path: string, pid: number | null): WsgiServeError {
  const who = pid === null ? 'a process' : `the server with pid ${pid}`;
  const hint = 'Stop it first, or reload it; another server needs a pid_file of its own';
  return new WsgiServeError('already-running', `${who} listens at the control socket ${path} already`, {
    hint,
  });
}

function cannotListen(path: string, why: string, cause?: unknown): WsgiServeError {
  return new WsgiServeError('control-socket', `the control socket cannot be made at ${path}: ${why}`, {
    cause,
  });
}
