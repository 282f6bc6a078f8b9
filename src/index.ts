// The public API: re-exports only, nobody inside imports it.

export { WsgiServeError } from './errors.js';
export type {
  AppFactory,
  CompositeFactory,
  Conf,
  Filter,
  FilterAppFactory,
  FilterFactory,
  Loader,
  ServeApp,
  ServerFactory,
  ServerRunner,
} from './gateway/app.js';
export type {
  Chunk,
  Environ,
  ErrorStream,
  Header,
  InputStream,
  StartResponse,
  Write,
  WsgiApp,
  WsgiBody,
} from './gateway/wsgi-types.js';
