// Finds npm packages as an import in a module beside the deployment file would. Called by import-target.ts and eggs.ts.
// Imports nothing of them.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nearestName } from '../errors.js';

/** The URL of what `specifier` means in a module that lies in `folder`; rejects with Node's own errors. */
export type ResolvePackage = (specifier: string, folder: string) => Promise<string>;

/**
 * Resolves as Node's `import` does. Node lends its own resolver only for the module that asks
 * (`import.meta.resolve(specifier, parent)` is behind a flag), hence the package that carries a copy of it.
 */
export const resolvePackage: ResolvePackage = async (specifier, folder) => {
  const { moduleResolve } = await import('import-meta-resolve');
  const flags = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)];
  return moduleResolve(specifier, pathToFileURL(join(folder, 'module')), importConditions(flags)).href;
};

/** The conditions of an `import` in this process, so that an app and a module it imports get the same file. */
export function importConditions(flags: readonly string[]): Set<string> {
  const conditions = new Set(['node', 'import']);
  if (process.features.require_module) conditions.add('module-sync');
  if (!flags.includes('--no-addons')) conditions.add('node-addons');
  for (const [, named = ''] of flags.join(' ').matchAll(/(?:^|\s)(?:--conditions|-C)[=\s]\s*(\S+)/g)) {
    conditions.add(named);
  }
  return conditions;
}

/** The package that a specifier belongs to: `@scope/name` of `@scope/name/sub`. */
export function packageNameOf(specifier: string): string {
  return /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
}

/** A package's folder and what its package.json says. */
export interface PackageFolder {
  readonly folder: string;
  readonly manifest: unknown;
}

/**
 * The package `name` as seen from `folder`: the one that `folder` itself lies in, if it has that name, else the nearest
 * in a `node_modules`. Null where there is none. A package.json that is no JSON says nothing.
 */
export function findPackage(name: string, folder: string): PackageFolder | null {
  if (name === '') return null;
  const own = enclosingPackage(folder);
  if (own !== null && nameOf(own.manifest) === name) return own;
  const homes = createRequire(join(folder, 'module')).resolve.paths(name) ?? [];
  return homes.map((home) => readPackage(join(home, name))).find((found) => found !== null) ?? null;
}

/** A package like `name` that is installed, for hints; null where none comes near. */
export function nearestPackage(name: string, folder: string): string | null {
  const homes = createRequire(join(folder, 'module')).resolve.paths(name) ?? [];
  const scope = /^@[^/]+\//.exec(name)?.[0] ?? '';
  const names = homes.flatMap((home) => list(join(home, scope)).map((one) => scope + one));
  return nearestName(name, names);
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function enclosingPackage(folder: string): PackageFolder | null {
  return readPackage(folder) ?? (dirname(folder) === folder ? null : enclosingPackage(dirname(folder)));
}

function readPackage(folder: string): PackageFolder | null {
  const text = readText(join(folder, 'package.json'));
  return text === null ? null : { folder, manifest: parseJson(text) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function nameOf(manifest: unknown): unknown {
  return typeof manifest === 'object' && manifest !== null && 'name' in manifest ? manifest.name : null;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
