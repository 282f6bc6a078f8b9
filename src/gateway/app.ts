// What is live: apps of the three kinds, and what factories make of them.
// An App is what build makes of a Spec; a gateway runs it over an Exchange.
import type { RequestHead } from './exchange.js';
import type { FetchHandler, FetchRunner } from './fetch-run.js';
import type { FetchApp, FetchFilter, FetchObject } from './fetch-types.js';
import type { NodeHandler } from './node-run.js';
import type { NodeApp, NodeFilter } from './node-types.js';
import type { WsgiApp } from './wsgi-types.js';

/** An app and its kind. The kind is stated by the deployment file, never guessed from a function's arity. */
export type App =
  | { readonly kind: 'wsgi'; readonly app: WsgiApp; readonly holdsNoPlace?: HoldsNoPlace }
  | { readonly kind: 'fetch'; readonly app: FetchHandler; readonly run: FetchRunner }
  | { readonly kind: 'node'; readonly app: NodeHandler };

/** Whether the answer to a request is the server's own and may take for ever: limits of concurrency pass it by. */
export type HoldsNoPlace = (request: RequestHead) => boolean;

/** A filter of whatever kind, ready to be put over an app of whatever kind. */
export type Cover = (app: App) => Promise<App>;

/** A record of settings as factories get it: no prototype, strings only. */
export type Conf = Readonly<Record<string, string>>;

/** An app as its author has it, where its kind need not be told: an object with a `fetch` method tells it by itself. */
type AnyApp = WsgiApp | FetchObject;

/** `paste.app_factory`: makes an app from [DEFAULT] and the section's own keys. `this` is the owner of the export. */
export type AppFactory = (globalConf: Conf, localConf: Conf) => AnyApp | Promise<AnyApp>;

/** `fetch.app_factory` and `node.app_factory`. */
export type FetchAppFactory = (globalConf: Conf, localConf: Conf) => FetchApp | Promise<FetchApp>;
export type NodeAppFactory = (globalConf: Conf, localConf: Conf) => NodeApp | Promise<NodeApp>;

/** `fetch.filter_factory` and `node.filter_factory`. */
export type FetchFilterFactory = (globalConf: Conf, localConf: Conf) => FetchFilter | Promise<FetchFilter>;
export type NodeFilterFactory = (globalConf: Conf, localConf: Conf) => NodeFilter | Promise<NodeFilter>;

/** A filter: an app in, an app out. */
export type Filter = (app: WsgiApp) => WsgiApp | Promise<WsgiApp>;

/** `paste.filter_factory`: makes a filter. */
export type FilterFactory = (globalConf: Conf, localConf: Conf) => Filter | Promise<Filter>;

/** `paste.filter_app_factory`: puts a filter over an app in one call. */
export type FilterAppFactory = (
  app: WsgiApp,
  globalConf: Conf,
  localConf: Conf,
) => WsgiApp | Promise<WsgiApp>;

/** `paste.composite_factory`: makes an app of other apps, which it gets from `loader`. */
export type CompositeFactory = (
  loader: Loader,
  globalConf: Conf,
  localConf: Conf,
) => WsgiApp | Promise<WsgiApp>;

/** `paste.server_factory`: makes a function that serves an app; `paste.server_runner` serves at once. */
export type ServerFactory = (globalConf: Conf, localConf: Conf) => ServeApp | Promise<ServeApp>;
export type ServerRunner = (app: WsgiApp, globalConf: Conf, localConf: Conf) => unknown;
export type ServeApp = (app: WsgiApp) => unknown;

/** How a composite gets at other sections: by name, or by `config:`, `egg:` and `call:` references. */
export interface Loader {
  getApp(name: string, globalConf?: Conf): Promise<WsgiApp>;
  getFilter(name: string, globalConf?: Conf): Promise<Filter>;
  getServer(name: string, globalConf?: Conf): Promise<ServeApp>;
}
