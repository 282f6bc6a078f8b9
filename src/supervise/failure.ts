// An error as text and data: as it is printed, and as it crosses from a worker to its supervisor. Called by worker.ts,
// and by cli for what it prints.
import { inspect } from 'node:util';
import { type ErrorCode, formatProblem, toError, WsgiServeError } from '../errors.js';
import type { Failure } from './messages.js';

/** Whatever was thrown. An error that no user can cause is code `bug`, exit code 1, and shows its stack. */
export function failureOf(thrown: unknown, cwd: string): Failure {
  if (!(thrown instanceof WsgiServeError)) {
    const error = toError(thrown);
    const text = `wsgi-serve: this is a bug in wsgi-serve, please report it\n${inspect(error)}`;
    return { text, code: 'bug', message: error.message, exitCode: 1, place: null };
  }
  const [first = thrown] = thrown.problems;
  return {
    text: thrown.problems.map((problem) => problemText(problem, cwd)).join('\n\n'),
    code: first.code,
    message: first.message,
    exitCode: thrown.exitCode,
    place: positionOf(first),
  };
}

/** A failure that has no error behind it: a worker that died, or said nothing in time. */
export function plainFailure(message: string): Failure {
  return { text: message, code: 'worker-failed', message, exitCode: 3, place: null };
}

/** Of what was asked for while the program was about to stop. */
export const STOPPED: Failure = { ...plainFailure('the program is about to stop'), code: 'stopping' };

/** The codes whose cause is an error of the user's own code: its stack says where, so it is shown. */
const SHOWS_CAUSE: ReadonlySet<ErrorCode> = new Set([
  'module-failed',
  'factory-failed',
  'server-failed',
  'close-failed',
]);

/** The folder of the compiled program, as stack traces name it. */
const OUR_CODE = new URL('..', import.meta.url).href;

/** A problem with its place, frame and hint, and below it the stack of the user's own error where there is one. */
export function problemText(problem: WsgiServeError, cwd: string): string {
  const text = formatProblem(problem, cwd);
  const cause = causeText(problem);
  return cause === null ? text : `${text}\n${cause.replace(/^/gm, '   ')}`;
}

/** The error of the user's own code behind a problem, with its stack; null where none of theirs is behind it. */
export function causeText({ code, cause }: WsgiServeError): string | null {
  return SHOWS_CAUSE.has(code) && cause !== undefined ? ownStack(cause) : null;
}

/** The user's error as Node prints it, down to where our own code called theirs. */
function ownStack(cause: unknown): string {
  const lines = inspect(cause, { depth: 1 }).split('\n');
  return lines.filter((line) => !(line.trimStart().startsWith('at ') && line.includes(OUR_CODE))).join('\n');
}

function positionOf({ place }: WsgiServeError): Failure['place'] {
  const span = place?.origin.span ?? null;
  if (place === null || span === null) return null;
  return { file: place.origin.file, line: span.start.line, column: span.start.column };
}
