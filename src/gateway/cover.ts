// Connect middleware over an app of any kind. Called by build, once for each such filter of a pipeline.
import type { App } from './app.js';
import { toNode } from './bridges.js';
import { NodeRecovery } from './node-recovery.js';
import { failNode, guard } from './node-run.js';
import type { NodeErrorFilter, NodeFilter } from './node-types.js';

/** Whether middleware handles errors: Connect tells its two kinds apart by the number of their parameters. */
export function isErrorFilter(filter: NodeFilter | NodeErrorFilter): filter is NodeErrorFilter {
  return filter.length === 4;
}

/** Middleware over `app`. A `next()` after the first one does nothing. */
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

/** Error-handling middleware over `app`. */
export function coverWithErrorFilter(handle: NodeErrorFilter, app: App): App {
  const handler = toNode(app);
  return {
    kind: 'node',
    app: (req, res, run) => {
      const recovery = new NodeRecovery(handle, req, res, run);
      const below = { ...run, options: { ...run.options, recovery } };
      return guard(() => handler(req, res, below), res, below);
    },
  };
}
