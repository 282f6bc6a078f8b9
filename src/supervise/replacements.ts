// Who takes the place of a worker that died, asked to be replaced, or gives no sign of life. Made by supervisor.ts for
// the crew that serves; reloads are none of its business.
import type { Logger } from '../log.js';
import type { Crew } from './crew.js';
import { describeDeath } from './describe-death.js';
import type { Failure } from './messages.js';
import { afterDeath, delayAfter, inARow } from './restart-policy.js';
import type { WorkerHandle } from './worker-handle.js';
import { CHECK_EVERY, type HealthChange, WorkerHealth } from './worker-health.js';
import type { Exit } from './worker-process.js';

export interface ReplacementTools {
  readonly log: Logger;
  /** The crew that serves; null where nobody is replaced any more. */
  readonly crew: () => Crew | null;
  /** A worker more serves. */
  readonly serving: () => void;
  /** Nobody will be replaced any more. */
  readonly giveUp: () => void;
}

/** What a worker that blocks gets to write down where it was: SIGABRT, then SIGKILL, in milliseconds. */
const LAST_WORDS = 1000;

export class Replacements {
  readonly #tools: ReplacementTools;
  readonly #retiring = new WeakSet<WorkerHandle>();
  /** How long those were silent that were killed for it. */
  readonly #silent = new WeakMap<WorkerHandle, number>();
  readonly #waiting = new Set<NodeJS.Timeout>();
  readonly #leaving = new Set<Promise<unknown>>();
  #resizing: Promise<Failure | null> = Promise.resolve(null);
  #health = new WorkerHealth<WorkerHandle>({ timeout: 0, memory: 0 });
  #checks: NodeJS.Timeout | null = null;

  constructor(tools: ReplacementTools) {
    this.#tools = tools;
  }

  /** Looks after a crew from now on, and after no other. */
  begin(crew: Crew): void {
    this.stop();
    const { worker_timeout: timeout, max_worker_memory: memory } = crew.built.program;
    this.#health = new WorkerHealth({ timeout, memory });
    for (const worker of crew.workers) this.#begin(worker);
    this.#checks = setInterval(() => this.#check(), CHECK_EVERY);
  }

