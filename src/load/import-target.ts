// From `module:Export.path` to the value it names: find the file or package, import it, follow the path.
// Called by load-target.ts for factory keys and by eggs.ts for entry points of packages.
import { fileURLToPath, pathToFileURL } from 'node:url';
import { toError, WsgiServeError } from '../errors.js';
import type { Place } from '../source.js';
import { type FoundExport, findExport } from './find-export.js';
import { type ImportModule, importModule, importUserModule } from './import-module.js';
import { describeSearch, isPath, locateFile, nearestModule, searchedPaths } from './locate-module.js';
import {
  findPackage,
  nearestPackage,
  packageNameOf,
  type ResolvePackage,
  resolvePackage,
} from './resolve-package.js';
import { parseTarget } from './target.js';
import { TsLoader } from './ts-loader.js';

/** How modules are found and evaluated; each part can be left out. */
export interface ImportTools {
  readonly importModule: ImportModule;
  readonly resolvePackage: ResolvePackage;
  readonly tsLoader: TsLoader;
  /** Told of each module that a section names, before it is evaluated. */
  readonly onLocated?: (located: LocatedModule) => void;
}

/** Where a section's module was looked for, and is. */
export interface LocatedModule {
  /** `app:main`; null where no section names it. */
  readonly section: string | null;
  /** A URL; null where there is none. */
  readonly url: string | null;
  /** Absolute paths of files that would have been taken instead. */
  readonly searched: readonly string[];
}

/** The real tools, `given` ones in their place. One of these serves a whole process, as a TsLoader starts once. */
export function importTools(given: Partial<ImportTools> = {}): ImportTools {
  return { importModule, resolvePackage, tsLoader: new TsLoader(), ...given };
}

/**
 * What `expression` names, seen from `folder`. Rejects with `bad-target`, `module-not-found`, `module-failed`,
 * `export-not-found` or `no-ts-loader`.
 */
export async function importTarget(
  expression: string,
  folder: string,
  place: Place | null,
  tools: ImportTools,
): Promise<FoundExport> {
  const target = parseTarget(expression, place);
  const url = await locate(target.module, folder, place, tools);
  if (url.startsWith('file:')) await tools.tsLoader.prepare(fileURLToPath(url), folder, place);
  const namespace = await importUserModule(url, target.module, place, tools.importModule);
  return findExport(namespace, target, place);
}

/** A file beside the deployment file comes before a package of the same name, as in Python. */
async function locate(
  module: string,
  folder: string,
  place: Place | null,
  tools: ImportTools,
): Promise<string> {
  const file = locateFile(module, folder);
  const section = place?.origin.section ?? null;
  const searched = searchedPaths(module, folder, file);
  tools.onLocated?.({ section, url: file === null ? null : pathToFileURL(file).href, searched });
  if (file !== null) return pathToFileURL(file).href;
  if (isPath(module)) throw moduleNotFound(module, folder, place, null);
  try {
    const url = await tools.resolvePackage(module, folder);
    tools.onLocated?.({ section, url, searched: [] });
    return url;
  } catch (thrown) {
    throw moduleNotFound(module, folder, place, toError(thrown));
  }
}

function moduleNotFound(
  module: string,
  folder: string,
  place: Place | null,
  cause: Error | null,
): WsgiServeError {
  const packages = cause === null ? '' : `, then for the package "${module}"`;
  const lines = [`Looked in ${folder} for ${describeSearch(module)}${packages}`];
  const near = nearestModule(module, folder) ?? exportOf(module, folder);
  if (near !== null) lines.push(`Did you mean "${near}"?`);
  else if (cause !== null) lines.push(remedyFor(module, folder, cause));
  return new WsgiServeError('module-not-found', `there is no module "${module}"`, {
    place,
    hint: lines.join('\n'),
    ...(cause === null ? {} : { cause }),
  });
}

/** `apps:make` of `apps.make`, where there is such a module: an easy slip for those who know Python. */
function exportOf(module: string, folder: string): string | null {
  const [, stem, name] = /^(.+)\.([\w$]+)$/.exec(module) ?? [];
  return stem === undefined || name === 'py' || isPath(module) || locateFile(stem, folder) === null
    ? null
    : `${stem}:${name}`;
}

/** A package that is there and does not have what is asked for needs Node's own words. */
function remedyFor(module: string, folder: string, cause: Error): string {
  const name = packageNameOf(module);
  if (findPackage(name, folder) !== null) return cause.message;
  const near = nearestPackage(name, folder);
  return `To install it: npm install ${name}${near === null ? '' : `. Or did you mean "${near}"?`}`;
}
