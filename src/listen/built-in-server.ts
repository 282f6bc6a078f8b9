// egg:Paste#http and its like as a server factory, for programs that load a server and an app and put them together
// themselves. Built through server-eggs.ts; what the command line serves goes through serve.ts.
import type { Places } from '../config/deployment.js';
import { settingsFrom } from '../config/settings-record.js';
import { severalProblems, WsgiServeError } from '../errors.js';
import type { ServeApp } from '../gateway/app.js';
import { createLogger } from '../log.js';
import type { Origin } from '../source.js';
import { createListener } from './create-listener.js';
import { listenAll } from './listen-all.js';
import { type ParsedOptions, parseOptions } from './parse-options.js';
import { Serving } from './serve.js';

const ORIGIN: Origin = { file: '<api>', section: null, key: null, span: null };
const place = (origin: Origin) => ({ origin, source: null });
const PLACES: Places = { place, keyPlace: place };

/**
 * `paste.server_factory`: a function that serves an app, and gives a promise of what serves it, to be stopped. Its
 * `close` stops all that it serves. Throws the problems of parseOptions, by their keys.
 */
export function builtInServerFactory(
  _globalConf: Readonly<Record<string, string>>,
  localConf: Readonly<Record<string, string>>,
): ServeApp & { close(): Promise<void> } {
  const parsed = parse(localConf);
  const servings: Serving[] = [];
  const serve = async (app: Parameters<ServeApp>[0]): Promise<Serving> => {
    const listener = createListener('main', parsed, { kind: 'wsgi', app }, { log: createLogger() });
    await listenAll([listener]);
    const serving = Serving.of([listener]);
    servings.push(serving);
    return serving;
  };
  const close = async (): Promise<void> => {
    await Promise.all(servings.map((serving) => serving.stop()));
  };
  return Object.assign(serve, { close });
}

/** `app` says what is served where a whole file is; here the caller says it. */
function parse({ app: _app, ...options }: Readonly<Record<string, string>>): ParsedOptions {
  try {
    return parseOptions(
      { section: 'server', origin: ORIGIN, options: settingsFrom(options, ORIGIN.file) },
      PLACES,
    );
  } catch (error) {
    if (!(error instanceof WsgiServeError)) throw error;
    const [first = error, ...others] = error.problems.map(byKey);
    throw severalProblems([first, ...others]);
  }
}

/** Where a key stands is known to whoever gave the settings. */
function byKey({ code, message, hint, place: at }: WsgiServeError): WsgiServeError {
  const key = at?.origin.key ?? null;
  return new WsgiServeError(code, message, { hint, ...(key === null ? {} : { key }) });
}
