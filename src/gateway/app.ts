// What is live: apps of the three kinds, and what factories make of them.
// An App is what build makes of a Spec; a gateway runs it over an Exchange.
import type { WsgiApp } from './wsgi-types.js';

/** An app and its kind. The kind is stated by the deployment file, never guessed from a function's arity. */
export type App = { readonly kind: 'wsgi'; readonly app: WsgiApp };

/** A record of settings as factories get it: no prototype, strings only. */
export type Conf = Readonly<Record<string, string>>;

/** `paste.app_factory`: makes an app from [DEFAULT] and the section's own keys. `this` is the owner of the export. */
export type AppFactory = (globalConf: Conf, localConf: Conf) => WsgiApp | Promise<WsgiApp>;

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
