// Knows which files this process has loaded user code from, or looked for in vain. Called once by a supervised worker,
// before user code is loaded. Files of wsgi-serve do not count, nor what they import by name.
import { isAbsolute, join, resolve, sep } from 'node:path';
import { BroadcastChannel } from 'node:worker_threads';
import { ModuleGraph, moduleKey } from './module-graph.js';
import { importPlaces, isInstalled, manifestsOf, neighbourhood } from './module-surroundings.js';
import { isResolution, type Resolution, type Settle, THREADS } from './resolution.js';
import { isTypeScript } from './ts-loader.js';
import { watchResolution } from './watch-resolution.js';
import { isMaking, type Making, watchThreads } from './watch-threads.js';

/** Where our own code lies, bundled into one folder or not. */
const OWN_FOLDER = import.meta.dirname.replace(/[\\/]load$/, '') + sep;

/** Listens from when it is made, for good. */
export class ModuleTracker {
  /** Its roots are for the caller to add. */
  readonly graph = new ModuleGraph();
  /** Resolves when everything that this thread has loaded so far is in the graph. Other threads are not waited for. */
  readonly settle: Settle;
  readonly #onChange: () => void;
  /** Packages that only our own code has asked for. */
  readonly #own = new Set<string>();
  readonly #manifests = new Map<string, readonly string[]>();
  readonly #ignored = new Set<string>();
  /** The files that have made threads, by the names of these. */
  readonly #makers = new Map<string, string>();
  #hasTypeScript = false;
  #isAnnounced = false;

  /** `onChange` is called soon after the graph has grown, once for all that was loaded meanwhile. */
  constructor(onChange: () => void = () => undefined) {
    this.#onChange = onChange;
    this.settle = watchResolution((resolution) => this.#see(resolution));
    const threads = new BroadcastChannel(THREADS);
    threads.onmessage = ({ data }: { readonly data?: unknown }) => {
      if (isResolution(data)) this.#see(data);
      else if (isMaking(data)) this.#meet(data);
    };
    threads.unref();
    watchThreads((making) => this.#meet(making));
  }

  /** Leaves a file out that is loaded from now on. */
  ignore(path: string): void {
    this.#ignored.add(path);
  }

  /**
   * Absolute paths of everything that the modules stand on; `folder` is that of the deployment file, whose tsconfig.json
   * counts as soon as TypeScript was loaded.
   */
  files(folder: string): readonly string[] {
    if (!this.#hasTypeScript) return this.graph.files;
    // Loaders of TypeScript look for it where the process was started.
    const configs = [join(folder, 'tsconfig.json'), resolve('tsconfig.json')];
    return [...new Set([...this.graph.files, ...configs])];
  }

  #see(resolution: Resolution): void {
    const found = resolution.found === null ? null : moduleKey(resolution.found);
    if (resolution.found !== null && found === null) return;
    if (found !== null && this.#ignored.has(found)) return;
    const importer = this.#importerOf(resolution);
    if (this.#isOwn(importer, resolution, found)) {
      if (found !== null) this.#own.add(found);
      return;
    }
    const { specifier } = resolution;
    const isWithinPackages = found !== null && isInstalled(importer ?? found);
    const places = isWithinPackages ? [] : importPlaces(specifier, importer ?? resolve('main'), found);
    const grown = places.filter((path) => this.graph.add(importer, path));
    if (found !== null && this.#take(importer, found, places.at(-1))) grown.push(found);
    if (grown.length > 0) this.#announce();
  }

  #meet({ thread, maker }: Making): void {
    this.#makers.set(thread, maker);
  }

  /** The first module of a thread is brought in by what made the thread. */
  #importerOf({ importer, thread }: Resolution): string | null {
    const file = importer ?? this.#makers.get(thread ?? '') ?? null;
    return file === null ? null : moduleKey(file);
  }

  /** A user's module is imported by its URL, and nothing of ours is. */
  #isOwn(importer: string | null, { specifier }: Resolution, found: string | null): boolean {
    if (found?.startsWith(OWN_FOLDER)) return true;
    if (importer === null || specifier.startsWith('file:') || isAbsolute(specifier)) return false;
    return importer.startsWith(OWN_FOLDER) || this.#own.has(importer);
  }

  /** True where the file was not known. The last place may be a link to it, by which a section names it. */
  #take(importer: string | null, found: string, link: string | undefined): boolean {
    const isNew = this.graph.add(importer, found);
    if (link !== undefined) this.graph.add(link, found);
    this.#standOn(found);
    return isNew;
  }

  #standOn(module: string): void {
    if (!isAbsolute(module)) return;
    this.#hasTypeScript ||= isTypeScript(module);
    const folder = neighbourhood(module);
    const manifests = this.#manifests.get(folder) ?? manifestsOf(folder);
    this.#manifests.set(folder, manifests);
    for (const manifest of manifests) this.graph.add(module, manifest);
  }

  #announce(): void {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    setImmediate(() => {
      this.#isAnnounced = false;
      this.#onChange();
    });
  }
}
