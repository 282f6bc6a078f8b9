// A filter of any kind over an app of any kind. Called by build, once for each filter of a pipeline.
import type { App } from './app.js';
import { toFetch, toNode } from './bridges.js';
import { asResponse, RunContext } from './fetch-run.js';
import type { FetchFilter } from './fetch-types.js';
import { failNode, guard } from './node-run.js';
import type { NodeFilter } from './node-types.js';

/** Connect middleware over `app`. A `next()` after the first one does nothing; `next(error)` makes a 500. */
export function coverWithNode(filter: NodeFilter, app: App): App {
  const handler = toNode(app);
  return {
    kind: 'node',
    app: (req, res, run) => {
      let wentOn = false;
      const next = (error?: unknown): void => {
        if (wentOn) return;
        wentOn = true;
        if (error !== undefined && error !== null) failNode(error, res, run);
        else void guard(() => handler(req, res, run), res, run);
      };
      return filter(req, res, next);
    },
  };
}

/** A fetch filter over `app`. */
export function coverWithFetch(filter: FetchFilter, app: App): App {
  const handler = toFetch(app);
  return {
    kind: 'fetch',
    app: (request, run) => {
      const next = async (changed: Request = request) => asResponse(await handler(changed, run));
      return filter(request, next, new RunContext(run));
    },
  };
}
