// The log: one line a thing that happens. The only user of pino; pretty on a terminal, JSON lines elsewhere.
// pino is loaded with the first line that its level lets through, so that nobody waits for it before.
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { WsgiServeError } from './errors.js';
import { formatOrigin } from './source.js';

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
  /** Where lines go, each with its end; default standard output. */
  readonly write?: (line: string) => void;
}

/** A logger on standard output that writes each line at once, so that lines keep their order with `console.log`. */
export function createLogger(options: LogOptions = {}): Logger {
  const highest = LOG_LEVELS.indexOf(options.level ?? 'info');
  let made: Logger | null = null;
  const at = (level: keyof Logger) => {
    if (LOG_LEVELS.indexOf(level) > highest) return () => undefined;
    return (fields: object, message: string) => {
      made ??= createPino(options);
      if (made !== null) made[level](fields, message);
      else writePlain(options, level, fields, message);
    };
  };
  return {
    fatal: at('fatal'),
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    trace: at('trace'),
  };
}

/** Logs what went wrong while serving goes on: where it can be mended, and the error of user code behind it. */
export function logProblem(log: Logger, { code, message, place, cause }: WsgiServeError): void {
  const at = place === null ? {} : { at: formatOrigin(place.origin, process.cwd()) };
  log.error({ code, ...at, ...(cause === undefined ? {} : { err: cause }) }, message);
}

/** `info`, moved by `-v` (more) and `-q` (less), each as often as it was given. */
export function levelFor(verbose: number, quiet: number): LogLevel {
  const index = LOG_LEVELS.indexOf('info') + verbose - quiet;
  return LOG_LEVELS[Math.max(0, Math.min(LOG_LEVELS.length - 1, index))] ?? 'info';
}

/**
 * Writes `text` to standard output, as the log does, behind what waits to be written. A full disk or a reader that went
 * away must not end a server: what cannot be written is lost, and standard error says so once.
 */
export function writeLog(text: string): void {
  if (process.stdout.listenerCount('error', tellLostOutput) === 0) process.stdout.on('error', tellLostOutput);
  const all = waiting + text;
  waiting = '';
  process.stdout.write(all);
}

/**
 * Writes a line of an access log with all others of this turn of the event loop: a call into the system for each would
 * cost more than many an answer. At the end of the process what waits is written; what kills it at once loses a turn.
 */
export function writeLogSoon(line: string): void {
  // Several processes may write to one pipe, which keeps no more than that together (POSIX, PIPE_BUF).
  if (waiting.length + line.length > MOST_TOGETHER) writeWaiting();
  if (waiting === '') setImmediate(writeWaiting);
  if (process.listenerCount('exit', writeWaiting) === 0) process.on('exit', writeWaiting);
  waiting += line;
}

/** In bytes, which characters of an access log are. */
const MOST_TOGETHER = 4096;

let waiting = '';

function writeWaiting(): void {
  if (waiting !== '') writeLog('');
}

let isTold = false;

/** Says on standard error, once in a process, that standard output failed; where that fails too, nobody is told. */
export function tellLostOutput(error: Error): void {
  if (isTold) return;
  isTold = true;
  try {
    // Not the stream, whose error would come later and end the process.
    writeSync(
      2,
      `wsgi-serve: standard output cannot be written, what goes there is lost: ${error.message}\n`,
    );
  } catch {
    // There is nowhere left to say it.
  }
}

/**
 * Null where it cannot be loaded now: a process without a free file descriptor has something to tell, too. pino's own
 * destination tries a write that fails again and again, for ever where it logs a fatal error.
 */
function createPino({
  level = 'info',
  pretty = process.stdout.isTTY === true,
  write = writeLog,
}: LogOptions): Logger | null {
  try {
    const require = createRequire(import.meta.url);
    const pino: typeof import('pino') = require('pino');
    const show = pretty ? prettyLine(require('pino-pretty')) : (line: string) => line;
    return pino.pino({ level, base: { pid: process.pid } }, { write: (line) => write(show(line)) });
  } catch {
    return null;
  }
}

/** A line as pino writes it. */
function writePlain(
  { write = writeLog }: LogOptions,
  level: keyof Logger,
  fields: object,
  msg: string,
): void {
  const number = 70 - 10 * LOG_LEVELS.indexOf(level);
  const entry = { level: number, time: Date.now(), pid: process.pid, ...fields, msg };
  const text = JSON.stringify(entry, (_key, value: unknown) =>
    value instanceof Error ? { type: value.name, message: value.message, stack: value.stack } : value,
  );
  write(`${text}\n`);
}

function prettyLine({ prettyFactory }: typeof import('pino-pretty')): (line: string) => string {
  return prettyFactory({ ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' });
}
