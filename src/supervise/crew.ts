// The workers of one generation: built side by side, they serve together, pause together and leave together. Made by
// supervisor.ts for each attempt to reload; it replaces nobody by itself.
import { formatAddress } from '../listen/address.js';
import type { Bound } from './listen-handle.js';
import type { ImportChain, Order } from './messages.js';
import type { Built, Failed, WorkerHandle } from './worker-handle.js';

/** What a crew is put together with. */
export interface CrewTools {
  /** A worker that is up and has nothing to do yet. */
  readonly recruit: () => WorkerHandle;
  /** Milliseconds that each worker gets to be built, and to be ready. */
  readonly limit: number;
}

export class Crew {
  readonly order: Order;
  readonly built: Built;
  readonly #tools: CrewTools;
  /** What is shown in place of a deployment that cannot be built; null for a crew that serves one. */
  readonly #shown: Failed | null;
  readonly #workers = new Set<WorkerHandle>();
  #sockets: ReadonlyMap<string, Bound> = new Map();
  #isHeld = false;

  private constructor(
    order: Order,
    built: Built,
    first: WorkerHandle,
    tools: CrewTools,
    shown: Failed | null = null,
  ) {
    this.order = order;
    this.built = built;
    this.#tools = tools;
    this.#shown = shown;
    this.#workers.add(first);
  }

  /** A crew of one, built and not serving yet. */
  static async found(order: Order, first: WorkerHandle, tools: CrewTools): Promise<Crew | Failed> {
    const answer = await first.build(order, tools.limit);
    return answer.kind === 'built' ? new Crew(order, answer, first, tools) : answer;
  }

  /** A crew of one that answers on the sockets of `built` with what went wrong. */
  static standIn(order: Order, built: Built, shown: Failed, first: WorkerHandle, tools: CrewTools): Crew {
    return new Crew(order, built, first, tools, shown);
  }

  get workers(): readonly WorkerHandle[] {
    return [...this.#workers];
  }

  get size(): number {
    return this.#workers.size;
  }

  /** How long a worker may take to leave: its slowest server's graceful timeout, and a little for closing apps. */
  get patience(): number {
    return Math.max(0, ...this.built.sockets.map(({ gracefulTimeout }) => gracefulTimeout)) + 5000;
  }

  /** What is served, and where it really listens. */
  get servers(): readonly { readonly name: string; readonly url: string }[] {
    return this.built.sockets.map(({ server: name, address }) => {
      return { name, url: formatAddress(this.#sockets.get(name)?.address ?? address) };
    });
  }

  has(worker: WorkerHandle): boolean {
    return this.#workers.has(worker);
  }

  /** For a worker that is gone, or is no longer counted on. */
  remove(worker: WorkerHandle): void {
    this.#workers.delete(worker);
  }

  /** Builds further workers, all at once, until there are `count`; they serve with the others. */
  async grow(count: number): Promise<Failed | null> {
    const missing = Math.max(0, count - this.size);
    const grown = await Promise.all(Array.from({ length: missing }, () => this.#another()));
    return grown.find((failed) => failed !== null) ?? null;
  }

  /** Resolves when all of them serve; a failure of one is that of all. */
  async serve(sockets: ReadonlyMap<string, Bound>): Promise<Failed | null> {
    this.#sockets = sockets;
    const served = await Promise.all(this.workers.map((worker) => this.#start(worker)));
    return served.find((failed) => failed !== null) ?? null;
  }

  /** One worker more for a crew that serves; `restarts` is how often one in its place has died. */
  async reinforce(restarts = 0): Promise<{ readonly kind: 'ready'; readonly worker: WorkerHandle } | Failed> {
    const worker = this.#tools.recruit();
    worker.restarts = restarts;
    const failed = (await this.#build(worker)) ?? (await this.#start(worker));
    if (failed !== null) return failed;
    this.#workers.add(worker);
    if (this.#isHeld) void worker.hold();
    return { kind: 'ready', worker };
  }

  /** The worker that gets the next connection of `server`; null while none serves it. */
  choose(server: string): WorkerHandle | null {
    if (!this.#sockets.has(server)) return null;
    return leastLoaded(this.workers.filter(({ state }) => state === 'serving'));
  }

  /** As one of them has it that serves. */
  async why(file: string): Promise<readonly ImportChain[]> {
    return this.workers.find(({ state }) => state === 'serving')?.why(file) ?? [];
  }

  /** Resolves when nobody of them accepts any more; whoever comes to serve meanwhile does not either. */
  async hold(): Promise<void> {
    this.#isHeld = true;
    await Promise.all(this.workers.map((worker) => worker.hold()));
  }

  resume(): void {
    this.#isHeld = false;
    for (const worker of this.#workers) worker.resume(this.#sockets);
  }

  /** Resolves when every worker is gone, to the number of connections that were cut. */
  leave(): Promise<number> {
    return this.#end((worker) => worker.leave(this.patience));
  }

  drain(delay: number): Promise<number> {
    return this.#end((worker) => worker.drain(this.patience + delay));
  }

  stopAtOnce(): Promise<number> {
    return this.#end((worker) => worker.stopAtOnce());
  }

  /** For a crew that does not come to serve; those of it that did already give back what they have. */
  dismiss(): void {
    for (const worker of this.#workers) {
      if (worker.state === 'serving') void worker.leave(this.patience);
      else worker.kill();
    }
  }

  async #another(): Promise<Failed | null> {
    const worker = this.#tools.recruit();
    this.#workers.add(worker);
    return this.#build(worker);
  }

  #start(worker: WorkerHandle): Promise<Failed | null> {
    const { limit } = this.#tools;
    if (this.#shown === null) return worker.serve(this.#sockets, limit);
    return worker.show(this.#shown.failure, this.order, this.built.sockets, this.#sockets, limit);
  }

  /** What it is built from must still be what the others were built from. */
  async #build(worker: WorkerHandle): Promise<Failed | null> {
    if (this.#shown !== null) return null;
    const answer = await worker.build(this.order, this.#tools.limit);
    if (answer.kind === 'failed') return answer;
    if (JSON.stringify(answer.sockets) === JSON.stringify(this.built.sockets)) return null;
    worker.kill();
    return { ...answer, kind: 'failed', failure: CHANGED };
  }

  async #end(part: (worker: WorkerHandle) => Promise<unknown>): Promise<number> {
    const workers = this.workers;
    await Promise.all(workers.map(part));
    return workers.reduce((sum, { cut }) => sum + cut, 0);
  }
}

const CHANGED: Failed['failure'] = {
  text: 'The servers of the deployment file have changed: a reload is needed to serve them',
  code: 'worker-failed',
  message: 'the servers of the deployment file have changed meanwhile',
  exitCode: 3,
  place: null,
};

/** The one of them with the fewest connections; null where there is none. */
function leastLoaded(workers: readonly WorkerHandle[]): WorkerHandle | null {
  const [first = null, ...others] = workers;
  return others.reduce((least, worker) => {
    return least !== null && worker.connections < least.connections ? worker : least;
  }, first);
}
