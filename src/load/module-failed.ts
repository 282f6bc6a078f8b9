// A user's module failed while it was loaded: what of all that Node says helps its author. Called by import-module.ts.
// The module's own error is kept whole as the cause; only the message is made here.
import { basename, dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toError, WsgiServeError } from '../errors.js';
import type { Place } from '../source.js';
import { packageNameOf } from './resolve-package.js';
import { findSyntaxError } from './syntax-error.js';

/** A `module-failed` that names the import that is missing, or else the line that fails, where either can be known. */
export async function moduleFailed(
  url: string,
  module: string,
  thrown: unknown,
  place: Place | null,
): Promise<WsgiServeError> {
  const file = url.startsWith('file:') ? fileURLToPath(url) : url;
  const cause = toError(thrown);
  const missing = missingImport(cause, file);
  const reason = missing === null ? await whatFailed(cause, url, file) : whatIsMissing(missing, file);
  return new WsgiServeError('module-failed', `the module "${module}" fails while it is loaded: ${reason}`, {
    place,
    cause,
    hint: missing === null ? hintFor(cause) : remedyFor(missing),
  });
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
async function whatFailed(error: Error, url: string, file: string): Promise<string> {
  const [first = '', second = ''] = error.message.split('\n');
  const said = `${error.name}: ${first.endsWith(':') ? `${first} ${second.trim()}` : first}`;
  const isSyntax = error.name === 'SyntaxError';
  const line = lineOf(error) ?? (isSyntax ? await findSyntaxError(url, error.message) : null);
  return line === null ? said : `${said} (${relativeTo(file, line)})`;
}

/** `file:line:column` of the first line of a stack that lies in a file; null where none does before Node's loader. */
function lineOf(error: Error): string | null {
  for (const line of (error.stack ?? '').split('\n')) {
    if (line.includes('node:internal/modules')) return null;
    const found = /(?:^|[( ])((?:file:\/\/)?(?:[A-Za-z]:[/\\]|\/)[^()]*?(?::\d+){1,2})\)?(?::|$)/.exec(line);
    if (found?.[1] !== undefined) return found[1];
  }
  return null;
}

function hintFor(error: Error): string | null {
  const code = codeOf(error);
  if (code !== 'ERR_UNKNOWN_FILE_EXTENSION' && code !== 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') return null;
  return 'ts_loader = tsx in [wsgi-serve] loads TypeScript wherever it is imported';
}

function codeOf(error: Error): unknown {
  return 'code' in error ? error.code : null;
}

/** A path or URL, with its line and column, as seen from the folder of `file` where it lies below that. */
function relativeTo(file: string, named: string): string {
  const path = named.replace(/^file:\/\/.*?(?=(?::\d+)*$)/, (url) => fileURLToPath(url));
  if (!path.startsWith(dirname(file))) return path;
  return relative(dirname(file), path) || basename(file);
}
