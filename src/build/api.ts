// PasteDeploy's library: loadapp, loadfilter, loadserver and appconfig, for programs that bring their own server.
// The public index makes it with the built-in eggs; nothing inside uses it.
import { resolve } from 'node:path';
import type { Spec } from '../config/deployment.js';
import { type ResolvedUri, resolveUri, type UriOptions } from '../config/resolve-uri.js';
import { plainValues } from '../config/settings-record.js';
import type { Conf, Filter, ServeApp } from '../gateway/app.js';
import { toWsgi } from '../gateway/bridges.js';
import type { WsgiApp } from '../gateway/wsgi-types.js';
import type { EggTable } from '../load/eggs.js';
import { createTargetLoader, type LoaderOptions } from '../load/load-target.js';
import { TsLoader, type TsLoaderName } from '../load/ts-loader.js';
import { type Builder, type Built, createBuilder } from './builder.js';
import { DEFAULT_LIMIT } from './time-limit.js';

export interface LoadOptions extends UriOptions {
  /** What makes Node take TypeScript; `auto` by default. */
  readonly tsLoader?: TsLoaderName;
  /** Milliseconds that each module, factory and close() may take, null for ever; a minute by default. */
  readonly startTimeout?: number | null;
  /** Gives building up, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** To be called once it is not needed any more: closes every app and filter in it. Rejects with `close-failed`. */
export interface Closable {
  close(): Promise<void>;
}

/**
 * What `appConfig` gives: all settings, those of the section over the globals. The three properties are not enumerable,
 * so that listing or copying it gives settings only; keys of their names are found in `localConf` and `globalConf`.
 */
export type AppConfig = Conf & {
  readonly globalConf: Conf;
  readonly localConf: Conf;
  /** What was found, before anything is built. */
  readonly context: Spec;
};

/**
 * `uri` is `config:FILE#NAME`, `egg:DISTRIBUTION#ENTRY` or `call:MODULE:EXPORT`, as in PasteDeploy. All of them reject
 * with a WsgiServeError: what is wrong with the file, with its modules, or with what its factories do.
 */
export interface DeployLibrary {
  loadApp(uri: string, options?: LoadOptions): Promise<WsgiApp & Closable>;
  loadFilter(uri: string, options?: LoadOptions): Promise<Filter & Closable>;
  loadServer(uri: string, options?: LoadOptions): Promise<ServeApp & Closable>;
  /** The settings of an app, nothing of which is imported. Throws a WsgiServeError. */
  appConfig(uri: string, options?: UriOptions): AppConfig;
}

/** The library, with these built-in eggs. `tools` are for tests. */
export function createLibrary(eggs: EggTable, tools: LoaderOptions = {}): DeployLibrary {
  const builderFor = (resolved: ResolvedUri, options: LoadOptions) =>
    builderOf(resolved, options, eggs, tools);
  return {
    async loadApp(uri, options = {}) {
      const resolved = resolveUri('app', uri, options);
      const { value, close } = await builderFor(resolved, options).buildApp(resolved.spec);
      const app = toWsgi(value);
      return withClose<WsgiApp>((environ, startResponse) => app(environ, startResponse), close);
    },
    async loadFilter(uri, options = {}) {
      const resolved = resolveUri('filter', uri, options);
      const { value, close } = await builderFor(resolved, options).buildFilter(resolved.spec);
      return withClose<Filter>((app) => value(app), close);
    },
    async loadServer(uri, options = {}) {
      const resolved = resolveUri('server', uri, options);
      const { value, close } = await builderFor(resolved, options).buildServer(resolved.spec);
      return withClose<ServeApp>((app) => value(app), close);
    },
    appConfig: (uri, options = {}) => configOf(resolveUri('app', uri, options).spec),
  };
}

function builderOf(
  { resolver }: ResolvedUri,
  options: LoadOptions,
  eggs: EggTable,
  tools: LoaderOptions,
): Builder {
  const { tsLoader, startTimeout, signal, relativeTo } = options;
  const placeOf = resolver.place.bind(resolver);
  const keyPlaceOf = resolver.keyPlace.bind(resolver);
  const targets = createTargetLoader(eggs, placeOf, {
    tsLoader: new TsLoader(tsLoader),
    ...(relativeTo === undefined ? {} : { cwd: resolve(relativeTo) }),
    ...tools,
  });
  const milliseconds = startTimeout === undefined ? DEFAULT_LIMIT.milliseconds : startTimeout;
  const limit = { milliseconds, signal: signal ?? null };
  return createBuilder({ resolver, targets, placeOf, keyPlaceOf, limit });
}

/** A function of its own, as the user's may be frozen, shared, or have a `close` already. */
function withClose<T extends (...args: never[]) => unknown>(
  call: T,
  close: Built<unknown>['close'],
): T & Closable {
  return Object.assign(call, { close });
}

function configOf(spec: Spec): AppConfig {
  const globalConf = plainValues(spec.globalConf);
  const localConf = plainValues(spec.localConf);
  const values: Conf = Object.assign(Object.create(null), globalConf, localConf);
  return withHidden(values, { globalConf, localConf, context: spec });
}

/** Object.defineProperties does not tell the compiler what it adds. */
function withHidden<T extends object, H extends object>(target: T, hidden: H): T & H {
  const properties = Object.entries(hidden).map(([key, value]) => [key, { value, enumerable: false }]);
  return Object.defineProperties(target, Object.fromEntries(properties)) as T & H;
}
