// A worker that has booted and waits for the next generation, so that nobody waits for that. Made by supervisor.ts; used
// in development alone, as it takes memory.
import type { Order } from './messages.js';
import type { Built, WorkerHandle } from './worker-handle.js';

export class Standby {
  readonly #fork: () => WorkerHandle;
  #worker: WorkerHandle | null = null;

  constructor(fork: () => WorkerHandle) {
    this.#fork = fork;
  }

  /** Has one ready for an order like this one, as the generation that serves was built. */
  prepare(order: Order, built: Built | null): void {
    if (this.#worker !== null) return;
    const { packages = [], loader = null } = built ?? {};
    this.#worker = this.#fork();
    this.#worker.send({ kind: 'warm', order, packages, compiles: loader !== null });
  }

  /** The one that waits, or else a new one. */
  take(): WorkerHandle {
    const worker = this.#worker ?? this.#fork();
    this.#worker = null;
    return worker;
  }

  /** For one that may have loaded what has changed since. */
  drop(): void {
    this.#worker?.kill();
    this.#worker = null;
  }

  /** For every worker that has ended. */
  gone(worker: WorkerHandle): void {
    if (worker === this.#worker) this.#worker = null;
  }
}
