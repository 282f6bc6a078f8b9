// What each signal asks of a supervisor. Called by supervise.ts.
import type { Logger } from '../log.js';

export interface SignalActions {
  readonly reload: () => void;
  /** Drains. */
  readonly stop: () => void;
  readonly stopAtOnce: () => void;
  /** So many workers more, or fewer. */
  readonly scale: (by: number) => void;
  readonly log: Logger;
}

/**
 * HUP reloads; TERM and INT drain, a second INT ends at once, as QUIT does; TTIN and TTOU are one worker more and one
 * fewer. Gives what ends the listening.
 */
export function onSignals(actions: SignalActions): () => void {
  let interrupts = 0;
  const stop = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGINT') interrupts += 1;
    const atOnce = signal === 'SIGQUIT' || interrupts > 1;
    actions.log.info({ signal }, atOnce ? 'stopping at once' : 'stopping');
    if (atOnce) actions.stopAtOnce();
    else actions.stop();
  };
  const listeners: Partial<Record<NodeJS.Signals, (signal: NodeJS.Signals) => void>> = {
    SIGHUP: actions.reload,
    SIGTERM: stop,
    SIGINT: stop,
    SIGQUIT: stop,
    SIGTTIN: () => actions.scale(1),
    SIGTTOU: () => actions.scale(-1),
  };
  for (const [signal, listener] of Object.entries(listeners)) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of Object.entries(listeners)) process.off(signal, listener);
  };
}
