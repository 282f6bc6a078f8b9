// `wsgi-serve FILE` with workers or in development: a supervisor, what is asked of it, and the words about what it does.
// Called by serve.ts.
import type { ProgramOptions } from '../listen/program-options.js';
import type { Logger } from '../log.js';
import type { Order } from '../supervise/messages.js';
import { type Outcome, Supervisor } from '../supervise/supervisor.js';
import { WorkerHandle } from '../supervise/worker-handle.js';
import { onSignals } from './signals.js';

/** What is to be supervised. */
export interface Supervision {
  readonly order: Omit<Order, 'generation' | 'multiprocess'>;
  readonly program: ProgramOptions;
  readonly log: Logger;
}

/** Resolves to the exit code once everything has stopped. */
export async function supervise({ order, program, log }: Supervision): Promise<number> {
  const ending = new Ending();
  const supervisor = new Supervisor(
    {
      ...{ order, program, log },
      fork: (listener) => new WorkerHandle({ imports: [], env: process.env, output: 'inherit' }, listener),
    },
    { onAttempt: (outcome) => tell(outcome, log), onGiveUp: () => ending.end(1) },
  );
  const release = onSignals({
    reload: () => void supervisor.reload(),
    stop: () => ending.end(0),
    stopAtOnce: () => {
      ending.end(0);
      void supervisor.stopAtOnce();
    },
    scale: (by) => void supervisor.scale(supervisor.target + by),
    log,
  });
  const outcome = await Promise.race([supervisor.reload(), ending.code]);
  if (typeof outcome === 'object' && outcome.kind === 'failed') ending.end(outcome.failure.exitCode);
  else
    for (const { name, url } of supervisor.servers)
      log.info({ server: name, url }, `serving ${name} on ${url}`);
  const code = await ending.code;
  const cut = await supervisor.stop();
  release();
  if (cut > 0) log.warn({ cut }, `${cut} connections were cut`);
  return code;
}

/** When the program ends, and with which exit code: the first that is said. */
class Ending {
  readonly code: Promise<number>;
  #resolve: (code: number) => void = () => undefined;

  constructor() {
    this.code = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  end(code: number): void {
    this.#resolve(code);
  }
}

/** A failure is for people, with its code frame, and for programs, as a line of the log. */
function tell(outcome: Outcome, log: Logger): void {
  if (outcome.kind === 'failed') process.stderr.write(`${outcome.failure.text}\n`);
  const { generation, took } = outcome;
  const milliseconds = Math.round(took);
  if (outcome.kind === 'failed') {
    const { code, message } = outcome.failure;
    if (generation > 1) log.error({ generation, took, code }, `not reloaded: ${message}`);
  } else if (generation > 1) {
    log.info({ generation, took }, `reloaded, generation ${generation}, in ${milliseconds} ms`);
  }
}
