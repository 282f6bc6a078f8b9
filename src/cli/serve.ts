// `wsgi-serve FILE`: reads, builds, listens, says so, and waits for the signal to stop. Called by main.ts.
import { setImmediate } from 'node:timers/promises';
import type { WsgiServeError } from '../errors.js';
import type { Serving } from '../listen/serve.js';
import { serve } from '../listen/serve-file.js';
import { createLogger, type Logger, type LogLevel, levelFor } from '../log.js';
import { parseFile, parseVariables } from './arguments.js';

/** What commander makes of the options of `serve`. */
export interface ServeFlags {
  readonly appName?: string;
  readonly serverName?: string;
  readonly logLevel?: LogLevel;
  readonly verbose: number;
  readonly quiet: number;
}

/** Resolves to the exit code once everything has stopped. Rejects where nothing could be started. */
export async function serveCommand(
  word: string,
  words: readonly string[],
  flags: ServeFlags,
): Promise<0 | 1> {
  const { file, appName } = parseFile(word);
  const log = createLogger({ level: flags.logLevel ?? levelFor(flags.verbose, flags.quiet) });
  const serving = await serve(file, {
    variables: parseVariables(words),
    serverName: flags.serverName ?? null,
    appName: flags.appName ?? appName,
    log,
  });
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

function logProblem(log: Logger, problem: WsgiServeError): void {
  log.error({ err: problem.cause ?? problem, code: problem.code }, problem.message);
}
