// The code inside a worker process: it does what its supervisor says, with the very steps by which a single process
// serves. Made by worker-main.ts; knows no other worker, and outlives its supervisor by nothing.
import type { Socket } from 'node:net';
import { type ReadDeployment, readDeployment } from '../config/read-deployment.js';
import { toError } from '../errors.js';
import type { ListenHandle } from '../listen/listener.js';
import { type ProgramOptions, parseProgramOptions } from '../listen/program-options.js';
import { type Serving, type StopReport, startServing } from '../listen/serve.js';
import type { ModuleTracker } from '../load/track-modules.js';
import { createLogger, type Logger, logProblem } from '../log.js';
import { AwaitedSockets, plannedSockets, refuseForeign } from './awaited-sockets.js';
import { type Counts, startBeat } from './beat.js';
import { DeploymentFiles } from './deployment-files.js';
import { failureOf } from './failure.js';
import { giveSocket } from './give-socket.js';
import { createLiveReload, type LiveReload } from './live-reload.js';
import type { Failure, FromWorker, Order, ToWorker, WantedSocket } from './messages.js';
import { requestBudget } from './request-budget.js';
import { serveFailure } from './serve-failure.js';
import { warmUp } from './warm-up.js';

/** How a worker talks to its supervisor. */
export interface Channel {
  /** `done` is called when the message is with the system, or cannot get there. */
  send(message: FromWorker, socket?: Socket, done?: () => void): void;
  /** Ends the process. */
  exit(code: number): void;
}

/** How much more than its share a worker keeps: the others need not be asked about every connection. */
const SLACK = 1.25;

/** What a single module or factory may take of the time for everything. */
const BOOT_SHARE = 0.8;

/** How often it tells what it has loaded while it is built, in milliseconds. */
const EARLY = 500;

export class Worker {
  readonly #channel: Channel;
  /** Null where nobody wants to know what is loaded. */
  readonly #tracker: ModuleTracker | null;
  #log: Logger = createLogger();
  #serving: Serving | null = null;
  #live: LiveReload | null = null;
  /** While it waits for its sockets. */
  #sockets: AwaitedSockets | null = null;
  #files: DeploymentFiles | null = null;
  /** Connections that it may keep; null for all. */
  #share: number | null = null;
  #isServing = false;
  #isEnding = false;

  constructor(channel: Channel, track: ((onChange: () => void) => ModuleTracker) | null) {
    this.#channel = channel;
    this.#tracker = track?.(() => void this.#tellFiles()) ?? null;
  }

  /** Does what a message says. Never rejects. */
  async obey(message: ToWorker, handle: unknown): Promise<void> {
    switch (message.kind) {
      case 'warm':
        return warmUp(message, this.#log, (path) => this.#tracker?.ignore(path));
      case 'load':
        return this.#load(message.order);
      case 'show':
        return this.#show(message.failure, message.order, message.sockets);
      case 'listen':
        return this.#listen(message.server, handle);
      case 'unbound':
        this.#sockets?.fail(message.server, message.code);
        return;
      case 'connection':
        return this.#adopt(message.server, handle);
      case 'share':
        this.#share = message.connections;
        return;
      case 'hold':
        this.#serving?.pause(this.#give);
        this.#channel.send({ kind: 'held' });
        return;
      case 'leave':
        return this.#end((serving) => serving.leave(this.#give));
      case 'drain':
        return this.#end((serving) => serving.stop());
      case 'cut':
        return this.#end((serving) => serving.cut());
      case 'why':
        this.#channel.send({ kind: 'because', id: message.id, chains: this.#files?.why(message.file) ?? [] });
        return;
    }
  }

  /** The supervisor is gone: nobody must go on without it, holding its addresses. */
  async orphaned(): Promise<void> {
    await this.#serving?.cut();
    this.#channel.exit(1);
  }

  /** Somebody else than the supervisor ends it: once it serves, another one is to come first. */
  dismissed(): void {
    if (this.#isServing) this.#channel.send({ kind: 'retire', reason: 'it was sent SIGTERM', leaves: false });
    else void this.obey({ kind: 'leave' }, undefined);
  }

  /** An error that nothing caught: what is under way may still be finished, and another worker is asked for. */
  async failed(thrown: unknown): Promise<void> {
    this.#log.fatal({ err: toError(thrown) }, 'an error that nothing caught: this worker ends');
    this.#channel.send({ kind: 'retire', reason: 'an error that nothing caught', leaves: true });
    await this.#end((serving) => serving.leave(this.#give), 1);
  }

  async #load(order: Order): Promise<void> {
    const begun = performance.now();
    this.#log = createLogger({ level: order.logLevel });
    const files = new DeploymentFiles(order.file, this.#tracker);
    this.#files = files;
    let read: ReadDeployment | null = null;
    const early = setInterval(() => this.#tellKnown(files), EARLY);
    try {
      read = readDeployment(order.file, { ...order, readFile: files.readFile });
      const { deployment, resolver } = read;
      const program = withinBoot({ ...parseProgramOptions(deployment.program, resolver), ...order.program });
      files.watch(program.watch_files);
      refuseForeign(read);
      this.#live = order.liveReload ? createLiveReload(`${process.ppid}-${order.generation}`) : null;
      this.#serving = await startServing({
        ...{ deployment, resolver, program, log: this.#log, multiprocess: order.multiprocess },
        onLocated: (located) => {
          files.onLocated(located);
          // Before it is loaded, which may block for ever.
          this.#tellKnown(files);
        },
        ...(this.#live && { wrap: this.#live.filter }),
        sockets: async (listeners) => {
          clearInterval(early);
          this.#sockets = new AwaitedSockets(listeners);
          await this.#tellBuilt(this.#sockets, files, program, performance.now() - begun);
          return this.#sockets.all;
        },
      });
      this.#serve(program);
    } catch (error) {
      const failure = failureOf(error, process.cwd());
      const sockets = read === null ? null : plannedSockets(read);
      this.#channel.send({ kind: 'failed', failure, files: await files.all(), sockets });
    } finally {
      clearInterval(early);
    }
  }

  async #show(failure: Failure, order: Order, wanted: readonly WantedSocket[]): Promise<void> {
    this.#log = createLogger({ level: order.logLevel });
    this.#live = order.liveReload ? createLiveReload(`${process.ppid}-${order.generation}`) : null;
    this.#serving = await serveFailure(failure, wanted, this.#live, this.#log, (listeners) => {
      this.#sockets = new AwaitedSockets(listeners);
      return this.#sockets.all;
    });
    this.#serve(null);
  }

