// Spreads connections over workers. They accept from one queue, and whoever wakes first takes a whole burst; kept
// connections would then stay with one worker. Each is told its fair share, and hands back what it accepts beyond that.
// Made by supervisor.ts.
import type { Crew } from './crew.js';

/** How often workers are told their share, in milliseconds. */
const ROUND = 1000;

export class Balance {
  #timer: NodeJS.Timeout | null = null;

  /** Looks after a crew from now on, and after no other. A single worker has no share: all is its own. */
  begin(crew: Crew): void {
    this.stop();
    tellShares(crew);
    this.#timer = setInterval(() => tellShares(crew), ROUND);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}

function tellShares(crew: Crew): void {
  const serving = crew.workers.filter(({ state }) => state === 'serving');
  const all = serving.reduce((sum, { connections }) => sum + connections, 0);
  const share = serving.length > 1 ? Math.ceil(all / serving.length) : null;
  for (const worker of serving) worker.send({ kind: 'share', connections: share });
}
