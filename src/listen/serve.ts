// A resolved deployment becomes running servers: options are read, apps are built, then all listeners start or none.
// The one code path to serving; called by the command line and by the library's `serve`.
import type { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { type BuiltServer, buildServers, closeServers } from '../build/build-servers.js';
import type { Builder } from '../build/builder.js';
import { forEach } from '../config/problems.js';
import { toError, WsgiServeError } from '../errors.js';
import type { App } from '../gateway/app.js';
import type { ImportTools } from '../load/import-target.js';
import { logProblem } from '../log.js';
import { createListener } from './create-listener.js';
import { ForeignServer } from './foreign-server.js';
import { listenAll } from './listen-all.js';
import type { Listener, ListenHandle } from './listener.js';
import { createDeploymentBuilder, planServer, type ServerPlan } from './plan.js';
import type { ForServing } from './read-for-serving.js';

/** What serving stands on. */
export interface ServeParts extends ForServing {
  /** Where listening sockets come from; by default each listener binds its own. */
  readonly sockets?: SocketSource;
  /** What is done to each app before it is served; nothing by default. */
  readonly wrap?: (app: App) => App;
  /** Told of each module that a section names. */
  readonly onLocated?: ImportTools['onLocated'];
  /** Whether other processes serve the same apps: `wsgi.multiprocess`. Default false. */
  readonly multiprocess?: boolean;
}

/** Gives the listening socket of each server by its name, once everything is built that will be served. */
export type SocketSource = (listeners: readonly Listener[]) => Promise<ReadonlyMap<string, ListenHandle>>;

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
  const builder = createDeploymentBuilder(
    resolver,
    program,
    parts.onLocated && { onLocated: parts.onLocated },
  );
  const built = await buildServers(deployment.servers, builder);
  const serving = new Serving(built, program.drain_delay);
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
  readonly #drainDelay: number;
  readonly #cutting = new AbortController();
  #stopped: Promise<StopReport> | null = null;
  #onDeserted: () => void = () => undefined;
  /** Resolves when the last server has failed; never where one is the built-in one. */
  readonly deserted = new Promise<void>((resolve) => {
    this.#onDeserted = resolve;
  });

  /** `drainDelay` is what `stop` waits for, in milliseconds, while everything is still served and nothing is ready. */
  constructor(built: readonly BuiltServer[], drainDelay = 0) {
    this.#built = built;
    this.#drainDelay = drainDelay;
  }

  /** Listeners that have been started already, with apps that need no closing. */
  static of(listeners: readonly Listener[]): Serving {
    const serving = new Serving([]);
    serving.#listeners.push(...listeners);
    return serving;
  }

  get listeners(): readonly Listener[] {
    return this.#listeners;
  }

  /**
   * Says that nothing is ready any more and goes on for the drain delay, drains every listener, then closes every app,
   * the last built first. A second call waits for the first.
   */
  stop(): Promise<StopReport> {
    this.#stopped ??= this.#delay().then(() => this.#end((listener) => listener.drain()));
    return this.#stopped;
  }

  /** Accepts nothing more, and gives every connection at rest away with the name of its server. */
  pause(give: (socket: Socket, server: string) => void): void {
    for (const listener of this.#listeners) listener.pause((socket) => give(socket, listener.name));
  }

  /** Parts with every connection as `pause` does, for good, then closes every app. A second call waits for the first. */
  leave(give: (socket: Socket, server: string) => void): Promise<StopReport> {
    this.#stopped ??= this.#end((listener) => listener.leave((socket) => give(socket, listener.name)));
    return this.#stopped;
  }

  /** Cuts every connection, then closes every app; where it is stopping already, that ends at once. */
  async cut(): Promise<StopReport> {
    this.#cutting.abort();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    return this.stop();
  }

  /** For startServing alone. Rejects with what keeps servers from starting, all of it together. */
  async start(plans: readonly ServerPlan[], builder: Builder, parts: ServeParts): Promise<void> {
    for (const [plan, app] of this.#pairs(plans)) {
      if (plan.kind !== 'built-in') continue;
      const wrapped = parts.wrap?.(app) ?? app;
      this.#listeners.push(createListener(plan.server.name, plan.parsed, wrapped, parts));
    }
    await this.#checkReady(parts);
    await listenAll(this.#listeners, await parts.sockets?.(this.#listeners));
    let serving = plans.length;
    const onFailure = (error: WsgiServeError): void => {
      logProblem(parts.log, error);
      serving -= 1;
      if (serving === 0) this.#onDeserted();
    };
    for (const [plan, app] of this.#pairs(plans)) {
      if (plan.kind === 'built-in') continue;
      const place = parts.resolver.place(plan.server.origin);
      this.#foreign.push(await ForeignServer.start(plan.server, app, builder, place, onFailure));
    }
  }

  async #checkReady({ program, resolver }: ServeParts): Promise<void> {
    const { ready_check: path, ready_timeout: timeout } = program;
    if (path === null) return;
    const { checkReady } = await import('./ready-check.js');
    for (const { server, app } of this.#built) {
      const place = resolver.place(server.origin);
      await checkReady({ name: server.name, app: app.value, place }, path, timeout);
    }
  }

  async #delay(): Promise<void> {
    for (const listener of this.#listeners) listener.unready();
    if (this.#drainDelay === 0) return;
    await setTimeout(this.#drainDelay, undefined, { signal: this.#cutting.signal }).catch(() => undefined);
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
