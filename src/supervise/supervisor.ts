// The process around the workers, made by cli: it holds the addresses, and replaces one generation by the next, which is
// built beside it and takes over whole or not at all. Nothing of the user's is ever loaded here.
import type { Socket } from 'node:net';
import type { ProgramOptions } from '../listen/program-options.js';
import { Attempts } from './attempts.js';
import { Balance } from './balance.js';
import { BoundSockets } from './bound-sockets.js';
import { collectGarbageLater } from './collect-garbage.js';
import type { Crew } from './crew.js';
import { STOPPED } from './failure.js';
import { LeavingCrews } from './leaving-crews.js';
import type { Failure, ImportChain, Order } from './messages.js';
import { Replacements } from './replacements.js';
import { Standby } from './standby.js';
import type { Outcome, SupervisorEvents, SupervisorOptions, SupervisorState } from './supervision.js';
import { type Attempt, type Succession, standIn, takeOver } from './take-over.js';
import { type Recipient, WaitingConnections } from './waiting-connections.js';
import type { WorkerHandle } from './worker-handle.js';

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #events: SupervisorEvents;
  readonly #sockets = new BoundSockets((server, socket) => this.#connections.take(server, socket));
  readonly #connections = new WaitingConnections(
    (server) => this.#successor ?? this.#crew?.choose(server) ?? null,
  );
  readonly #replacements: Replacements;
  readonly #balance = new Balance();
  readonly #leaving: LeavingCrews;
  /** Every worker whose process runs, whatever it is there for. */
  readonly #everyone = new Set<WorkerHandle>();
  #program: ProgramOptions;
  #crew: Crew | null = null;
  readonly #standby = new Standby(() => this.#fork());
  /** The supervisor that serves in our place; null while we do. */
  #successor: Recipient | null = null;
  #generation = 0;
  /** When the attempt under way began. */
  #buildingSince: number | undefined;
  readonly #attempts = new Attempts((signal) => this.#attempt(signal));
  /** As `scale` has it; null for what the file says. */
  #scaled: number | null = null;
  #state: SupervisorState = 'starting';
  #lastOutcome: (Outcome & { readonly at: Date }) | null = null;

  constructor(options: SupervisorOptions, events: SupervisorEvents = {}) {
    this.#options = options;
    this.#events = events;
    this.#program = options.program;
    this.#leaving = new LeavingCrews(options.log);
    this.#replacements = new Replacements({
      log: options.log,
      crew: () => (this.#state === 'stopping' ? null : this.#crew),
      serving: () => this.#connections.flush(),
      giveUp: () => this.#events.onGiveUp?.(),
    });
  }

  get state(): SupervisorState {
    return this.#state;
  }

  get generation(): number {
    return this.#crew?.order.generation ?? 0;
  }

  get program(): ProgramOptions {
    return this.#program;
  }

  /** Of the last attempt that ended; null before the first. */
  get lastOutcome(): (Outcome & { readonly at: Date }) | null {
    return this.#lastOutcome;
  }

  /** Everybody who works, or works no more but is not gone yet. */
  get workers(): readonly WorkerHandle[] {
    return [this.#crew, ...this.#leaving.all].flatMap((crew) => crew?.workers ?? []);
  }

  /** The servers that are served now. */
  get servers(): readonly { readonly name: string; readonly url: string }[] {
    return this.#crew?.servers ?? [];
  }

  /** How many workers there are to be. */
  get target(): number {
    return this.#scaled ?? Math.max(1, this.#program.workers);
  }

  /**
   * Builds a new generation and lets it take over; where that fails, all is as it was. What is asked for while an
   * attempt is under way is one more attempt, however often it is asked for.
   */
  reload(): Promise<Outcome> {
    return this.#attempts.ask();
  }

  /** The same, at once: what is being built is out of date. */
  supersede(): Promise<Outcome> {
    const next = this.#attempts.ask();
    this.#attempts.abort();
    return next;
  }

  /** Lets connections wait for the generation that is about to come. */
  hold(): void {
    void this.#crew?.hold();
  }

  /** Ends the wait, and lets the old generation answer. */
  release(): void {
    this.#crew?.resume();
    this.#connections.flush();
  }

  /** Keeps a worker ready for the next generation. */
  prepareStandby(): void {
    if (this.#state === 'stopping') return;
    this.#standby.prepare(this.#orderOf(this.#generation + 1), this.#crew?.built ?? null);
  }

  /** For a standby that may have loaded what has changed since. */
  dropStandby(): void {
    this.#standby.drop();
  }

  /** Rejects nothing: fewer workers leave as after a reload, more are built like the others. */
  scale(count: number): Promise<Failure | null> {
    this.#scaled = Math.max(1, count);
    return this.#replacements.resize(() => this.target);
  }

  /** Which apps loaded a file, and through which imports: as one of the workers that serve has it. */
  async why(file: string): Promise<readonly ImportChain[]> {
    return this.#crew?.why(file) ?? [];
  }

  /** Stops accepting for a supervisor that is about to serve in our place, and gives the addresses that it is to have. */
  async offer(): Promise<BoundSockets['entries']> {
    await this.#crew?.hold();
    return this.#sockets.entries;
  }

  /**
   * Gives every connection to that supervisor, also those that come from one before us until `formerGone`; resolves when
   * the last request here is answered.
   */
  async cede(successor: Recipient, formerGone: Promise<void>): Promise<number> {
    const crews = this.#beginStop();
    this.#successor = successor;
    this.#connections.flush();
    const cut = await Promise.all(crews.map((crew) => crew.leave()));
    await this.#settled();
    await formerGone;
    await this.#connections.settled();
    return cut.reduce((sum, one) => sum + one, 0);
  }

  /** Takes a connection that another supervisor had. */
  take(server: string, socket: Socket): void {
    this.#connections.take(server, socket);
  }

  /** Drains all workers, then lets the addresses go. Resolves to the number of connections that were cut. */
  async stop(): Promise<number> {
    const crews = this.#beginStop();
    const { drain_delay: delay } = this.#program;
    const drained = crews.map((crew) => crew.drain(delay));
    // Workers accept until then, on unix sockets as long as their files are there; behind that nobody would.
    const closing = setTimeout(() => this.#sockets.close(), delay);
    this.#connections.cut();
    const cut = await Promise.all(drained);
    clearTimeout(closing);
    this.#sockets.close();
    await this.#settled();
    return cut.reduce((sum, one) => sum + one, 0);
  }

  /** Cuts every connection. */
  async stopAtOnce(): Promise<void> {
    const crews = this.#beginStop();
    this.#sockets.close();
    await Promise.all(crews.map((crew) => crew.stopAtOnce()));
    this.#endAll();
  }

  /** Resolves when nobody is left: neither who was let go, nor who was to come. */
  async #settled(): Promise<void> {
    await this.#replacements.settled();
    await this.#attempts.settled();
    this.#endAll();
  }

  /** One that is being built, and blocks, would not even hear that we are gone; whoever left may have given back more. */
  #endAll(): void {
    for (const worker of this.#everyone) worker.kill();
    this.#connections.cut();
  }

  #beginStop(): readonly Crew[] {
    this.#state = 'stopping';
    this.#attempts.abort();
    this.#replacements.stop();
    this.#balance.stop();
    this.#standby.drop();
    return [this.#crew, ...this.#leaving.all].filter((crew) => crew !== null);
  }

  async #attempt(signal: AbortSignal): Promise<Outcome> {
    if (this.#isStopping()) return { kind: 'failed', generation: 0, failure: STOPPED, took: 0 };
    const [begun, since] = [performance.now(), Date.now()];
    this.#buildingSince = since;
    this.#state = this.#crew === null ? 'starting' : 'reloading';
    if (this.#crew !== null) this.#events.onReload?.();
    this.#generation += 1;
    const generation = this.#generation;
    const attempt = this.#attemptOf(generation, signal);
    const result = await takeOver(attempt);
    // What is asked of those that serve was not asked of these.
    if (result.kind === 'succession' && this.#isStopping()) await result.crew.leave();
    this.#buildingSince = undefined;
    const took = performance.now() - begun;
    this.#events.onFiles?.(result.kind === 'failed' ? result.files : result.crew.built.files, since);
    if (this.#isStopping()) return { kind: 'failed', generation, failure: STOPPED, took };
    if (result.kind === 'succession') this.#install(result);
    else if (this.#options.showErrors && !signal.aborted) {
      const shown = await standIn(attempt, result, this.#program);
      if (shown !== null) this.#install(shown);
    }
    const outcome: Outcome =
      result.kind === 'succession'
        ? { kind: 'ok', generation, took }
        : { kind: 'failed', generation, failure: result.failure, took };
    if (this.#isStopping()) return outcome;
    this.#state = 'serving';
    collectGarbageLater();
    this.#lastOutcome = { ...outcome, at: new Date() };
    if (!signal.aborted) this.#events.onAttempt?.(outcome);
    return outcome;
  }

  #orderOf(generation: number): Order {
    return { ...this.#options.order, generation, multiprocess: this.target > 1 };
  }

  #attemptOf(generation: number, signal: AbortSignal): Attempt {
    const { inherited } = this.#options;
    const isFirst = this.#crew === null;
    return {
      order: this.#orderOf(generation),
      tools: { recruit: () => this.#standby.take(), limit: this.#program.boot_timeout },
      target: ({ built }) => this.#scaled ?? Math.max(1, built.program.workers),
      sockets: this.#sockets,
      inherit: isFirst && inherited ? (wanted) => inherited(wanted, this.#sockets) : null,
      current: this.#crew,
      resume: () => this.release(),
      signal,
    };
  }

  #install({ crew, prepared }: Succession): void {
    const old = this.#crew;
    this.#crew = crew;
    this.#program = crew.built.program;
    this.#events.onLoader?.(crew.built.loader);
    prepared.commit();
    this.#replacements.begin(crew);
    this.#balance.begin(crew);
    this.#connections.cut((server) => !prepared.sockets.has(server));
    this.#connections.flush();
    if (old !== null) void this.#leaving.add(old);
    // It may have been scaled since its workers were counted.
    if (this.#scaled !== null) void this.scale(this.#scaled);
  }

  #fork(): WorkerHandle {
    const forked = this.#options.fork({
      onConnection: (server: string, socket: Socket) => this.#connections.take(server, socket),
      onRetire: (worker, reason, leaves) => {
        if (leaves) this.#replacements.left(worker, reason);
        else this.#replacements.asked(worker, reason);
      },
      onFiles: (files) => this.#events.onMoreFiles?.(files, this.#buildingSince),
      onBeat: (worker) => this.#replacements.beat(worker),
      onExit: (worker, exit) => {
        this.#everyone.delete(worker);
        this.#standby.gone(worker);
        this.#replacements.gone(worker, exit);
      },
    });
    this.#everyone.add(forked);
    return forked;
  }

  #isStopping(): boolean {
    return this.#state === 'stopping';
  }
}
