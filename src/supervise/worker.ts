// The code inside a worker process: it does what its supervisor says, with the very steps by which a single process
// serves. Made by worker-main.ts; knows no other worker, and outlives its supervisor by nothing.
import type { Socket } from 'node:net';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { Deployment } from '../config/deployment.js';
import { readRegularFile } from '../config/read.js';
import { type ReadDeployment, readDeployment } from '../config/read-deployment.js';
import { toError, WsgiServeError } from '../errors.js';
import { listenError } from '../listen/listen-error.js';
import type { Listener, ListenHandle } from '../listen/listener.js';
import { planServer } from '../listen/plan.js';
import { type ProgramOptions, parseProgramOptions } from '../listen/program-options.js';
import { type Serving, startServing } from '../listen/serve.js';
import { createLogger, type Logger } from '../log.js';
import { failureOf } from './failure.js';
import { giveSocket } from './give-socket.js';
import type { FileSet, FromWorker, Order, ToWorker, WantedSocket } from './messages.js';

/** How a worker talks to its supervisor. */
export interface Channel {
  /** `done` is called when the message is with the system, or cannot get there. */
  send(message: FromWorker, socket?: Socket, done?: () => void): void;
  /** Ends the process behind everything that was sent. */
  exit(code: number): void;
}

/** What a worker stands on besides; tests give their own. */
export interface WorkerTools {
  /** Every file that user code was loaded from, or looked for. */
  readonly loadedFiles: () => Promise<readonly string[]>;
  /** What is done to each app before it is served. */
  readonly wrap: (order: Order) => Wrapping;
}

/** Around the apps of a worker in development; `leave` is called when the worker is about to be replaced. */
export type Wrapping = Pick<Parameters<typeof startServing>[0], 'wrap'> & { readonly leave: () => void };

export class Worker {
  readonly #channel: Channel;
  readonly #tools: WorkerTools;
  #log: Logger = createLogger();
  #serving: Serving | null = null;
  #wrapping: Wrapping | null = null;
  /** While it waits for its sockets. */
  #sockets: AwaitedSockets | null = null;
  #isEnding = false;

  constructor(channel: Channel, tools: WorkerTools) {
    this.#channel = channel;
    this.#tools = tools;
  }

  /** Does what a message says. Never rejects. */
  async obey(message: ToWorker, handle: unknown): Promise<void> {
    switch (message.kind) {
      case 'load':
        return this.#load(message.order);
      case 'listen':
        return this.#listen(message.server, handle);
      case 'unbound':
        this.#sockets?.fail(message.server, message.code);
        return;
      case 'connection':
        return this.#adopt(message.server, handle);
      case 'hold':
        this.#serving?.pause(this.#give);
        return;
      case 'leave':
        return this.#end((serving) => serving.leave(this.#give));
      case 'drain':
        return this.#end((serving) => serving.stop());
      case 'cut':
        return this.#end((serving) => serving.cut());
      default:
        return;
    }
  }

  /** The supervisor is gone: nobody must go on without it, holding its addresses. */
  async orphaned(): Promise<void> {
    await this.#serving?.cut();
    this.#channel.exit(1);
  }

  /** An error that nothing caught: what is under way may still be finished, and another worker is asked for. */
  async failed(thrown: unknown): Promise<void> {
    this.#log.fatal({ err: toError(thrown) }, 'an error that nothing caught: this worker ends');
    this.#channel.send({ kind: 'retire', reason: 'an error that nothing caught' });
    await this.#end((serving) => serving.leave(this.#give), 1);
  }

