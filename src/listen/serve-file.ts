// From a deployment file to running servers, in one call: what the command line does, and what the library lends.
import { type ReadOptions, readDeployment } from '../config/read-deployment.js';
import { createLogger, type Logger, type LogOptions } from '../log.js';
import { parseProgramOptions } from './program-options.js';
import { type Serving, startServing } from './serve.js';

export interface ServeOptions extends ReadOptions {
  /** Where to tell what happens: a logger such as pino's, or how to make one; standard output by default. */
  readonly log?: Logger | LogOptions;
}

/**
 * Serves every server section of `file`, or the one that is selected. Rejects with a WsgiServeError that holds every
 * problem of the first step that fails: reading, resolving, options, modules, factories, addresses. Nothing is left
 * open then.
 */
export async function serve(file: string, options: ServeOptions = {}): Promise<Serving> {
  const { deployment, resolver } = readDeployment(file, options);
  const program = parseProgramOptions(deployment.program, resolver);
  const log = isLogger(options.log) ? options.log : createLogger(options.log);
  return startServing({ deployment, resolver, program, log });
}

function isLogger(log: Logger | LogOptions | undefined): log is Logger {
  return log !== undefined && 'info' in log;
}
