// A resolved deployment becomes running servers: options are read, apps are built, then all listeners start or none.
// The one code path to serving; called by the command line and by the library's `serve`.
import { type BuiltServer, buildServers, closeServers } from '../build/build-servers.js';
import type { Builder } from '../build/builder.js';
import type { Deployment } from '../config/deployment.js';
import { forEach } from '../config/problems.js';
import type { DeploymentResolver } from '../config/resolver.js';
import { toError, WsgiServeError } from '../errors.js';
import type { App } from '../gateway/app.js';
import type { Logger } from '../log.js';
import { createListener } from './create-listener.js';
import { ForeignServer } from './foreign-server.js';
import { type Listener, listenAll } from './listener.js';
import { createDeploymentBuilder, planServer, type ServerPlan } from './plan.js';
import type { ProgramOptions } from './program-options.js';

/** What serving stands on: what was resolved, the program's own settings, and where to tell. */
export interface ServeParts {
  readonly deployment: Deployment;
  readonly resolver: DeploymentResolver;
  readonly program: ProgramOptions;
  readonly log: Logger;
}

/** What came of stopping. */
export interface StopReport {
  /** Connections that were cut because their requests did not end in time. */
  readonly cut: number;
  /** What failed while apps were closed. */
  readonly problems: readonly WsgiServeError[];
}

/** Rejects with every problem of the first step that fails; nothing listens and nothing is left open then. */
export async function startServing(parts: ServeParts): Promise<Serving> {
  const { deployment, resolver, program } = parts;
  const plans = forEach(deployment.servers, (server) => planServer(server, resolver));
  const builder = createDeploymentBuilder(resolver, program);
  const built = await buildServers(deployment.servers, builder);
  const serving = new Serving(built);
  try {
    await serving.start(plans, builder, parts);
    return serving;
  } catch (error) {
    await serving.cut();
    throw error;
  }
}

/** Servers that run, and the apps that they serve. */
export class Serving {
  readonly #built: readonly BuiltServer[];
  readonly #listeners: Listener[] = [];
  readonly #foreign: ForeignServer[] = [];
  #stopped: Promise<StopReport> | null = null;

  constructor(built: readonly BuiltServer[]) {
    this.#built = built;
  }

  get listeners(): readonly Listener[] {
    return this.#listeners;
  }

  /** Drains every listener, then closes every app, the last built first. A second call waits for the first. */
  stop(): Promise<StopReport> {
    this.#stopped ??= this.#end((listener) => listener.drain());
    return this.#stopped;
  }

  /** Cuts every connection, then closes every app; where it is stopping already, that ends at once. */
  async cut(): Promise<StopReport> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    return this.stop();
  }

  /** For startServing alone. Rejects with what keeps servers from starting, all of it together. */
  async start(plans: readonly ServerPlan[], builder: Builder, parts: ServeParts): Promise<void> {
    for (const [plan, app] of this.#pairs(plans)) {
      if (plan.kind === 'built-in') this.#listeners.push(createListener(plan, app, parts.log));
    }
    await listenAll(this.#listeners);
    for (const [plan, app] of this.#pairs(plans)) {
      if (plan.kind === 'built-in') continue;
      const place = parts.resolver.place(plan.server.origin);
      const tell = (error: WsgiServeError) => parts.log.error({ err: error }, error.message);
      this.#foreign.push(await ForeignServer.start(plan.server, app, builder, place, tell));
    }
  }

  #pairs(plans: readonly ServerPlan[]): readonly (readonly [ServerPlan, App])[] {
    return this.#built.flatMap(({ server, app }) => {
      const plan = plans.find((one) => one.server.name === server.name);
      return plan === undefined ? [] : [[plan, app.value] as const];
    });
  }

  async #end(end: (listener: Listener) => Promise<number>): Promise<StopReport> {
    const cuts = await Promise.all(this.#listeners.map(end));
    const problems = await problemsOf(this.#foreign.map((server) => server.stop()));
    return {
      cut: cuts.reduce((sum, cut) => sum + cut, 0),
      problems: [...problems, ...(await closeServers(this.#built))],
    };
  }
}

async function problemsOf(ends: readonly Promise<void>[]): Promise<readonly WsgiServeError[]> {
  const results = await Promise.allSettled(ends);
  return results.flatMap((result) => {
    if (result.status === 'fulfilled') return [];
    const cause = toError(result.reason);
    return cause instanceof WsgiServeError
      ? [cause]
      : [new WsgiServeError('close-failed', cause.message, { cause })];
  });
}
