// One error class and one table of codes for everything that a user can cause.
// A bug of ours is a plain Error with a stack; a WsgiServeError is a message with a place and never shows its own stack.
import { inspect, types } from 'node:util';
import { codeFrame, formatOrigin, type Place } from './source.js';

/** 0 fine, 1 a bug of ours or no server to talk to, 2 usage or configuration, 3 start-up failed (an app, a port). */
export type ExitCode = 0 | 1 | 2 | 3;

/** Every code, the exit code it leads to, and what it says, in one line each. */
export const ERROR_CODES = {
  // reading a deployment file
  'file-not-found': [2, 'A deployment file does not exist.'],
  file: [2, 'A deployment file cannot be read: a folder, no permission, not a regular file, too large.'],
  encoding: [2, 'A deployment file is not UTF-8 text.'],
  'duplicate-section': [2, 'Two sections of one file have the same name.'],
  'duplicate-option': [2, 'A section has the same key twice.'],
  'missing-section-header': [2, 'A line stands before the first [section].'],
  syntax: [2, 'A line is neither a section header, nor a key with "=" or ":", nor a continuation.'],
  'interpolation-missing': [2, '%(name)s names no key of the section and none of [DEFAULT].'],
  'interpolation-syntax': [2, 'A "%" is not followed by "%" or by "(name)s".'],
  'interpolation-depth': [2, '%(name)s leads through more than ten values, or round in a circle.'],
  'interpolation-size': [2, 'A value grows beyond the limit while %(name)s is replaced.'],
  // resolving it
  cycle: [2, 'Sections use each other in a circle.'],
  'no-section': [2, 'A name stands for no section of the kind that is asked for.'],
  'ambiguous-section': [2, 'A name stands for more than one section.'],
  'no-loader': [2, 'A section says neither "use" nor a factory.'],
  'multiple-protocols': [2, 'A section names more than one kind of factory.'],
  'missing-global': [2, '"get" asks for a global that is not set.'],
  'missing-next': [2, 'A filter-app has no "next".'],
  'missing-pipeline': [2, 'A pipeline section has no "pipeline".'],
  'empty-pipeline': [2, 'The "pipeline" of a section is empty.'],
  'pipeline-extra': [2, 'A pipeline section has keys of its own, which nothing would read.'],
  'unknown-scheme': [2, 'A reference begins with a scheme that is not config, egg or call.'],
  'no-scheme': [2, 'A reference that needs a scheme has none.'],
  'bad-call': [2, 'A call: reference is not module:name.'],
  'too-many-specs': [
    2,
    'The sections refer to each other so often that the deployment grows without bounds.',
  ],
  'bad-value': [2, 'A value is not of the kind that its key takes.'],
  'unknown-option': [2, 'A server section has a key that the server does not know.'],
  'bad-variable': [2, 'A command-line variable is not name=value.'],
  'no-server': [2, 'The file has no such server section.'],
  'bad-requirement': [2, 'A package named by "require" is not installed.'],
  // loading user modules
  'bad-target': [2, 'A factory is not written as module:export.'],
  'module-not-found': [3, 'The module of a factory does not exist.'],
  'module-failed': [3, 'The module of a factory fails while it is loaded.'],
  'export-not-found': [3, 'The module of a factory has no such export.'],
  'not-callable': [3, 'A factory or an app is not a function.'],
  'egg-not-found': [3, 'An egg is neither built in nor an installed package.'],
  'entry-point-not-found': [3, 'An egg has no such entry point.'],
  'ambiguous-entry-point': [3, 'An egg has an entry point of this name in more than one protocol.'],
  'unknown-protocol': [3, 'A factory is of a protocol that nothing is known about.'],
  'no-ts-loader': [3, 'A TypeScript module is named and no loader for it is installed.'],
  // calling user factories
  'factory-failed': [3, 'A factory throws or rejects.'],
  'bad-app': [3, 'A factory gives back something that is not an app or a filter.'],
  'close-failed': [3, 'An app fails while it is closed.'],
  // listening
  'address-in-use': [3, 'Something else listens on the address of a server.'],
  'listen-failed': [3, 'The address of a server cannot be listened on.'],
  'not-ready': [3, 'A server does not answer the path of ready_check.'],
  // running apps
  contract: [3, 'An app, a filter or a server breaks the WSGI contract.'],
  'foreign-server': [2, 'A server of another make cannot be shared by workers.'],
  'server-failed': [3, 'A server of another make fails.'],
  // the processes around them
  'not-running': [1, 'No server runs that could carry a command out.'],
  'no-answer': [1, 'A server does not answer a command.'],
  'bad-command': [2, 'A server is sent something that is no command.'],
  'already-running': [3, 'A server with the same pid file or control socket runs already.'],
  'control-socket': [3, 'The control socket cannot be made, or not be trusted.'],
  'pid-file': [3, 'The pid file cannot be written.'],
  'log-file': [3, 'The log file cannot be written.'],
  'start-failed': [3, 'A server in the background ends before it is ready.'],
  'unknown-user': [2, 'The user or the group of the workers does not exist.'],
  'not-root': [2, 'Workers are to run as another user, and only root can do that.'],
  'stray-socket': [2, 'systemd hands in a socket that belongs to no server.'],
  // composition
  problems: [2, 'Several problems at once; each stands in `problems`.'],
  usage: [2, 'The command line is not understood.'],
  // warnings of `check`
  'shadowed-key': [0, 'A local key is left out because [DEFAULT] has it too.'],
  'unreached-section': [0, 'No server reaches this section.'],
  'unread-key': [0, 'No factory read this key.'],
  'unreachable-mount': [0, 'No request can ever reach this mount.'],
  'ignored-option': [0, 'A server option of another server that has no meaning here.'],
} as const satisfies Record<string, readonly [ExitCode, string]>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorDetails {
  /** The value that is wrong. */
  readonly place?: Place | null;
  /** The key that is wrong, from those who were given a section's keys without their places. */
  readonly key?: string;
  /** What would be right: the known names, the nearest one. One line or more, no full stop needed. */
  readonly hint?: string | null;
  /** Other places that belong to it, in order: the links of a cycle, the first of two duplicates. */
  readonly related?: readonly RelatedPlace[];
  /** The error of a user's module or of the system, kept whole. */
  readonly cause?: unknown;
}

