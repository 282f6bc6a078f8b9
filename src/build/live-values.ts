// What factories give back: is it an app, a filter, a server? Called by assembly.ts on every such value.
// Nothing is called here, and nothing is guessed: only functions pass, and the errors say what came instead.
import { WsgiServeError } from '../errors.js';
import type { Filter, ServeApp } from '../gateway/app.js';
import type { WsgiApp } from '../gateway/wsgi-types.js';
import { describeValue, isClass } from '../load/describe-value.js';
import { functionsOf } from '../load/find-export.js';
import type { LoadedSubject } from './subject.js';

/** The app that a factory, or a filter over an app, gave back. Throws `bad-app`. */
export function asApp(value: unknown, subject: LoadedSubject): WsgiApp {
  if (isPlainFunction<WsgiApp>(value)) return value;
  throw badValue(value, 'an app', subject, appHint(value));
}

/** The filter that a filter factory gave back. Throws `bad-app`. */
export function asFilter(value: unknown, subject: LoadedSubject): Filter {
  if (isPlainFunction<Filter>(value)) return value;
  throw badValue(value, 'a filter', subject, 'A filter is a function that takes an app and gives one back');
}

/** The app that a filter made of another. Throws `bad-app`. */
export function asFilteredApp(value: unknown, subject: LoadedSubject): WsgiApp {
  if (isPlainFunction<WsgiApp>(value)) return value;
  const hint =
    'A filter takes an app and gives one back: (app) => (environ, startResponse) => body.\n' +
    'A factory that takes the app itself is a paste.filter_app_factory';
  throw badValue(value, 'an app', subject, hint, 'the filter of ');
}

/** What a server factory gave back. Throws `bad-app`. */
export function asServer(value: unknown, subject: LoadedSubject): ServeApp {
  if (isPlainFunction<ServeApp>(value)) return value;
  throw badValue(value, 'a server', subject, 'A server is a function that takes an app and serves it');
}

function isPlainFunction<T>(value: unknown): value is T {
  return typeof value === 'function' && !isClass(value);
}

function badValue(
  value: unknown,
  wanted: string,
  subject: LoadedSubject,
  hint: string,
  what = '',
): WsgiServeError {
  const { label, place, target } = subject;
  const message = `${label}: ${what}${target.name} gave back ${describeValue(value)}, not ${wanted}`;
  return new WsgiServeError('bad-app', message, { place, hint });
}

function appHint(value: unknown): string {
  const wanted = 'An app is a function of (environ, startResponse)';
  if (value === undefined) return `${wanted}. Does the factory lack a "return"?`;
  if (
    typeof value === 'string' ||
    (typeof value === 'object' && value !== null && Symbol.iterator in value)
  ) {
    return `${wanted}. This looks like a response: an export that is the app itself is named with paste.app`;
  }
  const [method] = functionsOf(value);
  return method === undefined ? wanted : `${wanted}, such as app.${method}.bind(app)`;
}
