// Builds what a deployment file describes: apps, filters and servers, each to be closed by itself. Made once for a
// deployment by cli (or by api.ts); calls user factories, listens nowhere.
import type { FactorySpec, Resolver, ServerSpec, Settings, Spec, Target } from '../config/deployment.js';
import { plainValues } from '../config/settings-record.js';
import { severalProblems, WsgiServeError } from '../errors.js';
import type { App, Conf, Filter, ServeApp } from '../gateway/app.js';
import type { TargetLoader } from '../load/load-target.js';
import type { Origin, Place } from '../source.js';
import { Assembly, type BuildTools } from './assembly.js';
import { asFilterFunction } from './live-filter.js';
import { DEFAULT_LIMIT, type TimeLimit } from './time-limit.js';

export interface BuilderOptions {
  /** Finds the sections that composites ask their loader for. */
  readonly resolver: Resolver;
  readonly targets: TargetLoader;
  /** An origin with the text that it points into, for errors. */
  readonly placeOf: (origin: Origin) => Place;
  /** The same for the key of a value; the value itself by default. */
  readonly keyPlaceOf?: (origin: Origin) => Place;
  /** How long each factory, module and close() may take; a minute, without a signal, by default. */
  readonly limit?: Partial<TimeLimit>;
  /** Makes the record of a section's own keys, as `check` does to see which are read by `code`; a plain record by default. */
  readonly localConfOf?: (settings: Settings, code: readonly unknown[]) => Conf;
  /**
   * Given by `check`: told of each app and filter that cannot be made. Building then goes on without it, so that one run
   * finds every problem; what is built must not be served.
   */
  readonly onProblem?: (problem: WsgiServeError) => void;
}

/** Something built. */
export interface Built<T> {
  readonly value: T;
  /**
   * Calls the `close` of every app and filter in it, the last built first, each awaited. Rejects with `close-failed`
   * once all were called. A second call does nothing new.
   */
  close(): Promise<void>;
}

/**
 * Each method calls every factory below a spec anew: what is named twice is built twice, as in PasteDeploy. They reject
 * with the problems of load, with `factory-failed`, `bad-app`, `unknown-protocol`, `cycle` and `bad-requirement`; what
 * was built until then is closed.
 */
export interface Builder {
  buildApp(spec: Spec): Promise<Built<App>>;
  buildFilter(spec: Spec): Promise<Built<Filter>>;
  /** For a server that is not the built-in one: `paste.server_factory`, `paste.server_runner`, an egg's server. */
  buildServer(spec: Spec): Promise<Built<ServeApp>>;
}

export function createBuilder(options: BuilderOptions): Builder {
  const limit = { ...DEFAULT_LIMIT, ...options.limit };
  const keyPlaceOf = options.placeOf;
  const tools: BuildTools = { localConfOf: plainValues, onProblem: null, keyPlaceOf, ...options, limit };
  return {
    buildApp: (spec) => assemble(tools, (assembly) => assembly.app(() => spec)),
    buildFilter: (spec) =>
      assemble(tools, async (assembly) => asFilterFunction(await assembly.filter(() => spec))),
    buildServer: (spec) => assemble(tools, (assembly) => assembly.server(() => spec)),
  };
}

/** A server section as a spec for buildServer: its options are its own keys. */
export function serverSpec(server: ServerSpec, target: Target): FactorySpec {
  const { section, origin, globalConf, options } = server;
  return {
    kind: 'factory',
    objectKind: 'server',
    target,
    section,
    origin,
    globalConf,
    localConf: options,
    scope: server.app.scope,
    requires: [],
    protocol: null,
  };
}

async function assemble<T>(tools: BuildTools, make: (assembly: Assembly) => Promise<T>): Promise<Built<T>> {
  const assembly = new Assembly(tools);
  try {
    const value = await make(assembly);
    return { value, close: () => assembly.closers.close() };
  } catch (error) {
    const problems = await assembly.closers.problems();
    throw error instanceof WsgiServeError ? severalProblems([error, ...problems]) : error;
  }
}
