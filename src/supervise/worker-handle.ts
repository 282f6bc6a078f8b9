// The supervisor's view of one worker: starts its process, takes it through its steps, and knows how it is. Made by
// generation.ts and standby.ts; decides nothing about other workers.
import type { Socket } from 'node:net';
import { describeDeath } from './describe-death.js';
import { plainFailure } from './failure.js';
import type { Bound } from './listen-handle.js';
import type { Failure, FileSet, FromWorker, ImportChain, Order, ToWorker, WantedSocket } from './messages.js';
import { type Exit, WorkerProcess, type WorkerProcessOptions } from './worker-process.js';

/** `starting` until it serves; `held` while a rebuild is under way; `leaving` when another took over. */
export type WorkerState = 'standby' | 'starting' | 'serving' | 'held' | 'leaving' | 'draining' | 'ended';

export type Built = FromWorker & { readonly kind: 'built' };
export type Failed = FromWorker & { readonly kind: 'failed' };

/** Told of what a worker does by itself. */
export interface WorkerListener {
  /** A connection that it gives back. */
  onConnection(server: string, socket: Socket): void;
  /** It wants to be replaced, or leaves already and has to be. */
  onRetire(worker: WorkerHandle, reason: string, leaves: boolean): void;
  onFiles(files: FileSet): void;
  onBeat(worker: WorkerHandle): void;
  onExit(worker: WorkerHandle, exit: Exit): void;
}

/** How a worker was when it was last heard of. */
export interface Vitals {
  /** Bytes. */
  readonly memory: number;
  /** Requests: answered since its start, and under way. */
  readonly answered: number;
  readonly busy: number;
}

const NOTHING_READ: FileSet = { files: [], patterns: [] };

export class WorkerHandle {
  state: WorkerState = 'standby';
  readonly startedAt = performance.now();
  #servesSince: number | null = null;
  vitals: Vitals = { memory: 0, answered: 0, busy: 0 };
  /** Its connections, as far as that is known: it says so now and then, and each that is handed to it counts. */
  connections = 0;
  /** Of the order that it carries out; 0 before. */
  generation = 0;
  /** How often a worker in its place has died. */
  restarts = 0;
  /** Connections that it cut when it ended. */
  cut = 0;
  /** Resolves when the process is gone. */
  readonly ended: Promise<Exit>;
  readonly #process: WorkerProcess;
  readonly #listener: WorkerListener;
  #held = Promise.resolve();
  #onHeld: () => void = () => undefined;
  /** Who waits for an answer to what was asked last. */
  #onStep: (message: FromWorker) => void = () => undefined;
  /** Null while the process runs. */
  #death: Failed | null = null;
  readonly #questions = new Map<number, (chains: readonly ImportChain[]) => void>();
  #lastQuestion = 0;

