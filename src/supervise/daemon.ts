// A server in the background, and the one question that the terminal has: did it start? The first half runs in the
// process that starts it, the second in the server itself. They speak over node's own channel, once, and part.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { WsgiServeError } from '../errors.js';
import { failureOf } from './failure.js';
import { openLogFile } from './log-file.js';
import type { Failure } from './messages.js';

/** What is to run in the background, and how. */
export interface DaemonOptions {
  /** Of `node`: the program and its arguments. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** Where standard output and standard error go; null for nowhere. */
  readonly logFile: string | null;
  readonly env?: NodeJS.ProcessEnv;
}

/** What came of it. */
export type DaemonStart =
  /** It serves; the process may end. */
  | { readonly kind: 'ready'; readonly pid: number }
  /** It has ended, or is about to. */
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Whoever waits for this server to start; nobody, where it was not started in the background. */
export interface Starter {
  /** Whether somebody waits. */
  readonly waits: boolean;
  /** Each is to be told once, and resolves when it was heard or nobody waits any more. */
  ready(): Promise<void>;
  failed(failure: Failure): Promise<void>;
}

/** Tells a server that it was started in the background. */
const VARIABLE = 'WSGI_SERVE_DAEMON';

/** What ends the wait ends the server as well: it has a session of its own, which Ctrl-C does not reach. */
const PASSED_ON: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Starts a server in a session of its own and waits until it serves, or does not. Throws `log-file`; all else is in the
 * result.
 */
export async function startDaemon(options: DaemonOptions): Promise<DaemonStart> {
  const { argv, cwd, logFile, env = process.env } = options;
  const log = logFile === null ? null : openLogFile(logFile);
  const output = log ?? 'ignore';
  const child = spawn(process.execPath, [...process.execArgv, ...argv], {
    detached: true,
    cwd,
    env: { ...env, [VARIABLE]: '1' },
    stdio: ['ignore', output, output, 'ipc'],
  });
  if (log !== null) closeSync(log);
  const passOn = (): void => void child.kill('SIGTERM');
  for (const signal of PASSED_ON) process.on(signal, passOn);
  const start = await outcomeOf(child, logFile);
  for (const signal of PASSED_ON) process.off(signal, passOn);
  if (child.connected) child.disconnect();
  child.unref();
  return start;
}

/**
 * The other half. Called once, and early: what it was told by is taken away, so that no child of this process takes
 * itself for a daemon.
 */
export function starter(env: NodeJS.ProcessEnv = process.env): Starter {
  const waits = env[VARIABLE] !== undefined && process.send !== undefined;
  delete env[VARIABLE];
  return {
    waits,
    ready: () => (waits ? tell({ [VARIABLE]: 'ready' }) : Promise.resolve()),
    failed: (failure) => (waits ? tell({ [VARIABLE]: 'failed', failure }) : Promise.resolve()),
  };
}

function outcomeOf(child: ChildProcess, logFile: string | null): Promise<DaemonStart> {
  return new Promise((resolve) => {
    child.on('message', (message) => {
      const start = startOf(message, child.pid ?? 0);
      if (start !== null) resolve(start);
    });
    child.once('exit', (code, signal) => {
      const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
      resolve(failed(`the server ended ${how} before it was ready`, logFile, code || 3));
    });
    child.once('error', ({ message }) => resolve(failed(`it cannot be started: ${message}`, null, 3)));
  });
}

function startOf(message: unknown, pid: number): DaemonStart | null {
  if (typeof message !== 'object' || message === null || !(VARIABLE in message)) return null;
  if (message[VARIABLE] === 'ready') return { kind: 'ready', pid };
  // It is our own program, of the same version.
  return 'failure' in message ? { kind: 'failed', failure: message.failure as Failure } : null;
}

function failed(message: string, logFile: string | null, exitCode: number): DaemonStart {
  const hint =
    logFile === null ? 'With a log file it could have said why' : `It may have said why in ${logFile}`;
  const error = new WsgiServeError('start-failed', message, { hint });
  return { kind: 'failed', failure: { ...failureOf(error, process.cwd()), exitCode } };
}

/** Whoever waited may be gone: then nobody is told, and nothing else changes. */
function tell(message: object): Promise<void> {
  return new Promise((done) => {
    if (process.send === undefined || !process.connected) {
      done();
      return;
    }
    process.send(message, undefined, {}, () => {
      if (process.connected) process.disconnect();
      done();
    });
  });
}
