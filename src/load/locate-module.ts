// Which file a module's name means, seen from the folder of the deployment file. Called by import-target.ts.
// Looks at names on the disk, imports nothing; packages are resolve-package.ts's part.
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, resolve } from 'node:path';
import { nearestName } from '../errors.js';

/**
 * What may stand behind a name without an extension, the first that exists wins. JavaScript comes first: a compiled
 * file beside its source is what was deployed, and needs no loader. The source can always be named with its extension.
 */
const EXTENSIONS: readonly string[] = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'];

/** A file named as TypeScript imports name it, by what it would be compiled to. */
const SOURCES: ReadonlyMap<string, readonly string[]> = new Map([
  ['.js', ['.ts', '.tsx']],
  ['.mjs', ['.mts']],
  ['.cjs', ['.cts']],
]);

/** True where a name can only mean a file: `./apps`, `../apps.js`, `/srv/apps.mjs`. */
export function isPath(module: string): boolean {
  return /^\.{1,2}(?:[/\\]|$)/.test(module) || isAbsolute(module);
}

/**
 * The file that `module` means, seen from `folder`: the name as it is where it has an extension, else with one of
 * EXTENSIONS, then `index` in a folder of that name; `pkg.sub.mod` also stands for `pkg/sub/mod`. Null where there is none.
 */
export function locateFile(module: string, folder: string): string | null {
  return (
    candidates(module)
      .map((name) => resolve(folder, name))
      .find(isFile) ?? null
  );
}

/** The paths at which locateFile looks before it finds `found`; all of them where that is null. */
export function searchedPaths(module: string, folder: string, found: string | null): readonly string[] {
  const paths = candidates(module).map((name) => resolve(folder, name));
  return found === null ? paths : paths.slice(0, paths.indexOf(found));
}

/** Where locateFile looks, for people: `apps.{js,mjs,cjs,ts,mts,cts}, apps/index.{...}`. */
export function describeSearch(module: string): string {
  const all = EXTENSIONS.map((extension) => extension.slice(1)).join(',');
  if (hasExtension(module)) return candidates(module).join(', ');
  return stems(module)
    .map((stem) => `${stem}.{${all}}, ${stem}/index.*`)
    .join(', ');
}

/** A name like `module` that does stand for a file, for hints; null where none comes near. */
export function nearestModule(module: string, folder: string): string | null {
  const [stem = module] = stems(module).slice(-1);
  const names = list(resolve(folder, dirname(stem)))
    .filter((name) => EXTENSIONS.includes(extname(name)))
    .map((name) => (hasExtension(module) ? name : basename(name, extname(name))));
  const near = nearestName(basename(stem), names);
  return near === null ? null : module.slice(0, module.length - basename(stem).length) + near;
}

function candidates(module: string): readonly string[] {
  if (hasExtension(module)) return [module, ...sourcesOf(module)];
  return stems(module).flatMap((stem) => [
    ...(isPath(stem) ? [stem] : []),
    ...EXTENSIONS.map((extension) => stem + extension),
    ...EXTENSIONS.map((extension) => `${stem}/index${extension}`),
  ]);
}

function sourcesOf(module: string): readonly string[] {
  const extension = extname(module);
  const base = module.slice(0, module.length - extension.length);
  return (SOURCES.get(extension) ?? []).map((source) => base + source);
}

function stems(module: string): readonly string[] {
  if (hasExtension(module)) return [module];
  const plain = module.replace(/[/\\]+$/, '');
  return /^[\w$-]+(?:\.[\w$-]+)+$/.test(plain) ? [plain, plain.replaceAll('.', '/')] : [plain];
}

function hasExtension(module: string): boolean {
  return /\.(?:[cm]?[jt]s|[jt]sx)$/.test(module);
}

// What cannot be looked at (no permission, a loop of links) is no module, and says so as one that is missing.
function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    return false;
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
