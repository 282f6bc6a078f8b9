// What factories give back: is it a function that can be called as what it should be? Called by make.ts and live-app.ts.
// Nothing is called here, and nothing is guessed: the errors say what came instead.
import { WsgiServeError } from '../errors.js';
import type { Filter, ServeApp } from '../gateway/app.js';
import type { FetchFilter } from '../gateway/fetch-types.js';
import type { NodeErrorFilter, NodeFilter } from '../gateway/node-types.js';
import { describeValue, isClass } from '../load/describe-value.js';
import { functionsOf } from '../load/find-export.js';
import type { LoadedSubject } from './subject.js';

/** The filter that a filter factory gave back. Throws `bad-app`. */
export function asFilter(value: unknown, subject: LoadedSubject): Filter {
  if (isPlainFunction<Filter>(value)) return value;
  throw badValue(value, 'a filter', subject, 'A filter is a function that takes an app and gives one back');
}

/** Connect middleware of either kind. Throws `bad-app`. */
export function asMiddleware(value: unknown, subject: LoadedSubject): NodeFilter | NodeErrorFilter {
  if (isPlainFunction<NodeFilter | NodeErrorFilter>(value)) return value;
  throw badValue(
    value,
    'middleware',
    subject,
    'Middleware is a function of (req, res, next), or of (error, req, res, next)',
  );
}

/** A filter over Request and Response. Throws `bad-app`. */
export function asFetchFilter(value: unknown, subject: LoadedSubject): FetchFilter {
  if (isPlainFunction<FetchFilter>(value)) return value;
  throw badValue(
    value,
    'a filter',
    subject,
    'A fetch filter is a function of (request, next) that gives a Response',
  );
}

/** What a server factory gave back. Throws `bad-app`. */
export function asServer(value: unknown, subject: LoadedSubject): ServeApp {
  if (isPlainFunction<ServeApp>(value)) return value;
  throw badValue(value, 'a server', subject, 'A server is a function that takes an app and serves it');
}

/** Whether `value` can be called without `new`; as what, its section says. */
export function isPlainFunction<T>(value: unknown): value is T {
  return typeof value === 'function' && !isClass(value);
}

/** For what a filter made of an app. */
export const FILTERED_HINT =
  'A filter takes an app and gives one back: (app) => (environ, startResponse) => body.\n' +
  'A factory that takes the app itself is a paste.filter_app_factory';

/** For a value that is not what was wanted; `what` says who gave it, where that is not the export itself. */
export function badValue(
  value: unknown,
  wanted: string,
  subject: LoadedSubject,
  hint: string,
  what = '',
): WsgiServeError {
  const { label, place, target } = subject;
  const isExport = value === target.value;
  const came = isExport ? 'is' : 'gave back';
  const message = `${label}: ${what}${target.name} ${came} ${describeValue(value)}, not ${wanted}`;
  return new WsgiServeError('bad-app', message, { place, hint });
}

/** What frameworks call the function that answers. */
const HANDLERS = ['handler', 'handle', 'requestListener', 'callback'];

/** What an app is, in the words of an interface, and what a value that is none looks like. */
export function appHint(wanted: string, value: unknown): string {
  if (value === undefined) return `${wanted}. Does the factory lack a "return"?`;
  if (
    typeof value === 'string' ||
    (typeof value === 'object' && value !== null && Symbol.iterator in value)
  ) {
    return `${wanted}. This looks like a response: an export that is the app itself is named with paste.app`;
  }
  const methods = functionsOf(value);
  const method = HANDLERS.find((name) => methods.includes(name)) ?? methods[0];
  return method === undefined ? wanted : `${wanted}, such as app.${method}.bind(app)`;
}
