// A deployment file -> a Deployment: the servers and everything that they reach, resolved. Called by the commands.
// Imports nothing of the user's; all mistakes of what is reached are reported together.
import type { WsgiServeError } from '../errors.js';
import type { Deployment } from './deployment.js';
import { type OpenedDeployment, type OpenOptions, openDeployment } from './open-deployment.js';
import { both } from './problems.js';
import { readProgram } from './program.js';
import type { DeploymentResolver } from './resolver.js';
import { readServers } from './servers.js';
import { shadowedKeys } from './warnings.js';

/** What a deployment is read with. */
export interface ReadOptions extends OpenOptions {
  /** The one server section to start; all of them by default. */
  readonly serverName?: string | null;
  /** The app that every server serves; by default each says its own. */
  readonly appName?: string | null;
}

/** A deployment, and what goes on from it. */
export interface ReadDeployment {
  readonly deployment: Deployment;
  /** The file that was named, for those who ask about single sections. */
  readonly opened: OpenedDeployment;
  /** Finds further sections while the deployment is built. */
  readonly resolver: DeploymentResolver;
  /** What is legal and yet probably not meant. */
  readonly warnings: readonly WsgiServeError[];
}

/**
 * Reads `file` and what its servers reach. Throws a WsgiServeError: what is wrong with reading it, `no-server`, or the
 * problems of everything that is reached.
 */
export function readDeployment(file: string, options: ReadOptions = {}): ReadDeployment {
  const opened = openDeployment(file, options);
  const { serverName = null, appName = null } = options;
  const [servers, program] = both(
    () => readServers(opened, { serverName, appName }),
    () => readProgram(opened),
  );
  const { resolver, view } = opened;
  const deployment = { file: view.path, files: resolver.sources, servers, program };
  return { deployment, opened, resolver, warnings: shadowedKeys(resolver) };
}