  async #tellBuilt(
    sockets: AwaitedSockets,
    files: DeploymentFiles,
    program: ProgramOptions,
    took: number,
  ): Promise<void> {
    const all = await files.all();
    const packages = program.preload ? files.packages : [];
    const loader = await files.loader(program.ts_loader);
    this.#channel.send({
      kind: 'built',
      ...{ sockets: sockets.wanted, program, files: all, loader, packages, took },
    });
  }

  /** From now on it is expected to show signs of life. */
  #serve(program: ProgramOptions | null): void {
    this.#isServing = true;
    for (const listener of this.#serving?.listeners ?? []) {
      listener.decline((socket) => this.#declines(socket, listener.name));
    }
    this.#channel.send({ kind: 'ready' });
    const budget = requestBudget(program?.max_requests ?? 0, program?.max_requests_jitter ?? 0);
    startBeat(
      (beat) => {
        this.#channel.send(beat);
        if (beat.answered < budget) return;
        this.#channel.send({ kind: 'retire', reason: `${beat.answered} requests`, leaves: false });
      },
      () => this.#counts(),
    );
  }

  #counts(): Counts {
    const counts = { answered: 0, busy: 0, connections: this.#connections };
    for (const { requests } of this.#serving?.listeners ?? []) {
      counts.answered += requests.begun - requests.busy;
      counts.busy += requests.busy;
    }
    return counts;
  }

  /** For a build that takes long: a change of what it has loaded makes it pointless. */
  #tellKnown(files: DeploymentFiles): void {
    if (this.#tracker !== null) this.#channel.send({ kind: 'files', files: files.known });
  }

  async #tellFiles(): Promise<void> {
    if (!this.#isServing || this.#files === null) return;
    this.#channel.send({ kind: 'files', files: await this.#files.all() });
  }

  async #listen(server: string, handle: unknown): Promise<void> {
    const socket: ListenHandle = typeof handle === 'object' && handle !== null ? handle : 'adopted';
    const paused = this.#serving?.listeners.find((one) => one.name === server && one.state === 'paused');
    if (paused === undefined) this.#sockets?.give(server, socket);
    else await paused.resume(socket);
  }

  #adopt(server: string, handle: unknown): void {
    if (!isSocket(handle)) return;
    const listener = this.#serving?.listeners.find(({ name }) => name === server);
    if (listener === undefined || this.#isEnding) this.#give(handle, server);
    else listener.adopt(handle);
  }

  readonly #give = (socket: Socket, server: string): boolean => {
    const kept = this.#connections;
    return giveSocket(socket, (given, done) =>
      this.#channel.send({ kind: 'connection', server, kept }, given, done),
    );
  };

  get #connections(): number {
    return (this.#serving?.listeners ?? []).reduce((sum, { connections }) => sum + connections, 0);
  }

  /** Gives a connection to a worker that has fewer, where it has more than its share and some. */
  #declines(socket: Socket, server: string): boolean {
    if (this.#share === null || this.#connections < this.#share * SLACK + 1) return false;
    return this.#give(socket, server);
  }

  /** Parts with everything and exits. */
  async #end(part: (serving: Serving) => Promise<StopReport>, code = 0): Promise<void> {
    this.#isEnding = true;
    this.#live?.leave();
    const report = this.#serving === null ? null : await part(this.#serving);
    for (const problem of report?.problems ?? []) logProblem(this.#log, problem);
    this.#channel.send({ kind: 'drained', cut: report?.cut ?? 0 }, undefined, () => this.#channel.exit(code));
  }
}

/**
 * What hangs is given up here before the whole build is: we know its place, the supervisor only that time is over.
 */
function withinBoot(program: ProgramOptions): ProgramOptions {
  const { start_timeout: each, boot_timeout: all } = program;
  if (all === 0 || (each !== 0 && each < all)) return program;
  return { ...program, start_timeout: all * BOOT_SHARE };
}

function isSocket(value: unknown): value is Socket {
  return typeof value === 'object' && value !== null && 'destroy' in value && 'remoteAddress' in value;
}
