// A worker without a process, which does what a test says: what a crew and its replacements are tried on.

import {
  PROGRAM_OPTIONS,
  type ProgramOptions,
  programOptionNames,
} from '../../src/listen/program-options.js';
import { plainFailure } from '../../src/supervise/failure.js';
import type { Bound } from '../../src/supervise/listen-handle.js';
import type { Failure, FileSet, Order, ToWorker, WantedSocket } from '../../src/supervise/messages.js';
import type { Built, Failed, Vitals, WorkerHandle, WorkerState } from '../../src/supervise/worker-handle.js';
import type { Exit } from '../../src/supervise/worker-process.js';

const NOTHING: FileSet = { files: [], patterns: [] };

export const SOCKET: WantedSocket = {
  server: 'main',
  address: { kind: 'tcp', host: '127.0.0.1', port: 8080 },
  backlog: 511,
  gracefulTimeout: 1000,
};

/** Those of a file that says nothing. */
export function programOf(given: Partial<ProgramOptions> = {}): ProgramOptions {
  const defaults = programOptionNames().map((name) => [name, PROGRAM_OPTIONS[name].fallback]);
  return { ...Object.fromEntries(defaults), ...given };
}

export function orderOf(generation = 1): Order {
  return {
    ...{ file: '/srv/site.ini', variables: {}, serverName: null, appName: null, logLevel: 'info' },
    ...{ generation, multiprocess: false, liveReload: false, program: {} },
  };
}

export function built(program: Partial<ProgramOptions> = {}, sockets = [SOCKET]): Built {
  const kind = 'built';
  return { kind, sockets, program: programOf(program), files: NOTHING, loader: null, packages: [], took: 1 };
}

export function failed(message: string, sockets: readonly WantedSocket[] | null = null): Failed {
  return { kind: 'failed', failure: plainFailure(message), files: NOTHING, sockets };
}

export interface FakeOptions {
  /** What comes of building it. */
  readonly build?: Built | Failed | Promise<Built | Failed>;
  /** What comes of letting it serve. */
  readonly serve?: Failed | null | Promise<Failed | null>;
  /** Resolves when it accepts no more, where that takes a while. */
  readonly hold?: Promise<void>;
  readonly onExit?: (worker: WorkerHandle, exit: Exit) => void;
}

export class FakeWorker {
  static #pids = 100;

  static #nextPid(): number {
    FakeWorker.#pids += 1;
    return FakeWorker.#pids;
  }

  readonly pid = FakeWorker.#nextPid();
  readonly startedAt = performance.now();
  servedFor = 0;
  readonly ended: Promise<Exit>;
  state: WorkerState = 'standby';
  vitals: Vitals = { memory: 0, answered: 0, busy: 0 };
  connections = 0;
  generation = 0;
  restarts = 0;
  cut = 0;
  /** What was asked of it. */
  readonly calls: string[] = [];
  readonly #options: FakeOptions;
  #end: (exit: Exit) => void = () => undefined;

  constructor(options: FakeOptions = {}) {
    this.#options = options;
    this.ended = new Promise((end) => {
      this.#end = end;
    });
  }

  /** As the supervisor has it: a fake has every part of it that is asked for. */
  get handle(): WorkerHandle {
    return this as unknown as WorkerHandle;
  }

  async build(order: Order): Promise<Built | Failed> {
    this.calls.push('build');
    this.state = 'starting';
    this.generation = order.generation;
    const answer = (await this.#options.build) ?? built();
    // It ends by itself then.
    if (answer.kind === 'failed') this.exit();
    return answer;
  }

  async serve(_sockets: ReadonlyMap<string, Bound>): Promise<Failed | null> {
    this.calls.push('serve');
    return this.#served();
  }

  async show(failure: Failure): Promise<Failed | null> {
    this.calls.push(`show ${failure.message}`);
    return this.#served();
  }

  async refuse(problems: readonly { readonly code: string }[]): Promise<Failed> {
    this.calls.push('refuse');
    return failed(problems.map(({ code }) => code).join(' '));
  }

  async hold(): Promise<void> {
    if (this.state === 'serving') this.state = 'held';
    await this.#options.hold;
  }

  resume(): void {
    if (this.state === 'held') this.state = 'serving';
  }

  leave(): Promise<Exit> {
    return this.#go('leave', 'leaving');
  }

  drain(): Promise<Exit> {
    return this.#go('drain', 'draining');
  }

  stopAtOnce(): Promise<Exit> {
    return this.#go('cut', 'draining');
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.calls.push(`kill ${signal}`);
    this.exit({ code: null, signal });
  }

  send(message: ToWorker): void {
    this.calls.push(`send ${message.kind}`);
  }

  /** Ends it, of itself or not. */
  exit(exit: Exit = { code: 0, signal: null }): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.#options.onExit?.(this.handle, exit);
    this.#end(exit);
  }

  async #served(): Promise<Failed | null> {
    const answer = (await this.#options.serve) ?? null;
    if (answer === null) this.state = 'serving';
    return answer;
  }

  #go(call: string, state: WorkerState): Promise<Exit> {
    this.calls.push(call);
    if (this.state !== 'ended') this.state = state;
    return this.ended;
  }
}
