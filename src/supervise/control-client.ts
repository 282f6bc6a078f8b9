// Asks a running supervisor something over its control socket. Called by the commands of cli, and by whoever must know
// whether a server is alive behind a socket or a pid file. Never starts or removes anything.
import { lstatSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { toError, WsgiServeError } from '../errors.js';
import {
  type CommandOf,
  type ControlKind,
  type ControlResponse,
  type ControlResults,
  parseResponse,
  toLine,
} from './control-protocol.js';

/** Milliseconds for an answer that nothing must be done for. */
const ANSWER_LIMIT = 10_000;

/** Milliseconds for a server to say who it is. */
const PING_LIMIT = 2_000;

const OWN_SERVER = 'Only the user that the server runs as can command it';

/** System errors that mean that nobody listens. */
const NOBODY: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR']);

/**
 * Sends a command to the first of `paths` that a server listens at, and resolves to its answer. With `wait` there is no
 * limit in time. Rejects with `not-running` where nobody listens, `control-socket` where it may not be connected to and
 * `no-answer` where none comes within `limit` milliseconds.
 */
export async function sendCommand<Kind extends ControlKind>(
  paths: readonly string[],
  command: CommandOf<Kind>,
  limit = ANSWER_LIMIT,
): Promise<ControlResponse<ControlResults[Kind]>> {
  for (const path of paths) {
    const socket = await connectTo(path);
    if (socket !== null) return ask(socket, path, command, command.wait ? null : limit);
  }
  throw new WsgiServeError('not-running', `no server runs that listens at ${paths.join(' or ')}`, {
    hint: 'Start it, or give the pid_file that it has; a single process, without workers or a pid_file, takes no commands',
  });
}

/**
 * Who listens at `path`: null for nobody; a null pid for somebody who does not say, as a process that is stopped or of
 * another make.
 */
export async function whoListens(
  path: string,
  limit = PING_LIMIT,
): Promise<{ readonly pid: number | null } | null> {
  try {
    const answer = await sendCommand([path], { kind: 'ping', wait: false }, limit);
    // Whoever listens there need not be of our making.
    return { pid: answer.ok && Number.isInteger(answer.result?.pid) ? answer.result.pid : null };
  } catch (error) {
    if (error instanceof WsgiServeError && error.code === 'not-running') return null;
    return { pid: null };
  }
}

/** Null where nobody listens. */
function connectTo(path: string): Promise<Socket | null> {
  return new Promise((resolve, reject) => {
    requireTrusted(path);
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (NOBODY.has(error.code ?? '')) resolve(null);
      else reject(unreachable(path, error));
    });
  });
}

/** In a folder that others can write to, anybody could answer in a server's place. */
function requireTrusted(path: string): void {
  const [owner, own] = [ownerOf(path), process.geteuid?.() ?? 0];
  if (owner === null || own === 0 || owner === own || owner === 0) return;
  const message = `the control socket ${path} belongs to the user with id ${owner}`;
  throw new WsgiServeError('control-socket', message, { hint: OWN_SERVER });
}

/** Null where it is not there, or cannot be seen: who connects learns why. */
function ownerOf(path: string): number | null {
  try {
    return lstatSync(path).uid;
  } catch {
    return null;
  }
}

function unreachable(path: string, error: NodeJS.ErrnoException): WsgiServeError {
  const hint = error.code === 'EACCES' ? OWN_SERVER : null;
  const message = `the control socket ${path} cannot be connected to: ${error.message}`;
  return new WsgiServeError('control-socket', message, { hint, cause: error });
}

async function ask<Kind extends ControlKind>(
  socket: Socket,
  path: string,
  command: CommandOf<Kind>,
  limit: number | null,
): Promise<ControlResponse<ControlResults[Kind]>> {
  const late =
    limit === null ? null : setTimeout(() => socket.destroy(new Error('it takes too long')), limit);
  try {
    socket.write(toLine(command));
    const line = await firstLine(socket).catch((error) => {
      throw noAnswer(path, command.kind, toError(error).message, error);
    });
    const response = line === null ? null : parseResponse(line);
    if (response !== null) return response as ControlResponse<ControlResults[Kind]>;
    throw noAnswer(path, command.kind, line === null ? 'it closed the connection' : 'it speaks otherwise');
  } finally {
    if (late !== null) clearTimeout(late);
    socket.destroy();
  }
}

/** Null where the connection ends before. */
async function firstLine(socket: Socket): Promise<string | null> {
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) {
    text += String(chunk);
    const end = text.indexOf('\n');
    if (end !== -1) return text.slice(0, end);
  }
  return null;
}

function noAnswer(path: string, kind: ControlKind, why: string, cause?: unknown): WsgiServeError {
  return new WsgiServeError('no-answer', `the server at ${path} did not answer "${kind}": ${why}`, { cause });
}
