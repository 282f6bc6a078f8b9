// One loaded factory becomes one app, filter or server: its protocol says what it is called with. Called by assembly.ts.
// Everything that comes back is looked at before anybody calls it.
import { types } from 'node:util';
import type { Conf, Filter, Loader, ServeApp } from '../gateway/app.js';
import type { WsgiApp } from '../gateway/wsgi-types.js';
import { callFactory } from './call-factory.js';
import type { Closers } from './closers.js';
import { asApp, asFilter, asFilteredApp, asServer } from './live-values.js';
import { type LoadedSubject, unknownProtocol } from './subject.js';
import type { TimeLimit } from './time-limit.js';

/** A factory and what it can be called with. */
export interface Making {
  readonly subject: LoadedSubject;
  /** New records for each call: globals and the section's own keys. */
  readonly confs: () => readonly [globalConf: Conf, localConf: Conf];
  readonly loader: Loader;
  readonly closers: Closers;
  readonly limit: TimeLimit;
}

/** The app of an app factory, of a composite factory, or the export itself. */
export async function makeApp(making: Making): Promise<WsgiApp> {
  const { subject, confs, loader } = making;
  switch (subject.target.protocol) {
    case 'paste.app':
      return exportedApp(making);
    case 'paste.app_factory':
      return keep(making, asApp(await call(making, confs()), subject));
    case 'paste.composite_factory':
    case 'paste.composit_factory':
      return keep(making, asApp(await call(making, [loader, ...confs()]), subject));
    default:
      throw unknownProtocol('app', subject);
  }
}

/** A filter that checks what it makes, whichever way its factory takes the app. */
export async function makeFilter(making: Making): Promise<Filter> {
  const { subject, confs } = making;
  switch (subject.target.protocol) {
    case 'paste.filter_factory': {
      const filter = keep(making, asFilter(await call(making, confs()), subject));
      return async (app) => keep(making, asFilteredApp(await apply(making, filter, app), subject));
    }
    case 'paste.filter_app_factory':
      return async (app) => keep(making, asApp(await call(making, [app, ...confs()]), subject));
    default:
      throw unknownProtocol('filter', subject);
  }
}

/** A function that serves an app. A runner serves for as long as it likes, so no time limit is set on it. */
export async function makeServer(making: Making): Promise<ServeApp> {
  const { subject, confs } = making;
  const { protocol, value, owner } = subject.target;
  switch (protocol) {
    case 'paste.server_factory':
      return keep(making, asServer(await call(making, confs()), subject));
    case 'paste.server_runner':
      return (app) => Reflect.apply(value, owner, [app, ...confs()]);
    default:
      throw unknownProtocol('server', subject);
  }
}

/** The export as the app; one that was found on an object, such as `site.handle`, keeps it as its `this`. */
function exportedApp(making: Making): WsgiApp {
  const { value, owner } = making.subject.target;
  const app = keep(making, asApp(value, making.subject));
  return types.isModuleNamespaceObject(owner) ? app : app.bind(owner);
}

function call({ subject, limit }: Making, args: readonly unknown[]): Promise<unknown> {
  const { name, value, owner } = subject.target;
  return callFactory(subject, `the factory ${name}`, () => Reflect.apply(value, owner, args), limit);
}

function apply({ subject, limit }: Making, filter: Filter, app: WsgiApp): Promise<unknown> {
  return callFactory(subject, `the filter of ${subject.target.name}`, () => filter(app), limit);
}

function keep<T>({ closers, subject }: Making, value: T): T {
  closers.collect(value, subject);
  return value;
}
