// Errors as people read them, on standard error. Called by main.ts alone; it ends nothing, it only returns the exit code.
import { inspect } from 'node:util';
import { type ErrorCode, type ExitCode, formatProblem, toError, WsgiServeError } from '../errors.js';

/** The codes whose cause is an error of the user's own code: its stack says where, so it is shown. */
const SHOWS_CAUSE: ReadonlySet<ErrorCode> = new Set(['module-failed', 'factory-failed', 'close-failed']);

/** The folder of the compiled program, as stack traces name it. */
const OUR_CODE = new URL('..', import.meta.url).href;

/** Prints whatever ended a command and says with which exit code the program ends. */
export function reportError(thrown: unknown, write: (text: string) => void, cwd: string): ExitCode {
  if (!(thrown instanceof WsgiServeError)) {
    write(`wsgi-serve: this is a bug in wsgi-serve, please report it\n${inspect(toError(thrown))}\n`);
    return 1;
  }
  write(`${thrown.problems.map((problem) => problemText(problem, cwd)).join('\n\n')}\n`);
  return thrown.exitCode;
}

/** A problem with its place, frame and hint, and below it the stack of the user's own error where there is one. */
export function problemText(problem: WsgiServeError, cwd: string): string {
  const text = formatProblem(problem, cwd);
  if (!SHOWS_CAUSE.has(problem.code) || problem.cause === undefined) return text;
  return `${text}\n${ownStack(problem.cause).replace(/^/gm, '   ')}`;
}

/** The user's error as Node prints it, down to where our own code called theirs. */
function ownStack(cause: unknown): string {
  const lines = inspect(cause, { depth: 1 }).split('\n');
  return lines.filter((line) => !(line.trimStart().startsWith('at ') && line.includes(OUR_CODE))).join('\n');
}
