// Connect middleware over an app of any kind. Called by build, once for each such filter of a pipeline.
import type { App } from './app.js';
import { toNode } from './bridges.js';
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
