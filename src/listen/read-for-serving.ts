// What serving starts from: everything that can be known of a deployment file before anything of the user's runs. Called
// by the library's `serve`, by the command line and in workers; loads nothing that serves.
import type { Deployment } from '../config/deployment.js';
import { type ReadOptions, readDeployment } from '../config/read-deployment.js';
import type { DeploymentResolver } from '../config/resolver.js';
import { createLogger, type Logger, type LogOptions } from '../log.js';
import { type ProgramOptions, parseProgramOptions } from './program-options.js';

export interface ForServingOptions extends ReadOptions {
  /** Where to tell what happens: a logger such as pino's, or how to make one; standard output by default. */
  readonly log?: Logger | LogOptions;
}

/** A deployment, what goes on from it, the program's own settings, and where to tell. */
export interface ForServing {
  readonly deployment: Deployment;
  readonly resolver: DeploymentResolver;
  readonly program: ProgramOptions;
  readonly log: Logger;
}

/** Throws a WsgiServeError with every problem of the first step that fails: reading, resolving, the program's options. */
export function readForServing(file: string, options: ForServingOptions = {}): ForServing {
  const { deployment, resolver } = readDeployment(file, options);
  const program = parseProgramOptions(deployment.program, resolver);
  const log = isLogger(options.log) ? options.log : createLogger(options.log);
  return { deployment, resolver, program, log };
}

function isLogger(log: Logger | LogOptions | undefined): log is Logger {
  return log !== undefined && 'info' in log;
}
