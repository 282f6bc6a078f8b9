// `wsgi-serve FILE`: reads, builds, listens, says so, and waits for the signal to stop; by itself, or below a supervisor
// where something is asked that needs one. Called by main.ts.
import { setTimeout } from 'node:timers/promises';
import { WsgiServeError } from '../errors.js';
import type { ProgramOptions } from '../listen/program-options.js';
import { type ForServing, readForServing } from '../listen/read-for-serving.js';
import type { Serving } from '../listen/serve.js';
import { createLogger, type Logger, type LogLevel, levelFor, logProblem } from '../log.js';
import { parseFile, parseVariables } from './arguments.js';
import { inheritedSockets, tellService } from './service.js';
import type { WhoWaits } from './who-waits.js';

const FIRST_ANSWER_MS = 5;

/** What commander makes of the options of `serve`. */
export interface ServeFlags {
  readonly appName?: string;
  readonly serverName?: string;
  readonly logLevel?: LogLevel;
  readonly verbose: number;
  readonly quiet: number;
  /** A number of processes; 0 for none below a supervisor. */
  readonly workers?: number;
  readonly reload?: boolean;
  readonly showErrors?: boolean;
  readonly liveReload: boolean;
  readonly daemon?: boolean;
  readonly pidFile?: string;
  readonly logFile?: string;
  readonly user?: string;
  readonly group?: string;
  readonly umask?: number;
  readonly monitorRestart?: boolean;
}

/** Resolves to the exit code once everything has stopped. Rejects where nothing could be started. */
export async function serveCommand(
  word: string,
  words: readonly string[],
  flags: ServeFlags,
): Promise<number> {
  // Started from a shell nobody waits.
  if (process.send === undefined) return serve(word, words, flags, null);
  const { whoWaits, tellWhoWaits } = await import('./who-waits.js');
  const waiting = whoWaits();
  return serve(word, words, flags, waiting).catch(async (error: unknown) => {
    await tellWhoWaits(waiting, error);
    throw error;
  });
}

async function serve(
  word: string,
  words: readonly string[],
  flags: ServeFlags,
  waiting: WhoWaits | null,
): Promise<number> {
  refuseContradictions(flags);
  const { file, appName } = parseFile(word);
  const level = flags.logLevel ?? levelFor(flags.verbose, flags.quiet);
  const names = { serverName: flags.serverName ?? null, appName: flags.appName ?? appName };
  const options = { variables: parseVariables(words), ...names };
  const parts = readForServing(file, { ...options, log: createLogger({ level }) });
  const given = programOf(flags);
  const program = { ...parts.program, ...given };
  const isSuccessor = waiting !== null && waiting.predecessor !== null;
  if (!isSuccessor && !needsSupervisor(flags, program)) return serveAlone(parts);
  const { serveSupervised } = await import('./serve-supervised.js');
  const order = { ...options, file: parts.deployment.file, logLevel: level, program: given };
  return serveSupervised({ order, program, flags, waiting });
}

async function serveAlone(parts: ForServing): Promise<number> {
  // Not before: a supervisor serves nothing by itself.
  const { startServing } = await import('../listen/serve.js');
  if (parts.program.umask !== null) process.umask(parts.program.umask);
  const sockets = await inheritedSockets();
  const serving = await startServing({ ...parts, ...(sockets && { sockets }) });
  const end = untilEnd(serving, parts.log);
  // Who waits for the port is answered before anything is said: the first line takes longer than the first answer.
  await setTimeout(FIRST_ANSWER_MS);
  for (const { name, url } of serving.listeners) {
    parts.log.info({ server: name, url }, `serving ${name} on ${url}`);
  }
  const urls = serving.listeners.map(({ url }) => url).join(', ');
  const stopping = await tellService(`serving on ${urls}`, parts.log);
  const exitCode = await end;
  await Promise.all([stopping(), stop(serving, parts.log)]);
  return exitCode;
}

/** What would be ignored otherwise. In the background there is no terminal to tell what a change broke (paster). */
function refuseContradictions({ daemon, reload, workers = 0, showErrors, liveReload }: ServeFlags): void {
  if (daemon && reload) throw contradiction('The --daemon and --reload options may not be used together');
  if (reload && workers > 1) {
    throw contradiction(`--workers ${workers} is not for --reload: in development one worker serves`);
  }
  if (!reload && showErrors) throw contradiction('--show-errors is nothing without --reload');
  if (!reload && !liveReload) throw contradiction('--no-live-reload is nothing without --reload');
}

function contradiction(message: string): WsgiServeError {
  return new WsgiServeError('usage', message);
}

/** What the command line says of the program, which wins over the file. */
function programOf(flags: ServeFlags): Partial<ProgramOptions> {
  const { workers, reload, pidFile: pid_file, logFile: log_file, user, group, umask } = flags;
  const given = { workers: reload ? 1 : workers, pid_file, log_file, user, group, umask };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** Workers, and all that only a process around them can do: restart them, be asked, hold the log, drop rights. */
function needsSupervisor(flags: ServeFlags, program: ProgramOptions): boolean {
  const { pid_file, log_file, user, group } = program;
  const isAsked = flags.reload || flags.daemon || flags.monitorRestart;
  return (
    Boolean(isAsked) || program.workers > 0 || [pid_file, log_file, user, group].some((one) => one !== null)
  );
}

/**
 * Resolves to the exit code when it is time to stop: at the first SIGINT or SIGTERM; a second one cuts. An error that
 * nobody caught ends it too, and counts as 1, as does the end of everything that served.
 */
function untilEnd(serving: Serving, log: Logger): Promise<0 | 1> {
  return new Promise((end) => {
    let asked = false;
    const onSignal = (signal: NodeJS.Signals) => {
      log.info({ signal }, asked ? 'stopping at once' : 'stopping');
      if (asked) void serving.cut();
      asked = true;
      end(0);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    process.on('uncaughtException', (error) => {
      log.fatal({ err: error }, 'an error that nothing caught: stopping');
      end(1);
    });
    const onDeserted = (): void => {
      log.fatal({}, 'no server is left that serves: stopping');
      end(1);
    };
    void serving.deserted.then(onDeserted);
    // A server of another make may also end without a word.
    process.once('beforeExit', onDeserted);
  });
}

async function stop(serving: Serving, log: Logger): Promise<void> {
  const { cut, problems } = await serving.stop();
  if (cut > 0) log.warn({ cut }, `${cut} connections were cut`);
  for (const problem of problems) logProblem(log, problem);
}
