// `wsgi-serve FILE` where it needs a supervisor: in the background or here, with its files, its log and its rights.
// Called by serve.ts, once the deployment file was read.
import { dirname, isAbsolute, resolve } from 'node:path';
import type { ProgramOptions } from '../listen/program-options.js';
import { createLogger, type Logger } from '../log.js';
import { startDaemon } from '../supervise/daemon.js';
import { LogFile } from '../supervise/log-file.js';
import type { Order } from '../supervise/messages.js';
import { resolvePrivileges } from '../supervise/privileges.js';
import { ServiceManager } from '../supervise/service-manager.js';
import { DEFAULT_PID_FILE } from './find-server.js';
import type { ServeFlags } from './serve.js';
import { supervise } from './supervise.js';
import type { WhoWaits } from './who-waits.js';

/** Where a server in the background writes what it has to say, if nothing else is said. */
const DEFAULT_LOG_FILE = 'wsgi-serve.log';

export interface SupervisedOptions {
  readonly order: Omit<Order, 'generation' | 'multiprocess' | 'liveReload'>;
  readonly program: ProgramOptions;
  readonly flags: ServeFlags;
  /** Null where nobody waits. */
  readonly waiting: WhoWaits | null;
}

/** Resolves to the exit code. */
export async function serveSupervised(options: SupervisedOptions): Promise<number> {
  const { order, program, flags, waiting } = options;
  const files = filesOf(order.file, program, flags);
  if (flags.daemon && waiting === null) return startInBackground(files.logFile);
  const privileges = resolvePrivileges(program);
  const logFile = files.logFile === null ? null : new LogFile(files.logFile);
  const log = loggerOn(logFile, order.logLevel);
  const supervision = {
    order: { ...order, liveReload: Boolean(flags.reload) && flags.liveReload },
    program,
    pidFile: files.pidFile,
    logFile,
    log,
    print: (text: string) => print(logFile, text),
    privileges,
    service: new ServiceManager({ warn: (message) => log.warn({}, message) }),
    development: flags.reload ? { showErrors: flags.showErrors ?? false } : null,
  };
  return supervise(supervision, waiting?.starter ?? null, waiting?.predecessor ?? null);
}

interface Files {
  /** Absolute; null for none. */
  readonly pidFile: string | null;
  readonly logFile: string | null;
}

/** What the command line names is relative to where it was typed, what the file names to the file. */
function filesOf(file: string, program: ProgramOptions, flags: ServeFlags): Files {
  const path = (typed: string | undefined, written: string | null, fallback: string): string | null => {
    if (typed !== undefined) return resolve(typed);
    if (written !== null) return isAbsolute(written) ? written : resolve(dirname(file), written);
    return flags.daemon ? resolve(fallback) : null;
  };
  return {
    pidFile: path(flags.pidFile, program.pid_file, DEFAULT_PID_FILE),
    logFile: path(flags.logFile, program.log_file, DEFAULT_LOG_FILE),
  };
}

/** The exit code tells whether it serves. */
async function startInBackground(logFile: string | null): Promise<number> {
  const start = await startDaemon({ argv: process.argv.slice(1), cwd: process.cwd(), logFile });
  if (start.kind === 'ready') {
    process.stdout.write(`Server running in PID ${start.pid}\n`);
    return 0;
  }
  process.stderr.write(`${start.failure.text}\n`);
  return start.failure.exitCode;
}

function loggerOn(file: LogFile | null, level: Order['logLevel']): Logger {
  if (file === null) return createLogger({ level });
  return createLogger({ level, pretty: false, write: (line) => file.write(Buffer.from(line)) });
}

function print(file: LogFile | null, text: string): void {
  if (file === null) process.stderr.write(text);
  else file.write(Buffer.from(text));
}
