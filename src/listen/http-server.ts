// node:http, set up the way a listener wants it: limits passed explicitly, answers that close while it drains.
// Called by serve.ts; knows nothing of apps.
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  type Server,
  ServerResponse,
} from 'node:http';
import type { NodeHandlers } from '../gateway/node-handler.js';
import type { ServerOptions } from './options.js';

/** How often node:http looks for requests that are too slow, in milliseconds; its own 30 s makes every limit late. */
const CHECKING_INTERVAL = 1000;

/** Whether a listener drains; shared by the listener, which sets it, and the answers, which obey. */
export interface DrainState {
  draining: boolean;
}

/** A server that does not listen yet. */
export function createHttpServer(handlers: NodeHandlers, options: ServerOptions, state: DrainState): Server {
  const server = createServer(
    {
      // Passed explicitly, or NODE_OPTIONS decides.
      insecureHTTPParser: false,
      maxHeaderSize: options.max_request_header_size,
      headersTimeout: options.headers_timeout,
      requestTimeout: options.request_timeout,
      keepAliveTimeout: options.keepalive_timeout,
      connectionsCheckingInterval: CHECKING_INTERVAL,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      noDelay: true,
      ServerResponse: drainAware(state),
    },
    handlers.handler,
  );
  server.on('checkContinue', handlers.continueHandler);
  server.maxRequestsPerSocket = options.max_requests_per_connection;
  server.timeout = options.send_timeout;
  return server;
}

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/** Every head that is written while the listener drains says `Connection: close` (RFC 9112 section 9.6). */
function drainAware(state: DrainState) {
  return class<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
    override writeHead(status: number, reason?: string | Headers, headers?: Headers): this {
      if (state.draining) this.shouldKeepAlive = false;
      // node:http itself looks whether the second argument is the reason or the headers.
      return super.writeHead(status, reason as string, headers);
    }
  };
}
