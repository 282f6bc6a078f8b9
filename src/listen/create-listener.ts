// One server section and its app -> a Listener, not yet bound. Called by serve.ts for each built-in server.
import type { App } from '../gateway/app.js';
import { errorStream } from '../gateway/error-stream.js';
import type { Exchange } from '../gateway/exchange.js';
import type { GatewayOptions } from '../gateway/run.js';
import type { Logger } from '../log.js';
import { createFront } from './front/front.js';
import { Listener } from './listener.js';
import type { ServerPlan } from './plan.js';

/** `log` hears of every failure of the app, and of what the app writes to wsgi.errors. */
export function createListener(
  plan: ServerPlan & { readonly kind: 'built-in' },
  app: App,
  log: Logger,
): Listener {
  const { server, parsed } = plan;
  const { options, address, place, limits, proxies } = parsed;
  const draining = new AbortController();
  const { access_log: format } = options;
  const front = createFront(app, {
    limits,
    proxies,
    proxyProtocol: options.proxy_protocol,
    names: {
      scheme: options.url_scheme,
      ...(options.server_name === null ? {} : { serverName: options.server_name }),
    },
    accessLog:
      format === 'off' ? null : { format, proxies, write: (line) => process.stdout.write(`${line}\n`) },
    gateway: gatewayOptions(server.name, options.max_concurrency, options.strict_headers, log),
    draining: draining.signal,
  });
  return new Listener(front, {
    name: server.name,
    address,
    place,
    backlog: options.backlog,
    gracefulTimeout: options.graceful_timeout,
    onDrain: () => draining.abort(),
  });
}

function gatewayOptions(
  server: string,
  maxConcurrency: number,
  strictHeaders: boolean,
  log: Logger,
): GatewayOptions {
  return {
    maxConcurrency,
    strictHeaders,
    errors: errorStream((text) => log.error({ server }, text.replace(/\n$/, ''))),
    onError: (error, exchange) => log.error(fieldsOf(server, error, exchange), 'an app failed'),
    onWarning: (error, exchange) => log.warn(fieldsOf(server, error, exchange), error.message),
  };
}

function fieldsOf(server: string, error: Error, { request }: Exchange): object {
  return { err: error, server, method: request.method, target: request.target };
}
