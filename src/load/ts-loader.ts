// What makes Node take TypeScript: started at most once, and only where TypeScript is about to be imported.
// Called by import-target.ts before each import, and by supervise for the processes that it starts.
import { extname } from 'node:path';
import { toError, WsgiServeError } from '../errors.js';
import type { Place } from '../source.js';
import { type ImportModule, importModule } from './import-module.js';
import { type ResolvePackage, resolvePackage } from './resolve-package.js';

/** Which loader is used, as `ts_loader = ...` says: `native` is Node's own, `none` leaves it to the user's own flags. */
export const TS_LOADERS = ['auto', 'tsx', 'oxc-node', 'native', 'none'] as const;
export type TsLoaderName = (typeof TS_LOADERS)[number];

/** The module of each loader that works as `node --import`: evaluated before the app, it registers itself. */
const ENTRIES = { tsx: 'tsx', 'oxc-node': '@oxc-node/core/register' } as const;
const INSTALLABLE = ['tsx', 'oxc-node'] as const;

/** What the choice of a loader stands on; tests give their own. */
export interface TsLoaderTools {
  readonly importModule: ImportModule;
  readonly resolvePackage: ResolvePackage;
  /** True where this Node strips types by itself. */
  readonly stripsTypes: boolean;
}

const REAL_TOOLS: TsLoaderTools = {
  importModule,
  resolvePackage,
  stripsTypes: Boolean(Reflect.get(process.features, 'typescript')),
};

export class TsLoader {
  readonly #name: TsLoaderName;
  readonly #tools: TsLoaderTools;
  #started: Promise<void> | null = null;

  constructor(name: TsLoaderName = 'auto', tools: TsLoaderTools = REAL_TOOLS) {
    this.#name = name;
    this.#tools = tools;
  }

  /**
   * To be awaited before `path` is imported. With `auto` only a TypeScript file starts a loader; one that is named is
   * started before the first module of whatever kind, as that may import TypeScript. Rejects with `no-ts-loader`.
   */
  prepare(path: string, folder: string, place: Place | null): Promise<void> {
    if (this.#name === 'auto' && !isTypeScript(path)) return Promise.resolve();
    this.#started ??= this.#start(folder, place);
    return this.#started;
  }

  /** Evaluating the `--import` module of a loader here does what the flag would have done; a second time does nothing. */
  async #start(folder: string, place: Place | null): Promise<void> {
    const url = await tsLoaderImport(this.#name, folder, place, this.#tools);
    if (url === null) return;
    try {
      await this.#tools.importModule(url);
    } catch (thrown) {
      const cause = toError(thrown);
      throw new WsgiServeError(
        'no-ts-loader',
        `the TypeScript loader ${url} does not start: ${cause.message}`,
        {
          place,
          cause,
        },
      );
    }
  }
}

/** True for files that Node cannot be expected to run without a loader. */
export function isTypeScript(path: string): boolean {
  return ['.ts', '.mts', '.cts', '.tsx', '.jsx'].includes(extname(path));
}

/**
 * The URL to give to `node --import` for apps in `folder`, null where Node needs none. What is installed for the app
 * wins over what came with wsgi-serve, tsx over oxc-node, either over Node's own, which takes less of the language.
 * Throws `no-ts-loader`.
 */
export async function tsLoaderImport(
  name: TsLoaderName,
  folder: string,
  place: Place | null,
  tools: TsLoaderTools = REAL_TOOLS,
): Promise<string | null> {
  if (name === 'none') return null;
  const wanted = INSTALLABLE.filter((loader) => name === 'auto' || name === loader);
  for (const home of [folder, import.meta.dirname]) {
    for (const loader of wanted) {
      const url = await tools.resolvePackage(ENTRIES[loader], home).catch(() => null);
      if (url !== null) return url;
    }
  }
  if (tools.stripsTypes && (name === 'auto' || name === 'native')) return null;
  throw noLoader(name, place);
}

function noLoader(name: TsLoaderName, place: Place | null): WsgiServeError {
  if (name === 'native') {
    return new WsgiServeError(
      'no-ts-loader',
      `Node ${process.versions.node} does not run TypeScript by itself`,
      {
        place,
        hint: 'Node does from 22.18 on; before that, ts_loader = tsx does',
      },
    );
  }
  const command = `npm install ${name === 'oxc-node' ? '@oxc-node/core' : 'tsx'}`;
  const message =
    name === 'auto' ? 'no loader for TypeScript is installed' : `ts_loader = ${name} is not installed`;
  return new WsgiServeError('no-ts-loader', message, { place, hint: command });
}
