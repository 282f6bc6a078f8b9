// Who takes the place of a worker that died, asked to be replaced, or gives no sign of life. Made by supervisor.ts for
// the crew that serves; reloads are none of its business.
import type { Logger } from '../log.js';
import type { Crew } from './crew.js';
import type { WorkerHandle } from './worker-handle.js';
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

export class Replacements {
  readonly #tools: ReplacementTools;
  readonly #retiring = new WeakSet<WorkerHandle>();
  readonly #pending = new Set<NodeJS.Timeout>();

  constructor(tools: ReplacementTools) {
    this.#tools = tools;
  }

  begin(_crew: Crew): void {
    this.stop();
  }

  stop(): void {
    for (const timer of this.#pending) clearTimeout(timer);
    this.#pending.clear();
  }

  beat(_worker: WorkerHandle): void {}

  gone(worker: WorkerHandle, exit: Exit): void {
    const crew = this.#tools.crew();
    if (crew === null || !crew.has(worker)) return;
    crew.remove(worker);
    const { log } = this.#tools;
    log.error({ worker: worker.pid, ...exit }, `worker ${worker.pid} died and is replaced`);
    this.#replaceIn(crew, 0);
  }

  asked(worker: WorkerHandle, reason: string): void {
    const crew = this.#tools.crew();
    if (crew === null || !crew.has(worker) || this.#retiring.has(worker)) return;
    this.#retiring.add(worker);
    this.#tools.log.info({ worker: worker.pid, reason }, `worker ${worker.pid} is replaced: ${reason}`);
    void crew.reinforce().then(() => this.retire(crew, worker));
  }

  async retire(crew: Crew, worker: WorkerHandle): Promise<void> {
    crew.remove(worker);
    await worker.leave(crew.patience);
  }

  #replaceIn(crew: Crew, delay: number): void {
    const timer = setTimeout(async () => {
      this.#pending.delete(timer);
      const failed = await crew.reinforce();
      if (failed === null) this.#tools.serving();
      else this.#replaceIn(crew, 1000);
    }, delay);
    this.#pending.add(timer);
  }
}
