// What each signal asks of a supervisor. Called by supervise.ts.
import type { Logger } from '../log.js';

export interface Signalled {
  reload(): void;
  /** Drains. */
  stop(): void;
  stopAtOnce(): void;
  /** So many workers more, or fewer. */
  scaleBy(count: number): void;
  reopenLog(): void;
  /** Hands over to a new supervisor. */
  restart(): Promise<unknown>;
}

/**
 * HUP reloads; TERM and INT drain, a second INT ends at once, as QUIT does; USR1 reopens the log, USR2 hands over; TTIN
 * and TTOU are one worker more and one fewer. Gives what ends the listening.
 */
export function onSignals(program: Signalled, log: Logger): () => void {
  let interrupts = 0;
  const stop = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGINT') interrupts += 1;
    const atOnce = signal === 'SIGQUIT' || interrupts > 1;
    log.info({ signal }, atOnce ? 'stopping at once' : 'stopping');
    if (atOnce) program.stopAtOnce();
    else program.stop();
  };
  const listeners: Partial<Record<NodeJS.Signals, (signal: NodeJS.Signals) => void>> = {
    SIGHUP: () => program.reload(),
    SIGTERM: stop,
    SIGINT: stop,
    SIGQUIT: stop,
    SIGUSR1: () => program.reopenLog(),
    // What it fails by is told where it fails.
    SIGUSR2: () => void program.restart().catch(() => undefined),
    SIGTTIN: () => program.scaleBy(1),
    SIGTTOU: () => program.scaleBy(-1),
  };
  for (const [signal, listener] of Object.entries(listeners)) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of Object.entries(listeners)) process.off(signal, listener);
  };
}
