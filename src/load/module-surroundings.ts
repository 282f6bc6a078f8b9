// Files that nobody imports and that loading depends on all the same: where a missing module would be found, and what
// says how modules are run. Called by track-modules.ts. Looks at names on the disk, reads nothing.
import { statSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, join, resolve } from 'node:path';
import { moduleKey } from './module-graph.js';
import { packageNameOf } from './resolve-package.js';

/** What there is at a path. */
export type KindOf = (path: string) => 'file' | 'folder' | null;

const kindOnDisk: KindOf = (path) => {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat === undefined ? null : stat.isDirectory() ? 'folder' : 'file';
  } catch {
    // No permission, a loop of links: nothing that could be loaded.
    return null;
  }
};

/** What Node and the loaders of TypeScript put behind a name that has none of them. */
const EXTENSIONS: readonly string[] = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts', '.json'];

/** TypeScript is imported by the name of what it would be compiled to. */
const SOURCES: ReadonlyMap<string, readonly string[]> = new Map([
  ['.js', ['.ts', '.tsx']],
  ['.mjs', ['.mts']],
  ['.cjs', ['.cts']],
]);

/** What npm, pnpm and both generations of yarn write into `node_modules` when an install is complete. */
const INSTALL_MARKERS: readonly string[] = [
  '.package-lock.json',
  '.modules.yaml',
  '.yarn-state.yml',
  '.yarn-integrity',
];

/** True for the files of installed packages: they change by installing, all at once and seldom. */
export function isInstalled(path: string): boolean {
  return /[\\/]node_modules[\\/]/.test(path);
}

/**
 * Paths that decide what `specifier` means in the module at `importer`, beside what was `found`: the files that would
 * have been taken before it, and last the link that led to it. Where nothing was found, all that would have been taken:
 * for a package that is its folder in every `node_modules` that Node looks in and that there is, and in the one that an
 * install would make. Where a package was found, its package.json, by the way that leads there. None for what a
 * package.json maps (`#name`), as that is watched itself.
 */
export function importPlaces(
  specifier: string,
  importer: string,
  found: string | null,
  kindOf: KindOf = kindOnDisk,
): readonly string[] {
  const plain = specifier.startsWith('file:') ? moduleKey(specifier) : specifier.replace(/\?.*$/, '');
  if (plain === null || /^#|^$|^[a-z][a-z\d+.-]+:/i.test(plain)) return [];
  if (isAbsolute(plain) || /^\.{1,2}(?:[/\\]|$)/.test(plain)) {
    return filePlaces(resolve(dirname(importer), plain), found, kindOf);
  }
  const name = packageNameOf(plain);
  const homes = packageHomes(dirname(importer), kindOf);
  if (found !== null) return packageManifests(homes, name, kindOf);
  return homes.flatMap((home) => [join(home, name), ...installMarkers(home)]);
}

/** The folder whose surroundings are those of the module at `path`: its own; for all installed packages, `node_modules`. */
export function neighbourhood(path: string): string {
  return /^.*?[\\/]node_modules(?=[\\/])/.exec(path)?.[0] ?? dirname(path);
}

/**
 * What says how the modules of a neighbourhood are run: the nearest package.json, and what would be nearer; for installed
 * packages, which are replaced together, the marks of the last install.
 */
export function manifestsOf(folder: string, kindOf: KindOf = kindOnDisk): readonly string[] {
  const isThere = (path: string): boolean => kindOf(path) !== null;
  if (basename(folder) === 'node_modules') return installMarkers(folder).filter(isThere);
  const places = ancestors(folder).map((parent) => join(parent, 'package.json'));
  // Where there is none up to the root, the module's own folder has to do.
  return places.slice(0, Math.max(0, places.findIndex(isThere)) + 1);
}

/** A folder stands for no module, and what else is put into it must not count. */
function filePlaces(path: string, found: string | null, kindOf: KindOf): readonly string[] {
  if (path === found) return [];
  const kinds = new Map(candidates(path).map((candidate) => [candidate, kindOf(candidate)]));
  const places = [...kinds.keys()].filter((candidate) => kinds.get(candidate) !== 'folder');
  if (found === null) return places;
  const link = places.findIndex((place) => kinds.get(place) === 'file');
  return places.slice(0, link + 1).filter((place) => place !== found);
}

function candidates(path: string): readonly string[] {
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length);
  const sources = (SOURCES.get(extension) ?? []).map((source) => stem + source);
  if (EXTENSIONS.includes(extension)) return [path, ...sources];
  return [
    path,
    ...EXTENSIONS.map((one) => path + one),
    ...EXTENSIONS.map((one) => join(path, `index${one}`)),
  ];
}

function packageHomes(folder: string, kindOf: KindOf): readonly string[] {
  const folders = ancestors(folder).filter((parent) => basename(parent) !== 'node_modules');
  const project = folders.find((parent) => kindOf(join(parent, 'package.json')) !== null) ?? folder;
  return folders
    .filter((parent) => parent === project || kindOf(join(parent, 'node_modules')) !== null)
    .map((parent) => join(parent, 'node_modules'));
}

/**
 * Of the package that is found, and of those that would be found before it. A link to the package that comes to lead
 * elsewhere makes it another file.
 */
function packageManifests(homes: readonly string[], name: string, kindOf: KindOf): readonly string[] {
  const places = homes.map((home) => join(home, name, 'package.json'));
  return places.slice(0, places.findIndex((place) => kindOf(place) !== null) + 1);
}

function installMarkers(home: string): readonly string[] {
  return INSTALL_MARKERS.map((name) => join(home, name));
}

function ancestors(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}
