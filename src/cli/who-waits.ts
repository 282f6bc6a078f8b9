// Who waits for this server to start, and is told why it does not: the terminal that it was started from in the background,
// or a server that hands over to it. Asked once, by serve.ts, before anything else is done.
import { type Starter, starter } from '../supervise/daemon.js';
import { failureOf } from '../supervise/failure.js';
import { type Predecessor, predecessor } from '../supervise/hand-over.js';

export interface WhoWaits {
  readonly starter: Starter;
  readonly predecessor: Predecessor | null;
}

export function whoWaits(): WhoWaits {
  return { starter: starter(), predecessor: predecessor() };
}

/** Tells them of an error that keeps it from starting; it resolves when they have heard, or are gone. */
export async function tellWhoWaits(waiting: WhoWaits, error: unknown): Promise<void> {
  const failure = failureOf(error, process.cwd());
  await Promise.all([waiting.starter.failed(failure), waiting.predecessor?.failed(failure)]);
}
