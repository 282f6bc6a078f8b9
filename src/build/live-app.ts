// What factories and exports give as apps: is it one, and of which kind? Called by make.ts on every such value.
// The kind is the one that the deployment file states; what an object can do tells it too, a function's arity never.
import { assertNever } from '../errors.js';
import type { App } from '../gateway/app.js';
import type { FetchFunction, FetchObject } from '../gateway/fetch-types.js';
import { leafHandler } from '../gateway/node-leaf.js';
import type { CallbackApp, NodeFunction, RoutingApp, Upgradable } from '../gateway/node-types.js';
import type { WsgiApp } from '../gateway/wsgi-types.js';
import { appHint, badValue, isPlainFunction } from './live-values.js';
import type { LoadedSubject } from './subject.js';

export type AppKind = App['kind'];

/**
 * The app that `value` is, of the kind that is stated; an object with a `fetch` method is a fetch app wherever an app is
 * wanted. Waits for an app that has to get ready. Rejects with `bad-app`, and with what `ready()` rejects with.
 */
export async function asApp(kind: AppKind, value: unknown, subject: LoadedSubject): Promise<App> {
  if (isFetchObject(value)) return fetchApp((request, context) => value.fetch(request, context));
  switch (kind) {
    case 'wsgi':
      if (isPlainFunction<WsgiApp>(value)) return { kind, app: value };
      throw badValue(
        value,
        'an app',
        subject,
        appHint('An app is a function of (environ, startResponse)', value),
      );
    case 'fetch':
      if (isPlainFunction<FetchFunction>(value)) return fetchApp(value);
      throw badValue(value, 'a fetch app', subject, appHint(FETCH_HINT, value));
    case 'node':
      if (isRoutingApp(value)) return await routingApp(value);
      if (isCallbackApp(value)) return nodeApp(value.callback(), value);
      if (isPlainFunction<NodeFunction & Upgradable>(value)) return nodeApp(value, value);
      throw badValue(value, 'a node app', subject, appHint(NODE_HINT, value));
    default:
      return assertNever(kind);
  }
}

const FETCH_HINT = 'A fetch app is a function of (request), or an object with a fetch method';
const NODE_HINT = 'A node app is a function of (req, res), a Koa app or a Fastify instance';

async function fetchApp(call: FetchFunction): Promise<App> {
  const parts = await import('../gateway/fetch-parts.js');
  return parts.fetchApp(call);
}

function nodeApp(call: NodeFunction, { upgrade }: Upgradable): App {
  return { kind: 'node', app: leafHandler(call, upgrade ?? null) };
}

/** Those who wait for upgrades listen to the app's own server, which never listens to anything itself. */
async function routingApp(app: RoutingApp): Promise<App> {
  await app.ready();
  const { server } = app;
  const waits = server !== undefined && server.listenerCount('upgrade') > 0;
  const upgrade: Upgradable['upgrade'] = (...args) => server?.emit('upgrade', ...args);
  return { kind: 'node', app: leafHandler((req, res) => app.routing(req, res), waits ? upgrade : null) };
}

/** An object whose kind needs no telling. */
export function isFetchObject(value: unknown): value is FetchObject {
  return hasMethod(value, 'fetch');
}

function isRoutingApp(value: unknown): value is RoutingApp {
  return hasMethod(value, 'routing') && hasMethod(value, 'ready');
}

function isCallbackApp(value: unknown): value is CallbackApp {
  return hasMethod(value, 'callback');
}

/** Functions are apps by themselves, whatever else they have. */
function hasMethod(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function';
}
