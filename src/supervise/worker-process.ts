// One worker's process: forked, talked to, and how it ended. Made by worker-handle.ts; knows messages, not their meaning.
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { TRACK_THREAD } from '../load/track-thread-entry.js';
import { ChildChannel } from './child-channel.js';
import { type FromWorker, fromWorker, marked, type ToWorker } from './messages.js';

/** How a process ended; both are null where it could not be started. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What a worker's process is started with. */
export interface WorkerProcessOptions {
  /** Modules that are evaluated first: `node --import`. */
  readonly imports: readonly string[];
  /** Whether it notes every module that is loaded, which costs something on Node 20. */
  readonly tracks: boolean;
  readonly env: NodeJS.ProcessEnv;
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
  readonly #child: ChildProcess;
  readonly #channel: ChildChannel;

  constructor(
    { imports, tracks, env, uid, gid, output }: WorkerProcessOptions,
    hear: (message: FromWorker, socket: Socket | null) => void,
  ) {
    const first = tracks ? [TRACK_THREAD, ...imports] : imports;
    const child = fork(MAIN, tracks ? [TRACKING] : [], {
      execArgv: [...process.execArgv, ...first.flatMap((url) => ['--import', url])],
      env,
      stdio: ['ignore', output, output, 'ipc'],
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    this.#child = child;
    this.#channel = new ChildChannel(child);
    this.ended = new Promise((resolve) => {
      // What it said last is still to be read.
      child.once('exit', (code, signal) => setImmediate(resolve, { code, signal }));
      // That a message could not be sent says nothing that its exit will not say.
      child.on('error', () => {
        if (child.pid === undefined) resolve({ code: null, signal: null });
      });
    });
    this.booted = new Promise((resolve) => {
      void this.ended.then(() => resolve(false));
      child.on('message', (message: unknown, handle: unknown) => {
        const known = fromWorker(message);
        if (known?.kind === 'standby') resolve(true);
        else if (known !== null) hear(known, isSocket(handle) ? handle : null);
      });
    });
  }

  /** 0 where it could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Its standard output and standard error, where they are pipes. */
  get output(): readonly NodeJS.ReadableStream[] {
    return [this.#child.stdout, this.#child.stderr].filter((stream) => stream !== null);
  }

  /** Never throws; `done` gets false where the worker is gone, and true once a handle is with the system. */
  send(message: ToWorker, handle?: object, done?: (sent: boolean) => void): void {
    this.#channel.send(marked(message), handle, done);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

function isSocket(value: unknown): value is Socket {
  return typeof value === 'object' && value !== null && 'destroy' in value && 'remoteAddress' in value;
}
