// Which module brought in which other, and what else their loading stands on. Filled by track-modules.ts, asked by
// supervise. Pure: looks at no disk.
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How a section came to load a file. */
export interface ModuleChain {
  /** `app:main`. */
  readonly section: string;
  /** From the module that the section names to the file; no shorter way leads there. */
  readonly path: readonly string[];
}

/**
 * Modules are absolute paths, or URLs where they are no files. Both may be given as URLs; what follows the path of a file
 * (`?v=1`) is left out, so that a file is one module however often it was evaluated.
 */
export class ModuleGraph {
  readonly #imports = new Map<string, Set<string>>();
  readonly #modules = new Set<string>();
  /** The modules that each section names. */
  readonly #roots = new Map<string, Set<string>>();

  /** `section` names `module` as the place of its factory. */
  addRoot(section: string, module: string): void {
    const key = moduleKey(module);
    if (key === null) return;
    this.#modules.add(key);
    add(this.#roots, section, key);
  }

  /**
   * `importer` stands on `imported`: it imports it, or would do so if that existed, or is run as it says (package.json).
   * Null for a module that nothing imports, as the first of a thread. True where `imported` was not known.
   */
  add(importer: string | null, imported: string): boolean {
    const to = moduleKey(imported);
    if (to === null) return false;
    const from = importer === null ? null : moduleKey(importer);
    if (from !== null) add(this.#imports, from, to);
    const count = this.#modules.size;
    return this.#modules.add(to).size > count;
  }

  /** Absolute paths of all files, be they there or only looked for. */
  get files(): readonly string[] {
    return [...this.#modules].filter((module) => isAbsolute(module));
  }

  /** Those that modules outside bring in of `isInside`: of packages, the files by which they are imported. */
  entriesOf(isInside: (module: string) => boolean): readonly string[] {
    const entries = new Set<string>();
    for (const [importer, imported] of this.#imports) {
      if (isInside(importer)) continue;
      for (const module of imported) if (isInside(module)) entries.add(module);
    }
    return [...entries];
  }

  /** For each section that leads to `file`, the shortest way. */
  why(file: string): readonly ModuleChain[] {
    const wanted = moduleKey(file);
    if (wanted === null) return [];
    return [...this.#roots].flatMap(([section, roots]) => {
      const path = this.#shortest(roots, wanted);
      return path === null ? [] : [{ section, path }];
    });
  }

  /** Breadth first; each module remembers who led to it. */
  #shortest(roots: ReadonlySet<string>, wanted: string): readonly string[] | null {
    const cameFrom = new Map<string, string | null>([...roots].map((root) => [root, null]));
    for (const module of cameFrom.keys()) {
      if (module === wanted) return wayTo(module, cameFrom);
      for (const next of this.#imports.get(module) ?? []) {
        if (!cameFrom.has(next)) cameFrom.set(next, module);
      }
    }
    return null;
  }
}

/** What a module is known by: the path of a file, the URL of anything else; null for what is part of Node. */
export function moduleKey(module: string): string | null {
  if (module.startsWith('file:')) return pathOf(module);
  // Loaders of TypeScript put such marks behind the paths of CommonJS modules, too.
  if (isAbsolute(module)) return module.replace(/\?[\w-]+=[^/\\]*$/, '');
  return /^(?!node:)[a-z][a-z\d+.-]*:/i.test(module) ? module : null;
}

/** A URL that names no file of this machine is nothing that could change. */
function pathOf(url: string): string | null {
  try {
    return fileURLToPath(url);
  } catch {
    return null;
  }
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, new Set([value]));
  else values.add(value);
}

function wayTo(module: string, cameFrom: ReadonlyMap<string, string | null>): readonly string[] {
  const before = cameFrom.get(module) ?? null;
  return before === null ? [module] : [...wayTo(before, cameFrom), module];
}
