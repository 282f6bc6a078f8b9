// Evaluates modules of the user's: the only `import()` of user code. Called by import-target.ts and ts-loader.ts.
// The file is known to exist by then, so whatever fails here is the module's own failure.
import type { Place } from '../source.js';

/** Imports the module at a URL. */
export type ImportModule = (url: string) => Promise<unknown>;

export const importModule: ImportModule = (url) => import(url);

/**
 * The exports of the module at `url`, which the deployment file calls `module`. Rejects with `module-failed`, with the
 * module's own error as its cause.
 */
export async function importUserModule(
  url: string,
  module: string,
  place: Place | null,
  importer: ImportModule = importModule,
): Promise<object> {
  try {
    const namespace = await importer(url);
    return typeof namespace === 'object' && namespace !== null ? namespace : {};
  } catch (thrown) {
    // Only here, as it brings a part of Node along that a server without such a failure has no use for.
    const { moduleFailed } = await import('./module-failed.js');
    throw await moduleFailed(url, module, thrown, place);
  }
}
