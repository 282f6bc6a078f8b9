// Crews of generations before, which finish what they have under way. Made by supervisor.ts.
import type { Logger } from '../log.js';
import type { Crew } from './crew.js';

/** Crews that may leave at a time: before one more does, the oldest is cut. */
const MOST_LEAVING = 8;

export class LeavingCrews {
  readonly #log: Logger;
  readonly #crews = new Set<Crew>();

  constructor(log: Logger) {
    this.#log = log;
  }

  get all(): readonly Crew[] {
    return [...this.#crews];
  }

  /** A crew goes when its last request is answered, or its servers' graceful timeout is over. */
  async add(crew: Crew): Promise<void> {
    const [oldest] = this.#crews;
    if (this.#crews.size >= MOST_LEAVING) void oldest?.stopAtOnce();
    this.#crews.add(crew);
    const cut = await crew.leave();
    this.#crews.delete(crew);
    if (cut === 0) return;
    const { generation } = crew.order;
    this.#log.warn({ cut, generation }, `${cut} connections of the old generation were cut`);
  }
}
