// Filters that are ready to be put over apps, seen as what composites and programs know: functions of WSGI apps.
import type { Cover, Filter } from '../gateway/app.js';
import { toWsgi } from '../gateway/bridges.js';

/** PasteDeploy's `loader.get_filter(name)`: takes a WSGI app and gives one back, of whatever kind the filter is. */
export function asFilterFunction(cover: Cover): Filter {
  return async (app) => toWsgi(await cover({ kind: 'wsgi', app }));
}
