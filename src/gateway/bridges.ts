// Any app as an app of any kind. Called by build, and by node-handler.ts to run what comes out of it.
// Nothing is converted before a request asks for it, and nothing where both sides are of one kind.
import { assertNever } from '../errors.js';
import { answerPlainly } from './answer.js';
import type { App } from './app.js';
import { DeferredBody } from './deferred-body.js';
import type { Exchange } from './exchange.js';
import { NodeExchange } from './node-exchange.js';
import { upgradeOf } from './node-leaf.js';
import { type NodeHandler, runNode } from './node-run.js';
import type { NodeRequest } from './node-types.js';
import { firstRun, type GatewayOptions, type Run } from './run.js';
import { environOf } from './run-environ.js';
import { callWsgi, runWsgi } from './wsgi.js';
import type { WsgiApp } from './wsgi-types.js';

/** Answers one request; never throws or rejects. The promise, where there is one, resolves when all is done. */
export function runApp(app: App, exchange: Exchange, options: GatewayOptions): Promise<void> | undefined {
  // Where the server mounts its app, environ says so.
  if (app.kind === 'wsgi' || options.scriptName) return runWsgi(toWsgi(app), exchange, options);
  return runWithin(app, firstRun(exchange, options));
}

/** As WSGI: the app runs when its body is read, or comes back to the gateway. */
export function toWsgi(app: App): WsgiApp {
  if (app.kind === 'wsgi') return app.app;
  const run = (given: Run) => runWithin(app, given);
  return (environ, startResponse) => new DeferredBody(run, environ, startResponse);
}

/** As a node handler: the app answers on the request and the response that middleware stands on. */
export function toNode(app: App): NodeHandler {
  if (app.kind === 'node') return app.app;
  return (req, res, run) => {
    const { connection } = run.exchange;
    const exchange = new NodeExchange(req, res, connection, false, upgradeOf(run.exchange));
    return runWithin(app, belowNode(req, exchange, run));
  };
}

/** Runs an app of any kind within the run of the part above it. */
export function runWithin(app: App, run: Run): Promise<void> | undefined {
  switch (app.kind) {
    case 'wsgi':
      return callWithin(app.app, run);
    case 'fetch':
      return app.run(app.app, run);
    case 'node':
      return runNode(app.app, run);
    default:
      return assertNever(app);
  }
}

function callWithin(app: WsgiApp, run: Run): Promise<void> | undefined {
  const environ = environOf(run);
  if (environ !== null) return callWsgi(app, environ, run.exchange, run.options);
  answerPlainly(run.exchange, 400, 'Bad Request');
  return undefined;
}

function belowNode(req: NodeRequest, exchange: NodeExchange, { options, environ }: Run): Run {
  const { url = '', baseUrl: base = '' } = req;
  const head = base === '' ? exchange.request : { ...exchange.request, target: url };
  return { exchange, seen: { head, base, body: null }, options, environ: req.environ ?? environ };
}
