// One server section and its app -> a Listener, not yet bound. Called by serve.ts for each built-in server.
import type { App } from '../gateway/app.js';
import { errorStream } from '../gateway/error-stream.js';
import type { Exchange } from '../gateway/exchange.js';
import type { GatewayOptions } from '../gateway/run.js';
import { type Logger, writeLogSoon } from '../log.js';
import { createFront } from './front/front.js';
import { Listener, type Readiness } from './listener.js';
import type { ServerOptions } from './options.js';
import type { ParsedOptions } from './parse-options.js';

/** What every listener of a deployment has in common. */
export interface ListenerParts {
  /** Hears of every failure of the app, and of what the app writes to wsgi.errors. */
  readonly log: Logger;
  /** Whether other processes serve the same app. */
  readonly multiprocess?: boolean;
}

/** `name` is that of `[server:NAME]`. Does not listen yet. */
export function createListener(
  name: string,
  { options, address, place, limits, proxies }: ParsedOptions,
  app: App,
  { log, multiprocess = false }: ListenerParts,
): Listener {
  const { access_log: format, ready_path: readyPath } = options;
  const readiness: Readiness = { ready: true };
  const front = createFront(app, {
    readiness: readyPath === null ? null : { path: readyPath, isReady: () => readiness.ready },
    limits,
    proxies,
    proxyProtocol: options.proxy_protocol,
    names: {
      scheme: options.url_scheme,
      ...(options.server_name === null ? {} : { serverName: options.server_name }),
    },
    accessLog: format === 'off' ? null : { format, write: (line) => writeLogSoon(`${line}\n`) },
    gateway: { ...gatewayOptions(name, options, log), multiprocess },
    onRefuse: ({ status, reason }, remoteAddress) =>
      log.debug({ server: name, remoteAddress, status }, `refused: ${reason}`),
    onMissingHops: once((missing) => log.warn({ server: name, missing }, MISSING_HOPS)),
  });
  return new Listener(front, {
    name,
    address,
    place,
    backlog: options.backlog,
    gracefulTimeout: options.graceful_timeout,
    // Whose the connection is was said at its beginning, which nobody hears twice.
    canGive: !options.proxy_protocol,
    readiness,
  });
}

const MISSING_HOPS = 'a request came through fewer proxies than trusted_proxy_count says';

/** Whoever can leave a proxy out can do it in every request. */
function once<T>(tell: (value: T) => void): (value: T) => void {
  let isTold = false;
  return (value) => {
    if (!isTold) tell(value);
    isTold = true;
  };
}

function gatewayOptions(server: string, options: ServerOptions, log: Logger): GatewayOptions {
  return {
    maxConcurrency: options.max_concurrency,
    strictHeaders: options.strict_headers,
    errors: errorStream((text) => log.error({ server }, text.replace(/\n$/, ''))),
    onError: (error, exchange) => {
      const fields = fieldsOf(server, error, exchange);
      // Whoever sends half a body would fill the log.
      if (error === exchange.bodyError) log.debug(fields, 'a request was broken off while an app read it');
      else log.error(fields, 'an app failed');
    },
    onWarning: (error, exchange) => log.warn(fieldsOf(server, error, exchange), error.message),
  };
}

function fieldsOf(server: string, error: Error, { request }: Exchange): object {
  return { err: error, server, method: request.method, target: request.target };
}
