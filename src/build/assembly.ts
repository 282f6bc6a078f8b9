// One app, filter or server with everything below it: specs become live, bottom up and one after the other, in the order
// in which PasteDeploy calls factories. Made by builder.ts for each thing that is built; two of them share nothing.
import type { FactorySpec, Resolver, Settings, Spec } from '../config/deployment.js';
import { plainValues } from '../config/settings-record.js';
import { assertNever, WsgiServeError } from '../errors.js';
import type { App, Conf, Cover, ServeApp } from '../gateway/app.js';
import { toWsgi } from '../gateway/bridges.js';
import type { LoadedTarget, TargetLoader } from '../load/load-target.js';
import type { Origin, Place } from '../source.js';
import { Closers } from './closers.js';
import { createLoader, type Makers } from './composite-loader.js';
import { asFilterFunction } from './live-filter.js';
import { type Making, makeApp, makeFilter, makeServer } from './make.js';
import { formatLimit, type TimeLimit, within } from './time-limit.js';

/** What building stands on. */
export interface BuildTools {
  readonly resolver: Resolver;
  readonly targets: TargetLoader;
  /** An origin with the text that it points into, for errors. */
  readonly placeOf: (origin: Origin) => Place;
  /** The same for the key of a value. */
  readonly keyPlaceOf: (origin: Origin) => Place;
  readonly limit: TimeLimit;
  /** The record of a section's own keys; a new one for each call, as a factory may change it. `code` gets it. */
  readonly localConfOf: (settings: Settings, code: readonly unknown[]) => Conf;
  /** Told of what cannot be made, which is then left out, so that the rest can be tried; null ends at the first. */
  readonly onProblem: ((problem: WsgiServeError) => void) | null;
}

const NO_APP: App = { kind: 'wsgi', app: () => [] };
const NO_FILTER: Cover = async (app) => app;

export class Assembly {
  readonly closers: Closers;
  /** What composites get: apps and filters as PasteDeploy knows them. */
  readonly #makers: Makers = {
    app: async (find, way) => toWsgi(await this.app(find, way)),
    filter: async (find, way) => asFilterFunction(await this.filter(find, way)),
    server: (find, way) => this.server(find, way),
  };
  readonly #tools: BuildTools;

  constructor(tools: BuildTools) {
    this.closers = new Closers(tools.limit);
    this.#tools = tools;
  }

  /** `way` are the specs that lead here, the outermost first. */
  app(find: () => Spec, way: readonly Spec[] = []): Promise<App> {
    return this.#orElse(() => this.#app(find(), way), NO_APP);
  }

  filter(find: () => Spec, way: readonly Spec[] = []): Promise<Cover> {
    return this.#orElse(() => this.#filter(find(), way), NO_FILTER);
  }

  async server(find: () => Spec, way: readonly Spec[] = []): Promise<ServeApp> {
    const spec = find();
    const here = this.#enter(spec, way);
    if (spec.kind !== 'factory') throw this.#wrongKind(spec, 'server');
    return makeServer(await this.#making(spec, here));
  }

  async #app(spec: Spec, way: readonly Spec[]): Promise<App> {
    const here = this.#enter(spec, way);
    switch (spec.kind) {
      case 'factory':
        return makeApp(await this.#making(spec, here));
      case 'pipeline':
        return this.#pipeline(spec.filters, await this.app(() => spec.app, here), here);
      case 'filter-app':
        return this.#pipeline([spec.filter], await this.app(() => spec.next, here), here);
      case 'filter-with': {
        const filter = await this.filter(() => spec.filter, here);
        return this.#cover(filter, await this.app(() => spec.next, here));
      }
      default:
        return assertNever(spec);
    }
  }

  async #filter(spec: Spec, way: readonly Spec[]): Promise<Cover> {
    const here = this.#enter(spec, way);
    if (spec.kind === 'factory') return makeFilter(await this.#making(spec, here));
    if (spec.kind !== 'filter-with') throw this.#wrongKind(spec, 'filter');
    const outer = await this.filter(() => spec.filter, here);
    const inner = await this.filter(() => spec.next, here);
    return async (app) => outer(await inner(app));
  }

  /** What `make` gives; where it fails and problems are gathered, `substitute`, which takes its place in what is tried. */
  async #orElse<T>(make: () => Promise<T>, substitute: T): Promise<T> {
    const { onProblem } = this.#tools;
    if (onProblem === null) return await make();
    try {
      return await make();
    } catch (error) {
      if (!(error instanceof WsgiServeError)) throw error;
      onProblem(error);
      return substitute;
    }
  }

  #enter(spec: Spec, way: readonly Spec[]): readonly Spec[] {
    this.#tools.targets.require(spec.requires);
    return [...way, spec];
  }

  /** All filters are made before the first is put over the app, which is the last of them. */
  async #pipeline(specs: readonly Spec[], app: App, way: readonly Spec[]): Promise<App> {
    const filters: Cover[] = [];
    for (const spec of specs) filters.push(await this.filter(() => spec, way));
    let covered = app;
    for (const filter of filters.toReversed()) covered = await this.#cover(filter, covered);
    return covered;
  }

  #cover(filter: Cover, app: App): Promise<App> {
    return this.#orElse(() => filter(app), app);
  }

  async #making(spec: FactorySpec, way: readonly Spec[]): Promise<Making> {
    const { resolver, placeOf, keyPlaceOf, limit, localConfOf } = this.#tools;
    const target = await this.#load(spec);
    const label = spec.section === null ? target.name : `[${spec.section}]`;
    const keyPlace = (key: string) => {
      const setting = spec.localConf[key];
      return setting === undefined ? null : keyPlaceOf(setting.origin);
    };
    return {
      subject: { label, place: placeOf(spec.target.origin), keyPlace, target },
      confs: () => [plainValues(spec.globalConf), localConfOf(spec.localConf, [target.value, target.owner])],
      loader: createLoader(spec, way, this.#makers, resolver, placeOf),
      closers: this.closers,
      limit,
    };
  }

  /** A module may wait for ever too, with a top-level await. */
  #load({ objectKind, target }: FactorySpec): Promise<LoadedTarget> {
    const { targets, limit, placeOf } = this.#tools;
    const late = () => {
      const name = target.kind === 'egg' ? target.distribution : target.expression;
      const message = `the module of "${name}" is not loaded after ${formatLimit(limit)}`;
      return new WsgiServeError('module-failed', message, { place: placeOf(target.origin) });
    };
    return within(limit, () => targets.load(objectKind, target), late);
  }

  #wrongKind({ kind, section, origin }: Spec, wanted: string): WsgiServeError {
    const message = `[${section}] is a ${kind}, not a ${wanted}`;
    return new WsgiServeError('bad-app', message, { place: this.#tools.placeOf(origin) });
  }
}
