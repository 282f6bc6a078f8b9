// The public API: re-exports only, nobody inside imports it.
export type { AppConfig, Closable, LoadOptions } from './build/api.js';
export { asBool, asInt, asList } from './config/convert.js';
export { type ErrorCode, WsgiServeError } from './errors.js';
export type {
  AppFactory,
  CompositeFactory,
  Conf,
  FetchAppFactory,
  FetchFilterFactory,
  Filter,
  FilterAppFactory,
  FilterFactory,
  Loader,
  NodeAppFactory,
  NodeFilterFactory,
  ServeApp,
  ServerFactory,
  ServerRunner,
} from './gateway/app.js';
export { type CgiProcess, runWithCgi } from './gateway/cgi.js';
export { constructUrl, type UrlParts } from './gateway/construct-url.js';
export type { FetchApp, FetchContext, FetchFilter } from './gateway/fetch-types.js';
export { latinator, latinator as Latinator, piglatin } from './gateway/latinator.js';
export { lint } from './gateway/lint.js';
export type { NodeApp, NodeErrorFilter, NodeFilter, NodeRequest } from './gateway/node-types.js';
export type {
  Chunk,
  Environ,
  ErrorStream,
  FileLike,
  Header,
  InputStream,
  StartResponse,
  Write,
  WsgiApp,
  WsgiBody,
} from './gateway/wsgi-types.js';
export { appConfig, loadApp, loadFilter, loadServer } from './listen/deploy.js';
export type { Serving, StopReport } from './listen/serve.js';
export { type ServeOptions, serve } from './listen/serve-file.js';
export { urlmap } from './paste/urlmap.js';