  stop(): void {
    if (this.#checks !== null) clearInterval(this.#checks);
    for (const timer of this.#waiting) clearTimeout(timer);
    this.#waiting.clear();
  }

  beat(worker: WorkerHandle): void {
    this.#health.beat(worker, worker.vitals.memory, performance.now());
  }

  /** For every worker that ended, whatever it was there for. */
  gone(worker: WorkerHandle, exit: Exit): void {
    this.#health.forget(worker);
    const crew = this.#tools.crew();
    if (crew === null || !crew.has(worker)) return;
    crew.remove(worker);
    const how = describeDeath(exit, this.#silent.get(worker) ?? null);
    this.#tools.log.error({ worker: worker.pid, ...exit }, `worker ${worker.pid} ${how}`);
    // Otherwise one that takes its place is on its way.
    if (!this.#retiring.has(worker)) this.#replace(crew, worker);
  }

  /** For a worker that died in all but name: it gives away what it has, and ends. */
  left(worker: WorkerHandle, reason: string): void {
    const crew = this.#tools.crew();
    if (crew === null || !crew.has(worker)) return;
    this.#tools.log.error({ worker: worker.pid, reason }, `worker ${worker.pid} ends: ${reason}`);
    void this.retire(crew, worker);
    if (!this.#retiring.has(worker)) this.#replace(crew, worker);
  }

  /** For a worker that is to be replaced: it goes when another one has come. `restarts` is what that one begins with. */
  asked(worker: WorkerHandle, reason: string, restarts = worker.restarts): void {
    const crew = this.#tools.crew();
    if (crew === null || !crew.has(worker) || this.#retiring.has(worker)) return;
    this.#retiring.add(worker);
    this.#tools.log.info({ worker: worker.pid, reason }, `worker ${worker.pid} is replaced: ${reason}`);
    void this.#add(crew, restarts).then((failure) => {
      if (failure === null) return this.retire(crew, worker);
      this.#retiring.delete(worker);
      if (this.#tools.crew() === crew && !crew.has(worker)) this.#replace(crew, worker);
      return undefined;
    });
  }

  /** Lets a worker go that nobody takes the place of. */
  async retire(crew: Crew, worker: WorkerHandle): Promise<void> {
    this.#health.forget(worker);
    crew.remove(worker);
    const left = worker.leave(crew.patience);
    this.#leaving.add(left);
    await left;
    this.#leaving.delete(left);
  }

  /** Resolves when all are gone that were let go. */
  async settled(): Promise<void> {
    await Promise.all(this.#leaving);
  }

  /**
   * Has as many workers as `count` says: those over it leave, those under it are built. Resolves to the first failure,
   * one call behind the other: each counts those whom the one before has brought.
   */
  resize(count: () => number): Promise<Failure | null> {
    this.#resizing = this.#resizing.then(() => this.#resize(count()));
    return this.#resizing;
  }

  async #resize(count: number): Promise<Failure | null> {
    const crew = this.#tools.crew();
    if (crew === null) return null;
    if (count !== crew.size) this.#tools.log.info({ workers: count }, `${count} workers from here on`);
    const surplus = crew.workers.slice(0, Math.max(0, crew.size - count));
    // They may take as long as their last requests do.
    for (const worker of surplus) void this.retire(crew, worker);
    const missing = Math.max(0, count - crew.size);
    const answers = await Promise.all(Array.from({ length: missing }, () => this.#add(crew, 0)));
    return answers.find((failure) => failure !== null) ?? null;
  }

  /** One may have died between its own beginning and that of the last of them. */
  #begin(worker: WorkerHandle): void {
    if (worker.state === 'ended') void worker.ended.then((exit) => this.gone(worker, exit));
    else this.#health.watch(worker, performance.now());
  }

  /** Brings one worker more; null when it serves. */
  async #add(crew: Crew, restarts: number): Promise<Failure | null> {
    const answer = await crew.reinforce(restarts);
    if (answer.kind === 'failed') {
      this.#tools.log.error({ code: answer.failure.code }, `no new worker: ${answer.failure.message}`);
      return answer.failure;
    }
    if (this.#tools.crew() === crew) {
      this.#health.watch(answer.worker, performance.now());
      this.#tools.serving();
    } else {
      // A reload came in between, which has its own.
      void this.retire(crew, answer.worker);
    }
    return null;
  }

  /** For one that is gone: another one takes its place, at once or after a while. */
  #replace(crew: Crew, { restarts, servedFor }: WorkerHandle): void {
    this.#replaceAfter(crew, restarts, servedFor);
  }

  #replaceAfter(crew: Crew, deathsBefore: number, upFor: number): void {
    const { max_restarts: maxRestarts } = crew.built.program;
    const next = afterDeath(deathsBefore, upFor, maxRestarts);
    if (next.kind === 'give-up') {
      this.#tools.log.fatal({ deaths: next.deaths }, `workers died ${next.deaths} times in a row: giving up`);
      this.#tools.giveUp();
      return;
    }
    this.#later(next.delay, async () => {
      const failure = await this.#add(crew, next.deaths);
      if (failure !== null && this.#tools.crew() === crew) this.#replaceAfter(crew, next.deaths, 0);
    });
  }

  /** Where a new worker is as large at once, it serves for longer each time until it is replaced. */
  #replaceLarge(worker: WorkerHandle, memory: number): void {
    const restarts = inARow(worker.restarts, worker.servedFor);
    const reason = `it takes ${Math.round(memory / 1_000_000)} MB of memory`;
    this.#later(delayAfter(restarts), () => this.asked(worker, reason, restarts));
  }

  #later(delay: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#waiting.delete(timer);
      act();
    }, delay);
    this.#waiting.add(timer);
  }

  #check(): void {
    for (const change of this.#health.check(performance.now())) this.#treat(change);
  }

  #treat({ worker, health }: HealthChange<WorkerHandle>): void {
    const { log } = this.#tools;
    if (health.kind === 'warn') {
      const seconds = Math.round(health.silence / 1000);
      log.warn({ worker: worker.pid }, `worker ${worker.pid} gave no sign of life for ${seconds} s`);
    } else if (health.kind === 'kill') {
      this.#silent.set(worker, health.silence);
      worker.kill('SIGABRT');
      setTimeout(() => worker.kill('SIGKILL'), LAST_WORDS).unref();
    } else if (health.kind === 'retire') {
      this.#replaceLarge(worker, health.memory);
    }
  }
}
