// One loaded target becomes one app, filter or server: its protocol says what it is called with, if it is called at all.
// Called by assembly.ts. Everything that comes back is looked at before anybody calls it.
import { types } from 'node:util';
import type { App, Conf, Cover, Loader, ServeApp } from '../gateway/app.js';
import { toWsgi } from '../gateway/bridges.js';
import { coverWithErrorFilter, coverWithNode, isErrorFilter } from '../gateway/cover.js';
import type { FetchFilter } from '../gateway/fetch-types.js';
import type { NodeErrorFilter, NodeFilter } from '../gateway/node-types.js';
import type { WsgiApp } from '../gateway/wsgi-types.js';
import { isCallable } from '../load/load-target.js';
import { callFactory } from './call-factory.js';
import type { Closers } from './closers.js';
import { type AppKind, asApp, isFetchObject } from './live-app.js';
import {
  asFetchFilter,
  asFilter,
  asMiddleware,
  asServer,
  badValue,
  FILTERED_HINT,
  isPlainFunction,
} from './live-values.js';
import { middlewareOptions } from './middleware-options.js';
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
export async function makeApp(making: Making): Promise<App> {
  const { subject, confs, loader } = making;
  switch (subject.target.protocol) {
    case 'paste.app':
      return keepApp(making, 'wsgi', exported(making));
    case 'fetch.app':
      return keepApp(making, 'fetch', exported(making));
    case 'node.app':
      return keepApp(making, 'node', exported(making));
    case 'paste.app_factory':
      return keepApp(making, 'wsgi', await call(making, confs()));
    case 'fetch.app_factory':
      return keepApp(making, 'fetch', await call(making, confs()));
    case 'node.app_factory':
      return keepApp(making, 'node', await call(making, confs()));
    case 'paste.composite_factory':
    case 'paste.composit_factory':
      return keepApp(making, 'wsgi', await call(making, [loader, ...confs()]));
    default:
      throw unknownProtocol('app', subject);
  }
}

/** A filter that checks what it makes, whichever way its factory takes the app. */
export async function makeFilter(making: Making): Promise<Cover> {
  const { subject, confs } = making;
  switch (subject.target.protocol) {
    case 'paste.filter_factory': {
      const filter = keep(making, asFilter(await call(making, confs()), subject));
      return async (app) => {
        const given = toWsgi(app);
        return filtered(making, await apply(making, () => filter(given)), app, given);
      };
    }
    case 'paste.filter_app_factory':
      return async (app) => keepApp(making, 'wsgi', await call(making, [toWsgi(app), ...confs()]));
    case 'node.filter':
      return nodeCover(keep(making, asMiddleware(exported(making), subject)));
    case 'node.middleware':
      return nodeCover(keep(making, asMiddleware(await makeMiddleware(making), subject)));
    case 'node.filter_factory':
      return nodeCover(keep(making, asMiddleware(await call(making, confs()), subject)));
    case 'fetch.filter_factory':
      return await fetchCover(keep(making, asFetchFilter(await call(making, confs()), subject)));
    default:
      throw unknownProtocol('filter', subject);
  }
}

/** A function that serves an app. A runner serves for as long as it likes, so no time limit is set on it. */
export async function makeServer(making: Making): Promise<ServeApp> {
  const { subject, confs } = making;
  const { protocol } = subject.target;
  switch (protocol) {
    case 'paste.server_factory':
      return keep(making, asServer(await call(making, confs()), subject));
    case 'paste.server_runner':
      return (app) => reflect(making, [app, ...confs()]);
    default:
      throw unknownProtocol('server', subject);
  }
}

/** The export itself; a function that was found on an object, such as `site.handle`, keeps that as its `this`. */
function exported(making: Making): unknown {
  const { value, owner } = making.subject.target;
  keep(making, value);
  if (!isCallable(value) || types.isModuleNamespaceObject(owner)) return value;
  return Object.assign(value.bind(owner), value);
}

function call(making: Making, args: readonly unknown[]): Promise<unknown> {
  const { subject, limit } = making;
  return callFactory(subject, `the factory ${subject.target.name}`, () => reflect(making, args), limit);
}

/** As `helmet(options)` is called. */
function makeMiddleware(making: Making): Promise<unknown> {
  const { subject, confs, limit } = making;
  const make = () => reflect(making, [middlewareOptions(confs()[1])]);
  return callFactory(subject, subject.target.name, make, limit);
}

function reflect({ subject }: Making, args: readonly unknown[]): unknown {
  const { value, owner } = subject.target;
  return isCallable(value) ? Reflect.apply(value, owner, args) : value;
}

function apply({ subject, limit }: Making, filter: () => unknown): Promise<unknown> {
  return callFactory(subject, `the filter of ${subject.target.name}`, filter, limit);
}

/** What a filter made of `app`; one that gives back what it got leaves its kind as it was. */
async function filtered(making: Making, value: unknown, app: App, given: WsgiApp): Promise<App> {
  if (value === given) return app;
  if (isPlainFunction(value) || isFetchObject(value)) return keepApp(making, 'wsgi', value);
  throw badValue(value, 'an app', making.subject, FILTERED_HINT, 'the filter of ');
}

function nodeCover(filter: NodeFilter | NodeErrorFilter): Cover {
  return async (app) =>
    isErrorFilter(filter) ? coverWithErrorFilter(filter, app) : coverWithNode(filter, app);
}

async function fetchCover(filter: FetchFilter): Promise<Cover> {
  const { coverWithFetch } = await import('../gateway/fetch-parts.js');
  return async (app) => coverWithFetch(filter, app);
}

/** Some apps have to get ready first, which takes its time too. */
async function keepApp(making: Making, kind: AppKind, value: unknown): Promise<App> {
  const { subject, limit } = making;
  keep(making, value);
  const what = `${subject.target.name}, while it gets ready,`;
  return callFactory(subject, what, () => asApp(kind, value, subject), limit);
}

function keep<T>({ closers, subject }: Making, value: T): T {
  closers.collect(value, subject);
  return value;
}
