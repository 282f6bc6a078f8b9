// One server section and its app -> a Listener, not yet bound. Called by serve.ts for each built-in server.
import type { App } from '../gateway/app.js';
import { errorStream } from '../gateway/error-stream.js';
import type { Exchange } from '../gateway/exchange.js';
import { nodeHandlers } from '../gateway/node-handler.js';
import type { Logger } from '../log.js';
import { createHttpServer, type DrainState } from './http-server.js';
import { Listener } from './listener.js';
import type { ServerPlan } from './plan.js';

/** `log` hears of every failure of the app, and of what the app writes to wsgi.errors. */
export function createListener(
  plan: ServerPlan & { readonly kind: 'built-in' },
  app: App,
  log: Logger,
): Listener {
  const { server, parsed } = plan;
  const { options, address, place } = parsed;
  const state: DrainState = { draining: false };
  const handlers = nodeHandlers(
    app.app,
    {
      errors: errorStream((text) => log.error({ server: server.name }, text.replace(/\n$/, ''))),
      onError: (error, exchange) => log.error(failureFields(server.name, error, exchange), 'an app failed'),
    },
    {
      scheme: options.url_scheme,
      ...(options.server_name === null ? {} : { serverName: options.server_name }),
    },
  );
  return new Listener(createHttpServer(handlers, options, state), {
    name: server.name,
    address,
    place,
    backlog: options.backlog,
    gracefulTimeout: options.graceful_timeout,
    onDrain: () => {
      state.draining = true;
    },
  });
}

function failureFields(server: string, error: Error, { request }: Exchange): object {
  return { err: error, server, method: request.method, target: request.target };
}
