// `wsgi-serve FILE`: reads, builds, listens, says so, and waits for the signal to stop. Called by main.ts.
import { setImmediate } from 'node:timers/promises';
import { readForServing } from '../listen/read-for-serving.js';
import type { Serving } from '../listen/serve.js';
import { createLogger, type Logger, type LogLevel, levelFor, logProblem } from '../log.js';
import { parseFile, parseVariables } from './arguments.js';

/** What commander makes of the options of `serve`. */
export interface ServeFlags {
  readonly appName?: string;
  readonly serverName?: string;
  readonly logLevel?: LogLevel;
  readonly verbose: number;
  readonly quiet: number;
  /** A number of processes; 0 for none below a supervisor. */
  readonly workers?: number;
}

/** Resolves to the exit code once everything has stopped. Rejects where nothing could be started. */
export async function serveCommand(
  word: string,
  words: readonly string[],
  flags: ServeFlags,
): Promise<number> {
  const { file, appName } = parseFile(word);
  const level = flags.logLevel ?? levelFor(flags.verbose, flags.quiet);
  const log = createLogger({ level });
  const variables = parseVariables(words);
  const options = { variables, serverName: flags.serverName ?? null, appName: flags.appName ?? appName };
  const parts = readForServing(file, { ...options, log });
  const workers = flags.workers ?? parts.program.workers;
  if (workers > 0) {
    const { supervise } = await import('./supervise.js');
    const program = flags.workers === undefined ? {} : { workers };
    const order = { ...options, file: parts.deployment.file, logLevel: level, liveReload: false, program };
    return supervise({ order, program: { ...parts.program, ...program }, log });
  }
  // Not before: a supervisor serves nothing by itself.
  const { startServing } = await import('../listen/serve.js');
  const serving = await startServing(parts);
  // Requests that wait already are answered before anything is said.
  await setImmediate();
  for (const { name, url } of serving.listeners) log.info({ server: name, url }, `serving ${name} on ${url}`);
  return untilStopped(serving, log);
}

/** The first SIGINT or SIGTERM drains, a second one cuts; an error that nobody caught drains too, and counts as 1. */
async function untilStopped(serving: Serving, log: Logger): Promise<0 | 1> {
  const failed = await new Promise<boolean>((stop) => {
    let asked = false;
    const onSignal = (signal: NodeJS.Signals) => {
      log.info({ signal }, asked ? 'stopping at once' : 'stopping');
      if (asked) void serving.cut();
      asked = true;
      stop(false);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    process.on('uncaughtException', (error) => {
      log.fatal({ err: error }, 'an error that nothing caught: stopping');
      stop(true);
    });
  });
  const { cut, problems } = await serving.stop();
  if (cut > 0) log.warn({ cut }, `${cut} connections were cut`);
  for (const problem of problems) logProblem(log, problem);
  return failed ? 1 : 0;
}
