// A user's module failed while it was loaded: what of all that Node says helps its author. Called by import-module.ts.
// The module's own error is kept whole as the cause; only the message is made here.
import { basename, dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ErrorDetails, toError, WsgiServeError } from '../errors.js';
import type { Place } from '../source.js';
import { type FailingLine, failingLines, placeOf } from './failing-line.js';
import { isInstalled } from './module-surroundings.js';
import { packageNameOf } from './resolve-package.js';
import { findSyntaxError } from './syntax-error.js';

/**
 * A `module-failed` that names the import that is missing, or else the line that fails, where either can be known.
 * `place` is where the deployment names the module; a line that can be read takes its place.
 */
export async function moduleFailed(
  url: string,
  module: string,
  thrown: unknown,
  place: Place | null,
): Promise<WsgiServeError> {
  const file = url.startsWith('file:') ? fileURLToPath(url) : url;
  const cause = toError(thrown);
  const missing = missingImport(cause, file);
  // What is thrown and no error has no stack: the one that it has now is ours.
  const lines = missing === null && cause === thrown ? await whereItFails(cause, url) : [];
  const reason = missing === null ? whatFailed(cause, lines[0], file) : whatIsMissing(missing, file);
  return new WsgiServeError('module-failed', `the module "${module}" fails while it is loaded: ${reason}`, {
    ...(await placesOf(lines, module, place)),
    cause,
    hint: missing === null ? hintFor(cause) : remedyFor(missing),
  });
}

/** The line that fails, and then those that led to it. */
async function whereItFails(error: Error, url: string): Promise<readonly FailingLine[]> {
  const lines = failingLines(error);
  if (lines.length > 0 || error.name !== 'SyntaxError') return lines;
  const line = await findSyntaxError(url, error.message);
  return line === null ? [] : [line];
}

/** The line that its author can mend: the first one that is no installed package's. */
async function placesOf(
  lines: readonly FailingLine[],
  module: string,
  named: Place | null,
): Promise<Pick<ErrorDetails, 'place' | 'related'>> {
  const line = lines.find((one) => !isInstalled(one.file)) ?? lines[0];
  const place = line === undefined ? null : await placeOf(line, named?.origin.section ?? null);
  if (place === null || named === null) return { place: place ?? named };
  return { place, related: [{ note: `"${module}" is named here`, place: named }] };
}

interface MissingImport {
  readonly specifier: string;
  readonly importer: string;
}

/** What Node's two loaders say of an import that is not there. */
function missingImport(error: Error, file: string): MissingImport | null {
  const code = codeOf(error);
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return null;
  const named = /^Cannot find (?:package|module) '(.+?)'(?: imported from (.+))?/.exec(error.message);
  if (named === null) return null;
  const [, specifier = '', importer = /^- (.+)$/m.exec(error.message)?.[1] ?? file] = named;
  return { specifier, importer };
}

function whatIsMissing({ specifier, importer }: MissingImport, file: string): string {
  const what = isFileLike(specifier) ? 'does not exist' : 'is not installed';
  return `${relativeTo(file, importer)} imports "${relativeTo(file, specifier)}", which ${what}`;
}

function remedyFor({ specifier }: MissingImport): string | null {
  return isFileLike(specifier) ? null : `npm install ${packageNameOf(specifier)}`;
}

function isFileLike(specifier: string): boolean {
  return /^(?:\.{0,2}[/\\]|[A-Za-z]:[/\\]|file:)/.test(specifier);
}

/** `TypeError: it fails (apps.js:3:7)`; compilers say in their second line what their first one announces. */
function whatFailed(error: Error, line: FailingLine | undefined, file: string): string {
  const [first = '', second = ''] = error.message.split('\n');
  const more = second.trim().replace(/^.+?:\d+:\d+: (?=ERROR: )/, '');
  const said = `${error.name}: ${first.endsWith(':') ? `${first} ${more}` : first}`;
  if (line === undefined) return said;
  const column = line.column === null ? '' : `:${line.column}`;
  return `${said} (${relativeTo(file, line.file)}:${line.line}${column})`;
}

function hintFor(error: Error): string | null {
  const code = codeOf(error);
  if (code === 'ERR_REQUIRE_ASYNC_MODULE') {
    return 'Only ES modules may await at their top: end its name with .mts or .mjs, or write "type": "module" in package.json';
  }
  if (code !== 'ERR_UNKNOWN_FILE_EXTENSION' && code !== 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') return null;
  return 'ts_loader = tsx in [wsgi-serve] loads TypeScript wherever it is imported';
}

function codeOf(error: Error): unknown {
  return 'code' in error ? error.code : null;
}

/** A path or URL as seen from the folder of `file`, where it lies below that. */
function relativeTo(file: string, named: string): string {
  const path = named.startsWith('file:') ? fileURLToPath(named) : named;
  if (!path.startsWith(dirname(file))) return path;
  return relative(dirname(file), path) || basename(file);
}