export interface RelatedPlace {
  readonly note: string;
  readonly place: Place;
}

/** Something that a user wrote or runs is wrong: what, where, and what would be right. */
export class WsgiServeError extends Error {
  override readonly name = 'WsgiServeError';
  readonly code: ErrorCode;
  readonly place: Place | null;
  readonly key: string | null;
  readonly hint: string | null;
  readonly related: readonly RelatedPlace[];
  /** Itself, or with code `problems` every problem that was found. */
  readonly problems: readonly WsgiServeError[];

  constructor(
    code: ErrorCode,
    message: string,
    details: ErrorDetails = {},
    problems: readonly WsgiServeError[] = [],
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.place = details.place ?? null;
    this.key = details.key ?? null;
    this.hint = details.hint ?? null;
    this.related = details.related ?? [];
    this.problems = problems.length === 0 ? [this] : problems;
  }

  get exitCode(): ExitCode {
    return this.problems.length === 1 && this.problems[0] === this
      ? ERROR_CODES[this.code][0]
      : worstExitCode(this.problems);
  }
}

/** Whether a problem is only told, and keeps nothing from starting. */
export function isWarning(problem: WsgiServeError): boolean {
  return ERROR_CODES[problem.code][0] === 0;
}

/** One error for several problems: the problem itself where there is one. */
export function severalProblems(problems: readonly [WsgiServeError, ...WsgiServeError[]]): WsgiServeError {
  if (problems.length === 1) return problems[0];
  return new WsgiServeError('problems', `${problems.length} problems`, {}, problems);
}

/** The exit code for a list of problems: the earliest stage decides (2 before 3), warnings count as 0. */
export function worstExitCode(problems: readonly WsgiServeError[]): ExitCode {
  const codes = problems.map((problem) => ERROR_CODES[problem.code][0]);
  return codes.find((code) => code === 2) ?? codes.find((code) => code === 3) ?? 0;
}

/** The text a person reads: place and message, frame, hint and code. No colour, no stack. */
export function formatProblem(problem: WsgiServeError, cwd: string): string {
  const lines = [headline(problem, cwd)];
  if (problem.place !== null) lines.push(...frameOf(problem.place));
  for (const { note, place } of problem.related) lines.push(` ${formatOrigin(place.origin, cwd)}: ${note}`);
  const hint = problem.hint === null ? [] : problem.hint.split('\n');
  const last = ` ${hint.pop() ?? ''}`;
  lines.push(...hint.map((line) => ` ${line}`), `${last.padEnd(100 - problem.code.length)} ${problem.code}`);
  return lines.join('\n');
}

/** Longer names are no slips of a hand, and take long to compare. */
const LONGEST_COMPARED = 200;

/** The known name nearest to `name`, or null where none is near enough to be meant. */
export function nearestName(name: string, known: Iterable<string>): string | null {
  if (name.length > LONGEST_COMPARED) return null;
  let best: string | null = null;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    if (candidate === name || Math.abs(candidate.length - name.length) >= least) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** `Did you mean "x"?` behind the list of what there is; the list is cut after a dozen names. */
export function knownNamesHint(what: string, name: string, known: readonly string[]): string {
  if (known.length === 0) return `${what}: none`;
  const shown = [...known].sort().slice(0, 12).join(', ');
  const more = known.length > 12 ? `, and ${known.length - 12} more` : '';
  const near = nearestName(name, known);
  return `${what}: ${shown}${more}.${near === null ? '' : ` Did you mean "${near}"?`}`;
}

/** For the default branch of a switch over a union: a bug if it is ever reached. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}

/** Whatever was thrown, as an Error: JavaScript may throw anything, and modules may run in realms of their own. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error || types.isNativeError(thrown)
    ? thrown
    : new Error(`non-Error thrown: ${textOf(thrown)}`, { cause: thrown });
}

/** An object may have no text, or code of its own that fails while it makes one. */
function textOf(thrown: unknown): string {
  return typeof thrown === 'object' ? inspect(thrown, { depth: 0, customInspect: false }) : String(thrown);
}

function headline(problem: WsgiServeError, cwd: string): string {
  const where = problem.place === null ? 'wsgi-serve' : formatOrigin(problem.place.origin, cwd);
  return `${where}: ${isWarning(problem) ? 'warning: ' : ''}${problem.message}`;
}

function frameOf({ origin, source }: Place): readonly string[] {
  if (source === null || origin.span === null) return [];
  const frame = codeFrame(source.text, origin.span);
  return frame === '' ? [] : [frame];
}

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours cost one each. */
function editDistance(a: string, b: string): number {
  let previous: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        value = Math.min(value, (previous[j - 2] ?? 0) + 1);
      }
      next.push(value);
    }
    [previous, row] = [row, next];
  }
  return row[b.length] ?? 0;
}
