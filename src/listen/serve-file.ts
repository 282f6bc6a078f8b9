// From a deployment file to running servers, in one call: what the library lends.
import { type ForServingOptions, readForServing } from './read-for-serving.js';
import { type Serving, startServing } from './serve.js';

export type ServeOptions = ForServingOptions;

/**
 * Serves every server section of `file`, or the one that is selected. Rejects with a WsgiServeError that holds every
 * problem of the first step that fails: reading, resolving, options, modules, factories, addresses. Nothing is left
 * open then.
 */
export async function serve(file: string, options: ServeOptions = {}): Promise<Serving> {
  return startServing(readForServing(file, options));
}
