// The parts of a pipeline that speak Request and Response: apps, filters, and any app below such a filter. Imported by
// build when a deployment first has one: Node loads its own fetch with it, which costs a start-up more than all the rest.
import type { App } from './app.js';
import { runWithin } from './bridges.js';
import { answerOf, incomingFrom, targetOf } from './fetch-exchange.js';
import { lightenGlobals } from './fetch-globals.js';
import { asResponse } from './fetch-response.js';
import { type FetchHandler, RunContext, runFetch } from './fetch-run.js';
import type { FetchFilter, FetchFunction } from './fetch-types.js';
import type { GatewayOptions, Run } from './run.js';
import { StreamExchange } from './stream-exchange.js';

/** The app that `call` is. */
export function fetchApp(call: FetchFunction): App {
  lightenGlobals();
  return { kind: 'fetch', run: runFetch, app: (request, run) => call(request, new RunContext(run)) };
}

/** A fetch filter over `app`. */
export function coverWithFetch(filter: FetchFilter, app: App): App {
  lightenGlobals();
  const handler = toFetch(app);
  return {
    kind: 'fetch',
    run: runFetch,
    app: (request, run) => {
      const next = async (changed: Request = request) => asResponse(await handler(changed, run));
      return filter(request, next, new RunContext(run));
    },
  };
}

/** As a fetch handler: gives a promise of a Response, which is rejected where the app fails before its first byte. */
export function toFetch(app: App): FetchHandler {
  if (app.kind === 'fetch') return app.app;
  return (request, run) => respondWith(app, request, run);
}

function respondWith(app: App, request: Request, run: Run): Promise<Response> {
  const incoming = incomingFrom(request, run);
  return new Promise((resolve, reject) => {
    const stream = new StreamExchange(incoming, (head) => resolve(answerOf(head, stream)));
    const onError: GatewayOptions['onError'] = (error, exchange) => {
      // The one who waits for the answer, or reads it, is told; only behind the end nobody is left.
      if (stream.ended) run.options.onError(error, exchange);
      stream.fail(error);
      reject(error);
    };
    run.exchange.onClose(() => stream.leave());
    // An app may break its answer off and say nothing, or end with it unsaid once the client is gone.
    stream.onClose(() => reject(stream.failure));
    const head = { ...incoming.request, target: targetOf(request.url) };
    const seen = { head, base: run.seen.base, body: null };
    // What fails is the filter's to see first.
    const options = { ...run.options, onError, recovery: null };
    void runWithin(app, { exchange: stream, seen, options, environ: run.environ });
  });
}