  constructor(options: WorkerProcessOptions, listener: WorkerListener) {
    this.#listener = listener;
    this.#process = new WorkerProcess(options, (message, socket) => this.#hear(message, socket));
    this.ended = this.#process.ended.then((exit) => {
      this.state = 'ended';
      this.#onHeld();
      const death = failedBy(`a worker ${describeDeath(exit)}, before it served`);
      this.#death = death;
      this.#onStep(death);
      for (const answer of this.#questions.values()) answer([]);
      listener.onExit(this, exit);
      return exit;
    });
  }

  /** Milliseconds since it began to serve; 0 before. */
  get servedFor(): number {
    return this.#servesSince === null ? 0 : performance.now() - this.#servesSince;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get output(): WorkerProcess['output'] {
    return this.#process.output;
  }

  /** Resolves when it is up and has nothing to do yet; false where it died before. */
  async booted(): Promise<boolean> {
    return this.#process.booted;
  }

  /** Has it read, import and build; killed where that takes longer than `limit` milliseconds (0 for ever). */
  async build(order: Order, limit: number): Promise<Built | Failed> {
    this.state = 'starting';
    this.generation = order.generation;
    const late = `a worker was not built within ${limit / 1000} s, and was ended`;
    const answer = await this.#ask({ kind: 'load', order }, ['built', 'failed'], limit, late);
    return answer.kind === 'built' ? answer : this.#asFailed(answer);
  }

  /** Has it serve on `sockets`; null when it does. */
  async serve(sockets: ReadonlyMap<string, Bound>, limit: number): Promise<Failed | null> {
    const late = `a worker was not ready within ${limit / 1000} s, and was ended`;
    const ready = this.#step(['ready', 'failed'], limit, late);
    this.#sendSockets(sockets);
    const answer = await ready;
    if (answer.kind !== 'ready') return this.#asFailed(answer);
    this.state = 'serving';
    this.#servesSince = performance.now();
    return null;
  }

  /** Tells it that addresses cannot be had; resolves to its own words about that. */
  async refuse(problems: readonly { readonly server: string; readonly code: string }[]): Promise<Failed> {
    const failed = this.#step(['failed'], 5000, 'an address could not be bound');
    for (const problem of problems) this.send({ kind: 'unbound', ...problem });
    return this.#asFailed(await failed);
  }

  /** Has it serve what stands for a deployment that cannot be built. */
  async show(
    failure: Failure,
    order: Order,
    wanted: readonly WantedSocket[],
    sockets: ReadonlyMap<string, Bound>,
    limit: number,
  ): Promise<Failed | null> {
    this.state = 'starting';
    this.generation = order.generation;
    this.send({ kind: 'show', failure, order, sockets: wanted });
    return this.serve(sockets, limit);
  }

  /**
   * Stops accepting, and gives connections at rest back, until `resume`. Resolves when it has: a worker that is busy
   * hears of it late, and is not waited for longer than a second.
   */
  hold(): Promise<void> {
    if (this.state !== 'serving') return this.#held;
    this.state = 'held';
    this.#held = new Promise((resolve) => {
      const late = setTimeout(resolve, 1000);
      this.#onHeld = () => {
        clearTimeout(late);
        resolve();
      };
    });
    this.send({ kind: 'hold' });
    return this.#held;
  }

  resume(sockets: ReadonlyMap<string, Bound>): void {
    if (this.state !== 'held') return;
    this.state = 'serving';
    this.#sendSockets(sockets);
  }

  /** Resolves when it is gone; killed where that takes longer than `limit` milliseconds. */
  async leave(limit: number): Promise<Exit> {
    return this.#end('leaving', { kind: 'leave' }, limit);
  }

  async drain(limit: number): Promise<Exit> {
    return this.#end('draining', { kind: 'drain' }, limit);
  }

  async stopAtOnce(limit = 2000): Promise<Exit> {
    return this.#end('draining', { kind: 'cut' }, limit);
  }

  /** For a worker that nobody was sent to, and for one that does not listen any more. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#process.kill(signal);
  }

  /** Which apps loaded `file`; nothing where it does not say within a few seconds. */
  why(file: string): Promise<readonly ImportChain[]> {
    this.#lastQuestion += 1;
    const id = this.#lastQuestion;
    return new Promise((resolve) => {
      const answer = (chains: readonly ImportChain[]): void => {
        clearTimeout(timer);
        this.#questions.delete(id);
        resolve(chains);
      };
      const timer = setTimeout(() => answer([]), 5000);
      this.#questions.set(id, answer);
      this.send({ kind: 'why', id, file });
    });
  }

  /** `done` gets false where the worker is gone. */
  send(message: ToWorker, handle?: object, done?: (sent: boolean) => void): void {
    if (message.kind === 'connection') this.connections += 1;
    this.#process.send(message, handle, done);
  }

  #sendSockets(sockets: ReadonlyMap<string, Bound>): void {
    for (const [server, { handle }] of sockets) this.send({ kind: 'listen', server }, handle ?? undefined);
  }

  async #end(state: WorkerState, message: ToWorker, limit: number): Promise<Exit> {
    if (this.state !== 'ended') {
      this.state = state;
      this.send(message);
    }
    const timer = setTimeout(() => this.kill(), limit);
    const exit = await this.ended;
    clearTimeout(timer);
    return exit;
  }

  #ask(
    message: ToWorker,
    kinds: readonly FromWorker['kind'][],
    limit: number,
    late: string,
  ): Promise<FromWorker> {
    const answer = this.#step(kinds, limit, late);
    this.send(message);
    return answer;
  }

  /** The next message of one of `kinds`. `failed` is always one of them: it comes where the process dies, or is late. */
  #step(kinds: readonly FromWorker['kind'][], limit: number, late: string): Promise<FromWorker> {
    return new Promise((resolve) => {
      const timer = limit === 0 ? undefined : setTimeout(() => end(failedBy(late)), limit);
      const end = (message: FromWorker): void => {
        clearTimeout(timer);
        this.#onStep = () => undefined;
        resolve(message);
      };
      this.#onStep = (message) => {
        if (kinds.includes(message.kind)) end(message);
      };
      if (this.#death !== null) end(this.#death);
    });
  }

  /** A worker that failed is of no further use. */
  #asFailed(message: FromWorker): Failed {
    this.kill();
    return message.kind === 'failed' ? message : failedBy(`a worker said "${message.kind}" out of turn`);
  }

  #hear(message: FromWorker, socket: Socket | null): void {
    switch (message.kind) {
      case 'connection':
        // Those that are on their way to it are not among them.
        this.connections = Math.max(this.connections, message.kept);
        if (socket !== null) this.#listener.onConnection(message.server, socket);
        return;
      case 'beat':
        this.vitals = { memory: message.memory, answered: message.answered, busy: message.busy };
        this.connections = message.connections;
        this.#listener.onBeat(this);
        return;
      case 'retire':
        this.#listener.onRetire(this, message.reason, message.leaves);
        return;
      case 'files':
        this.#listener.onFiles(message.files);
        return;
      case 'because':
        this.#questions.get(message.id)?.(message.chains);
        return;
      case 'held':
        this.#onHeld();
        return;
      case 'drained':
        this.cut = message.cut;
        return;
      default:
        this.#onStep(message);
    }
  }
}

function failedBy(message: string): Failed {
  return { kind: 'failed', failure: plainFailure(message), files: NOTHING_READ, sockets: null };
}
