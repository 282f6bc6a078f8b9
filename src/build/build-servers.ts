// The apps of all servers of a deployment: either all of them or none. Called by the worker and by `check`.
// Which of them share an app is of no concern: each server gets its own, as each has its own globals.
import type { ServerSpec } from '../config/deployment.js';
import { together } from '../config/problems.js';
import { WsgiServeError } from '../errors.js';
import type { App } from '../gateway/app.js';
import type { Builder, Built } from './builder.js';

/** A server and the app that it serves. */
export interface BuiltServer {
  readonly server: ServerSpec;
  readonly app: Built<App>;
}

/** Builds the app of each server, in order. The first problem ends it, and what was built until then is closed. */
export async function buildServers(
  servers: readonly ServerSpec[],
  builder: Builder,
): Promise<readonly BuiltServer[]> {
  const built: BuiltServer[] = [];
  try {
    for (const server of servers) built.push({ server, app: await builder.buildApp(server.app) });
    return built;
  } catch (error) {
    const problems = await closeServers(built);
    throw error instanceof WsgiServeError ? together(error, problems) : error;
  }
}

/** Closes the apps, the last built first. Gives what went wrong with it; never rejects with such a problem. */
export async function closeServers(built: readonly BuiltServer[]): Promise<readonly WsgiServeError[]> {
  const problems: WsgiServeError[] = [];
  for (const { app } of built.toReversed()) problems.push(...(await problemsOf(() => app.close())));
  return problems;
}

/**
 * Builds one after the other and closes it again, whatever happens to the others. Gives every problem there is, each of
 * them once: a section that fails for two servers is one problem.
 */
export async function tryBuilds(
  builds: readonly (() => Promise<Built<unknown>>)[],
): Promise<readonly WsgiServeError[]> {
  const problems: WsgiServeError[] = [];
  for (const build of builds) problems.push(...(await problemsOf(async () => (await build()).close())));
  const [first, ...others] = problems;
  return first === undefined ? [] : together(first, others).problems;
}

async function problemsOf(act: () => Promise<void>): Promise<readonly WsgiServeError[]> {
  try {
    await act();
    return [];
  } catch (error) {
    if (error instanceof WsgiServeError) return error.problems;
    throw error;
  }
}
