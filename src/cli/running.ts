// A supervisor at work, from its start to its end, and the words about it. Made by supervise.ts.
import type { Socket } from 'node:net';
import { toError } from '../errors.js';
import type { ProgramOptions } from '../listen/program-options.js';
import type { Logger } from '../log.js';
import type { ControlHandlers } from '../supervise/control-connection.js';
import { controlHandlers } from '../supervise/control-handlers.js';
import { Development } from '../supervise/development.js';
import { plainFailure } from '../supervise/failure.js';
import { handOver } from '../supervise/hand-over.js';
import { type LogFile, writeLinesOf } from '../supervise/log-file.js';
import type { Failure, FileSet, Order } from '../supervise/messages.js';
import { type Privileges, workerEnvironment } from '../supervise/privileges.js';
import type { ServiceManager } from '../supervise/service-manager.js';
import type { Outcome, SupervisorOptions } from '../supervise/supervision.js';
import { Supervisor } from '../supervise/supervisor.js';
import { Watcher } from '../supervise/watcher.js';
import { WorkerHandle, type WorkerListener } from '../supervise/worker-handle.js';
import { workingFolder } from '../supervise/working-folder.js';
import { packageVersion } from './package-version.js';

/** What is to be supervised, and how. */
export interface Supervision {
  readonly order: Omit<Order, 'generation' | 'multiprocess'>;
  readonly program: ProgramOptions;
  /** Absolute; null for none. */
  readonly pidFile: string | null;
  /** Where the log goes, and what workers print; null for standard output. */
  readonly logFile: LogFile | null;
  readonly log: Logger;
  /** Prints what is for people and not for the log: problems with their code frames. */
  readonly print: (text: string) => void;
  /** Whose rights workers have; null for our own. */
  readonly privileges: Privileges | null;
  /** Null in production. */
  readonly development: { readonly showErrors: boolean } | null;
  /** Sockets that are there already, for the first generation. */
  readonly inherited?: SupervisorOptions['inherited'];
  /** Who is told how the program is. */
  readonly service: ServiceManager;
  /** Lets pid file and control socket go, for a supervisor that serves in our place. */
  readonly release: () => void;
  /** Resolves when no supervisor before us has connections to give any more. */
  readonly formerGone: Promise<void>;
}

/** Files that are saved together are mostly written within this, in milliseconds; for others there is one more reload. */
const QUIET = 5;

