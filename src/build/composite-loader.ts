// What a composite factory gets as its first argument: other sections by name. Made by assembly.ts for each composite.
// Names become specs by the Resolver, specs become apps by the assembly that the composite belongs to.
import type { ObjectKind, Resolver, Setting, Settings, Spec } from '../config/deployment.js';
import { sameValues, settingsOf } from '../config/settings-record.js';
import { WsgiServeError } from '../errors.js';
import type { Conf, Filter, Loader, ServeApp } from '../gateway/app.js';
import type { WsgiApp } from '../gateway/wsgi-types.js';
import { describeValue } from '../load/describe-value.js';
import type { Origin, Place } from '../source.js';

/** How specs become live; `way` are the specs that lead there, the outermost first. What `find` throws is rejected. */
export interface Makers {
  app(find: () => Spec, way: readonly Spec[]): Promise<WsgiApp>;
  filter(find: () => Spec, way: readonly Spec[]): Promise<Filter>;
  server(find: () => Spec, way: readonly Spec[]): Promise<ServeApp>;
}

/** How many sections composites may lead through: more can only be a circle that changes its globals on the way. */
const MAX_WAY = 500;

/** A loader for the composite at the end of `way`: its methods need no `this`. */
export function createLoader(
  spec: Spec,
  way: readonly Spec[],
  makers: Makers,
  resolver: Resolver,
  placeOf: (origin: Origin) => Place,
): Loader {
  const resolve = (kind: ObjectKind, name: unknown, globalConf: Conf = {}): Spec => {
    if (typeof name !== 'string') throw noName(kind, name, spec, placeOf(spec.origin));
    const setting = settingFor(name, spec);
    const found = resolver.resolve(kind, setting, spec.scope, givenGlobals(globalConf, spec.globalConf));
    refuseCircle(found, way, placeOf(setting.origin));
    return found;
  };
  return {
    getApp: (name, globalConf) => makers.app(() => resolve('app', name, globalConf), way),
    getFilter: (name, globalConf) => makers.filter(() => resolve('filter', name, globalConf), way),
    getServer: (name, globalConf) => makers.server(() => resolve('server', name, globalConf), way),
  };
}

function noName(kind: ObjectKind, name: unknown, { section }: Spec, place: Place): WsgiServeError {
  const message = `[${section}] asks for the ${kind} ${describeValue(name)}, which is no name`;
  return new WsgiServeError('no-section', message, { place });
}

/** The name with the key that it most likely comes from, so that an error points at it; else with the composite's own. */
function settingFor(name: string, spec: Spec): Setting {
  const settings = Object.values(spec.localConf);
  const from =
    settings.find(({ value }) => value.trim() === name) ??
    settings.find(({ value }) => value.split(/\s+/).includes(name));
  return { value: name, origin: from?.origin ?? spec.origin };
}

/** What a composite hands on. Most of it is what it got, and keeps the place where that was written. */
function givenGlobals(globalConf: Conf, own: Settings): Settings {
  return settingsOf(
    Object.entries(globalConf).map(([key, value]) => {
      const known = own[key];
      if (known !== undefined && known.value === value) return [key, known];
      const origin = { file: '<api>', section: null, key, span: null };
      return [key, { value: String(value), origin }];
    }),
  );
}

/** A section that leads to itself with the globals it had before would do so for ever. */
function refuseCircle(found: Spec, way: readonly Spec[], place: Place): void {
  const first = way.findIndex((earlier) => isSame(earlier, found));
  if (first === -1 && way.length < MAX_WAY) return;
  const names = [...way.slice(Math.max(0, first)), found].map(({ section }) => section ?? 'a reference');
  const round = names.filter((name, index) => name !== names[index - 1]);
  throw new WsgiServeError('cycle', `sections use each other in a circle: ${round.join(' -> ')}`, {
    place,
    hint: 'One of them must name something that does not lead back',
  });
}

function isSame(a: Spec, b: Spec): boolean {
  return (
    a.section === b.section &&
    a.scope.file === b.scope.file &&
    samePosition(a.origin, b.origin) &&
    sameValues(a.globalConf, b.globalConf)
  );
}

function samePosition(a: Origin, b: Origin): boolean {
  return (
    a.file === b.file &&
    a.span?.start.line === b.span?.start.line &&
    a.span?.start.column === b.span?.start.column
  );
}
