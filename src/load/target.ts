// How a factory is written: `module:Export.path`. Read by load-target.ts and eggs.ts.
// Reads words only: whether the module or the export exists is asked later.
import { WsgiServeError } from '../errors.js';
import type { Place } from '../source.js';

/** A module as it was written, and the way to an export of it. */
export interface ModuleExport {
  readonly module: string;
  /** Never empty: `default` where the text names a module alone. */
  readonly path: readonly [string, ...string[]];
}

/**
 * Reads `module:Export.path`, the syntax of Python's entry points, in which the module may also be a path or a package:
 * `apps:MyHome.app_factory`, `./lib/apps.js:make`, `@scope/pkg/sub:factory`. The last colon counts. A module alone
 * stands for its default export, as what it is in Python, the module itself, is nothing that could be called.
 * Throws `bad-target`.
 */
export function parseTarget(expression: string, place: Place | null): ModuleExport {
  const [module, path] = splitAtLastColon(expression.trim());
  if (module === '') throw badTarget(expression, 'names no module', place);
  if (path === null) return { module, path: ['default'] };
  const [first = '', ...rest] = path.split('.').map((part) => part.trim());
  const parts: ModuleExport['path'] = [first, ...rest];
  const wrong = parts.find((part) => !/^[\p{ID_Start}$_][\p{ID_Continue}$-]*$/u.test(part));
  if (wrong !== undefined) throw badTarget(expression, whatIsWrong(path, wrong), place);
  return { module, path: parts };
}

/** A colon before a slash belongs to a drive letter, not to an export. */
function splitAtLastColon(text: string): readonly [string, string | null] {
  const at = text.lastIndexOf(':');
  if (at === -1 || /^[/\\]/.test(text.slice(at + 1))) return [text, null];
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function whatIsWrong(path: string, part: string): string {
  if (path === '') return 'names no export behind its colon';
  return part === '' ? `has an empty part in "${path}"` : `has "${part}", which is no name of an export`;
}

function badTarget(expression: string, what: string, place: Place | null): WsgiServeError {
  return new WsgiServeError('bad-target', `"${expression}" is not module:export: it ${what}`, {
    place,
    hint: 'Examples: apps:make_app, apps:MyHome.app_factory, ./lib/apps.js:makeApp, @scope/package:makeApp',
  });
}