export class Running {
  /** What the control socket can ask. */
  readonly handlers: ControlHandlers;
  readonly #supervision: Supervision;
  readonly #supervisor: Supervisor;
  readonly #development: Development | null;
  readonly #announced = new Set<string>();
  #files = 0;
  /** What runs TypeScript, once a worker has loaded any. */
  #loader: string | null = null;
  #stopped: Promise<number> | null = null;
  #restarting: Promise<number> | null = null;
  #isCeded = false;
  /** Aborted where it is too late to hand over. */
  readonly #stopping = new AbortController();
  #stopWatchdog: () => void = () => undefined;
  #end: (code: number) => void = () => undefined;
  readonly #ended = new Promise<number>((end) => {
    this.#end = end;
  });

  constructor(supervision: Supervision) {
    const { order, program, log, development } = supervision;
    this.#supervision = supervision;
    this.#supervisor = new Supervisor(
      {
        ...{ order, program, log },
        fork: (listener) => this.#fork(listener),
        showErrors: development?.showErrors ?? false,
        ...(supervision.inherited && { inherited: supervision.inherited }),
      },
      {
        onAttempt: (outcome) => this.#tell(outcome),
        onReload: () => void this.#supervision.service.notify({ kind: 'reloading' }),
        onFiles: (files, since) => this.#noteFiles(files, since),
        onMoreFiles: (files, since) => this.#development?.watchMore(files, since),
        onLoader: (loader) => {
          this.#loader = loader;
        },
        onGiveUp: () => this.#end(1),
      },
    );
    this.#development = development === null ? null : this.#develop();
    this.handlers = controlHandlers(
      this.#supervisor,
      {
        version: packageVersion(),
        file: order.file,
        startedAt: new Date(),
        mode: development === null ? 'workers' : 'development',
        files: () => this.#development?.size ?? this.#files,
      },
      { stop: () => this.stop(), restart: () => this.restart() },
    );
  }

  /** Resolves when it serves, or to the failure that keeps it from that; in development it then waits for a change. */
  async start(): Promise<Failure | null> {
    const { development, service } = this.#supervision;
    const outcome = await Promise.race([this.#supervisor.reload(), this.#ended.then(() => null)]);
    if (outcome === null) return plainFailure('the server was stopped before it served');
    if (outcome.kind === 'failed' && development === null) return outcome.failure;
    this.#development?.rest();
    void service.notify({ kind: 'ready', status: this.#status });
    // A supervisor that hangs beats no more; that its workers live is its own to see to.
    this.#stopWatchdog = service.watch(() => true);
    return null;
  }

  /** Resolves to the exit code once everything has stopped: `failed` where it did not start, unless it was stopped. */
  async untilStopped(failed: number | null): Promise<number> {
    const { log } = this.#supervision;
    if (failed !== null) this.#end(failed);
    const exitCode = await this.#ended;
    this.#stopWatchdog();
    const told = this.#isCeded ? null : this.#supervision.service.notify({ kind: 'stopping' });
    await this.#development?.close();
    this.#stopped ??= this.#supervisor.stop();
    const cut = await this.#stopped;
    if (cut > 0) log.warn({ cut }, `${cut} connections were cut`);
    await told;
    return exitCode;
  }

  reload(): void {
    void this.#supervisor.reload();
  }

  /** So many workers more, or fewer. */
  scaleBy(count: number): void {
    void this.#supervisor.scale(this.#supervisor.target + count);
  }

  /** Goes on in a new log file of the same name. */
  reopenLog(): void {
    const problem = this.#supervision.logFile?.reopen();
    if (problem) this.#supervision.log.error({ code: problem.code }, problem.message);
  }

  /** Finishes the requests under way; resolves to the number of connections that were cut. */
  stop(): Promise<number> {
    this.#stopping.abort();
    this.#stopped ??= this.#supervisor.stop();
    this.#end(0);
    return this.#stopped;
  }

  /** Hands over to a new supervisor, of a newer version perhaps; resolves to its process id. */
  restart(): Promise<number> {
    this.#restarting ??= this.#restart().finally(() => {
      this.#restarting = null;
    });
    return this.#restarting;
  }

  /** Takes a connection that a supervisor before us had. */
  take(server: string, socket: Socket): void {
    this.#supervisor.take(server, socket);
  }

  stopAtOnce(): void {
    this.#stopping.abort();
    this.#end(0);
    this.#stopped = this.#supervisor.stopAtOnce().then(() => 0);
  }

  async #restart(): Promise<number> {
    const { order, log, release, service, formerGone } = this.#supervision;
    log.info({}, 'handing over to a new supervisor');
    const successor = await handOver(
      {
        hold: () => this.#supervisor.offer(),
        resume: () => this.#supervisor.release(),
        release,
      },
      { cwd: workingFolder(order.file), env: { ...process.env, ...service.environment } },
      this.#stopping.signal,
    ).catch((error: unknown) => {
      const message = toError(error).message;
      log.error({ err: message }, `not restarted: ${message}`);
      throw error;
    });
    this.#isCeded = true;
    this.#stopped = this.#supervisor.cede(successor, formerGone);
    this.#end(0);
    return successor.pid;
  }

  /** One line, as `systemctl status` shows it. */
  get #status(): string {
    const { generation, servers } = this.#supervisor;
    return `generation ${generation} on ${servers.map(({ url }) => url).join(', ')}`;
  }

  #develop(): Development {
    const { log } = this.#supervision;
    return new Development(this.#supervisor, {
      log,
      holdTimeout: () => this.#supervisor.program.hold_timeout,
      watch: (onChange) =>
        new Watcher({ onChange, quiet: QUIET, onProblem: (error) => this.#tellBlindness(error) }),
    });
  }

  #fork(listener: WorkerListener): WorkerHandle {
    const { order, privileges, logFile, development } = this.#supervision;
    const worker = new WorkerHandle(
      {
        imports: this.#loader === null ? [] : [this.#loader],
        tracks: development !== null,
        env: workerEnvironment(process.env, privileges),
        output: logFile === null ? 'inherit' : 'pipe',
        cwd: workingFolder(order.file),
        ...(privileges === null ? {} : { uid: privileges.uid, gid: privileges.gid }),
      },
      listener,
    );
    if (logFile !== null) {
      for (const stream of worker.output) writeLinesOf(stream, (lines) => logFile.write(lines));
    }
    return worker;
  }

  #noteFiles(files: FileSet, since?: number): void {
    this.#files = files.files.length;
    this.#development?.watch(files, since);
  }

  #tellBlindness(error: Error): void {
    this.#supervision.log.warn(
      { err: error },
      'files cannot be watched, and are looked at now and then instead',
    );
  }

  /** Each server once, whenever it comes to be served. */
  #announce(): void {
    for (const { name, url } of this.#supervisor.servers) {
      if (this.#announced.has(`${name} ${url}`)) continue;
      this.#announced.add(`${name} ${url}`);
      this.#supervision.log.info({ server: name, url }, `serving ${name} on ${url}`);
    }
  }

  /** A failure is for people, with its code frame, and for programs, as a line of the log. */
  #tell(outcome: Outcome): void {
    const { log, print } = this.#supervision;
    const { generation, took } = outcome;
    this.#announce();
    if (generation > 1) void this.#supervision.service.notify({ kind: 'ready', status: this.#status });
    if (outcome.kind === 'failed') print(`${outcome.failure.text}\n`);
    if (outcome.kind === 'ok' && generation > 1) {
      log.info({ generation, took }, `reloaded, generation ${generation}, in ${Math.round(took)} ms`);
    } else if (outcome.kind === 'failed' && generation > 1) {
      const { code, message } = outcome.failure;
      log.error({ generation, took, code }, `not reloaded: ${message}`);
    }
  }
}
