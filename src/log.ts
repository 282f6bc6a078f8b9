// The log: one line a thing that happens. The only user of pino; pretty on a terminal, JSON lines elsewhere.
// pino is loaded with the first line that is logged, so that nobody waits for it before.
import { createRequire } from 'node:module';
import type { DestinationStream } from 'pino';
import type { PrettyOptions } from 'pino-pretty';

/** The levels, from nothing to everything. */
export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** What the rest of the code sees of pino. */
export interface Logger {
  fatal(fields: object, message: string): void;
  error(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  trace(fields: object, message: string): void;
}

export interface LogOptions {
  /** Default `info`. */
  readonly level?: LogLevel;
  /** For people (true) or for programs; default: whether standard output is a terminal. */
  readonly pretty?: boolean;
}

/** A logger on standard output that writes each line at once, so that lines keep their order with `console.log`. */
export function createLogger(options: LogOptions = {}): Logger {
  let made: Logger | null = null;
  const logger = (): Logger => {
    made ??= createPino(options);
    return made;
  };
  return {
    fatal: (fields, message) => logger().fatal(fields, message),
    error: (fields, message) => logger().error(fields, message),
    warn: (fields, message) => logger().warn(fields, message),
    info: (fields, message) => logger().info(fields, message),
    debug: (fields, message) => logger().debug(fields, message),
    trace: (fields, message) => logger().trace(fields, message),
  };
}

/** `info`, moved by `-v` (more) and `-q` (less), each as often as it was given. */
export function levelFor(verbose: number, quiet: number): LogLevel {
  const index = LOG_LEVELS.indexOf('info') + verbose - quiet;
  return LOG_LEVELS[Math.max(0, Math.min(LOG_LEVELS.length - 1, index))] ?? 'info';
}

function createPino({ level = 'info', pretty = process.stdout.isTTY === true }: LogOptions): Logger {
  const require = createRequire(import.meta.url);
  const pino: typeof import('pino') = require('pino');
  const stream: LogStream = pretty
    ? prettyStream(require('pino-pretty'))
    : pino.destination({ fd: 1, sync: true });
  // A reader that went away or a full disk must not end the server.
  stream.on('error', () => undefined);
  return pino.pino({ level, base: { pid: process.pid } }, stream);
}

type LogStream = DestinationStream & { on(event: 'error', listener: () => void): unknown };

function prettyStream(pretty: (options: PrettyOptions) => LogStream): LogStream {
  return pretty({ sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' });
}