  async #load(order: Order): Promise<void> {
    const begun = performance.now();
    this.#log = createLogger({ level: order.logLevel });
    const read = new ReadFiles(order.file);
    let opened: ReadDeployment | null = null;
    try {
      opened = readDeployment(order.file, { ...order, readFile: read.readFile });
      const { deployment, resolver } = opened;
      const program = { ...parseProgramOptions(deployment.program, resolver), ...order.program };
      refuseForeign(opened);
      this.#wrapping = this.#tools.wrap(order);
      this.#serving = await startServing({
        ...{ deployment, resolver, program, log: this.#log, multiprocess: order.multiprocess },
        ...this.#wrapping,
        sockets: async (listeners) => {
          const files = await this.#filesOf(read, program);
          const took = performance.now() - begun;
          const sockets = listeners.map(wantedSocket);
          this.#sockets = new AwaitedSockets(listeners);
          this.#channel.send({ kind: 'built', sockets, program, files, loader: null, took });
          return this.#sockets.all;
        },
      });
      this.#channel.send({ kind: 'ready' });
    } catch (error) {
      const files = await this.#filesOf(read, null);
      const failure = failureOf(error, process.cwd());
      const sockets = opened === null ? null : plannedSockets(opened);
      this.#channel.send({ kind: 'failed', failure, files, sockets });
    }
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

  readonly #give = (socket: Socket, server: string): void => {
    giveSocket(socket, (given, done) => this.#channel.send({ kind: 'connection', server }, given, done));
  };

  /** Parts with everything and exits; the first end that is asked for is the one, unless `cut` hurries it. */
  async #end(
    part: (
      serving: Serving,
    ) => Promise<{ readonly cut: number; readonly problems: readonly WsgiServeError[] }>,
    code = 0,
  ): Promise<void> {
    this.#isEnding = true;
    this.#wrapping?.leave();
    const report = this.#serving === null ? null : await part(this.#serving);
    for (const problem of report?.problems ?? []) {
      this.#log.error({ err: problem.cause ?? problem, code: problem.code }, problem.message);
    }
    this.#channel.send({ kind: 'drained', cut: report?.cut ?? 0 }, undefined, () => this.#channel.exit(code));
  }

  async #filesOf(read: ReadFiles, program: ProgramOptions | null): Promise<FileSet> {
    const folder = dirname(read.main);
    const loaded = await this.#tools.loadedFiles();
    const patterns = (program?.watch_files ?? []).map((pattern) =>
      isAbsolute(pattern) ? pattern : resolve(folder, pattern),
    );
    return { files: [...new Set([...read.paths, resolve(folder, '.env'), ...loaded])], patterns };
  }
}

/** The deployment files that are read while an order is carried out. */
class ReadFiles {
  readonly main: string;
  readonly paths = new Set<string>();

  constructor(main: string) {
    this.main = main;
    this.paths.add(main);
  }

  readonly readFile = (path: string): Uint8Array => {
    this.paths.add(resolve(path));
    return readRegularFile(path);
  };
}

/** The sockets of several servers, which come one by one. */
class AwaitedSockets {
  readonly all: Promise<ReadonlyMap<string, ListenHandle>>;
  readonly #listeners: readonly Listener[];
  readonly #given = new Map<string, ListenHandle>();
  #resolve: (sockets: ReadonlyMap<string, ListenHandle>) => void = () => undefined;
  #reject: (error: WsgiServeError) => void = () => undefined;

  constructor(listeners: readonly Listener[]) {
    this.#listeners = listeners;
    this.all = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  give(server: string, handle: ListenHandle): void {
    this.#given.set(server, handle);
    if (this.#listeners.every(({ name }) => this.#given.has(name))) this.#resolve(this.#given);
  }

  /** The error is made here, where the deployment file is known that it points into. */
  fail(server: string, code: string): void {
    const listener = this.#listeners.find(({ name }) => name === server);
    if (listener === undefined) return;
    this.#reject(listenError(listener.options, Object.assign(new Error(code), { code })));
  }
}

function wantedSocket({ name, options }: Listener): WantedSocket {
  const { address, backlog, gracefulTimeout } = options;
  return { server: name, address, backlog, gracefulTimeout };
}

/** What a deployment that cannot be built would listen on; null where not even that is known. */
function plannedSockets({ deployment, resolver }: ReadDeployment): readonly WantedSocket[] | null {
  try {
    return deployment.servers.flatMap((server) => {
      const plan = planServer(server, resolver);
      if (plan.kind !== 'built-in') return [];
      const { address, options } = plan.parsed;
      const { backlog, graceful_timeout: gracefulTimeout } = options;
      return [{ server: server.name, address, backlog, gracefulTimeout }];
    });
  } catch {
    return null;
  }
}

/** A server of another make binds its own socket, which two processes cannot have at once. */
function refuseForeign({ deployment, resolver }: ReadDeployment): void {
  for (const server of foreignServers(deployment, resolver)) {
    throw new WsgiServeError(
      'foreign-server',
      `[${server.section}] is a server of another make, which no worker can share or take over`,
      {
        place: resolver.place(server.origin),
        hint: 'Serve it by itself: without workers and without --reload',
      },
    );
  }
}

function foreignServers(
  { servers }: Deployment,
  resolver: ReadDeployment['resolver'],
): Deployment['servers'] {
  return servers.filter((server) => planServer(server, resolver).kind === 'foreign');
}

function isSocket(value: unknown): value is Socket {
  return typeof value === 'object' && value !== null && 'destroy' in value && 'remoteAddress' in value;
}
