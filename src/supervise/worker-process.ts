// One worker's process: forked, talked to, and how it ended. Made by worker-handle.ts; knows messages, not their meaning.
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { toError } from '../errors.js';
import { TRACK_THREAD } from '../load/track-thread-entry.js';
import { ChildChannel } from './child-channel.js';
import { type FromWorker, fromWorker, marked, type ToWorker } from './messages.js';

/** How a process ended; code and signal are null where it could not be started, for the reason that `error` is. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: string;
}

/** What a worker's process is started with. */
export interface WorkerProcessOptions {
  /** Modules that are evaluated first: `node --import`. */
  readonly imports: readonly string[];
  /** Whether it notes every module that is loaded, which costs something on Node 20. */
  readonly tracks: boolean;
  readonly env: NodeJS.ProcessEnv;
  /** The folder that it starts in; by default ours. */
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Where its output goes: to the supervisor's own, or through pipes. */
  readonly output: 'inherit' | 'pipe';
}

/** What a worker's process is told where it is to note what it loads. */
export const TRACKING = 'tracking';

/** The bundle has the worker's code beside the program's. */
const MAIN = join(import.meta.dirname, 'worker-main.js');

export class WorkerProcess {
  /** Resolves when the process is gone. */
  readonly ended: Promise<Exit>;
  /** Resolves when it is up; false where it ended before. */
  readonly booted: Promise<boolean>;
  /** Null where the system refused it. */
  readonly #child: ChildProcess | null;
  readonly #channel: ChildChannel | null;

  constructor(options: WorkerProcessOptions, hear: (message: FromWorker, socket: Socket | null) => void) {
    const child = start(options);
    this.#child = child instanceof Error ? null : child;
    this.#channel = this.#child && new ChildChannel(this.#child);
    this.ended = child instanceof Error ? Promise.resolve(unstarted(child)) : exitOf(child);
    this.booted = new Promise((resolve) => {
      void this.ended.then(() => resolve(false));
      this.#child?.on('message', (message: unknown, handle: unknown) => {
        const known = fromWorker(message);
        if (known?.kind === 'standby') resolve(true);
        else if (known !== null) hear(known, isSocket(handle) ? handle : null);
      });
    });
  }

  /** 0 where it could not be started. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Its standard output and standard error, where they are pipes. */
  get output(): readonly NodeJS.ReadableStream[] {
    // Undefined for a process that could not be started, whatever the types say.
    return [this.#child?.stdout, this.#child?.stderr].filter((stream) => stream != null);
  }

  /** Never throws; `done` gets false where the worker is gone, and true once a handle is with the system. */
  send(message: ToWorker, handle?: object, done: (sent: boolean) => void = () => undefined): void {
    if (this.#channel === null) done(false);
    else this.#channel.send(marked(message), handle, done);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }
}

/** Forks it, or gives the reason for which the system does not; for some of them node throws, and tells others later. */
function start({ imports, tracks, env, output, ...rest }: WorkerProcessOptions): ChildProcess | Error {
  const first = tracks ? [TRACK_THREAD, ...imports] : imports;
  try {
    return fork(MAIN, tracks ? [TRACKING] : [], {
      execArgv: [...process.execArgv, ...first.flatMap((url) => ['--import', url])],
      env,
      stdio: ['ignore', output, output, 'ipc'],
      ...rest,
    });
  } catch (error) {
    return toError(error);
  }
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    // What it said last is still to be read.
    child.once('exit', (code, signal) => setImmediate(resolve, { code, signal }));
    // That a message could not be sent says nothing that its exit will not say.
    child.on('error', (error) => {
      if (child.pid === undefined) resolve(unstarted(error));
    });
  });
}

function unstarted({ message }: Error): Exit {
  return { code: null, signal: null, error: message };
}

function isSocket(value: unknown): value is Socket {
  return typeof value === 'object' && value !== null && 'destroy' in value && 'remoteAddress' in value;
}
