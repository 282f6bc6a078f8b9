// A server's HTTP front: what passed the gate is unproxied, logged where that is asked for, and run by the gateway.
// Called by create-listener.ts; the one file that knows both the gate and the apps.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { App } from '../../gateway/app.js';
import { runApp } from '../../gateway/bridges.js';
import type { Connection } from '../../gateway/exchange.js';
import { limitConcurrency } from '../../gateway/limit-concurrency.js';
import { NodeExchange } from '../../gateway/node-exchange.js';
import { describeSocket, type ServerNames } from '../../gateway/node-handler.js';
import { handleUpgrade } from '../../gateway/node-upgrade.js';
import type { GatewayOptions } from '../../gateway/run.js';
import { type AccessLog, logAccess } from './access.js';
import { applyHead } from './clean-request.js';
import type { ConnectionLimits } from './connection-limits.js';
import { type Unproxied, unproxy } from './forwarded.js';
import type { CleanHead } from './gate.js';
import { createGatedServer } from './gated-server.js';
import { readProxyHeaders } from './proxy-socket.js';
import { type Refusal, refusalText } from './refusal.js';
import type { ProxyPolicy } from './trusted-proxy.js';

export interface FrontOptions {
  readonly limits: ConnectionLimits;
  readonly proxies: ProxyPolicy;
  /** Whether every connection begins with a PROXY header. */
  readonly proxyProtocol: boolean;
  readonly names: ServerNames;
  /** Null where nothing is logged. */
  readonly accessLog: AccessLog | null;
  readonly gateway: GatewayOptions;
  /** When this is aborted, every answer from then on closes its connection. */
  readonly draining: AbortSignal;
}

/** A server that answers with `app` and does not listen yet. */
export function createFront(app: App, options: FrontOptions): Server {
  const front = new Front(app, options);
  const server = createGatedServer({
    limits: options.limits,
    handler: front.onRequest,
    onUpgrade: front.onUpgrade,
    draining: options.draining,
  });
  if (options.proxyProtocol) front.proxyHeaderOf = readProxyHeaders(server);
  return server;
}

class Front {
  proxyHeaderOf: ReturnType<typeof readProxyHeaders> = () => null;
  readonly #app: App;
  readonly #options: FrontOptions;
  readonly #connections = new WeakMap<Socket, Connection>();
  readonly #run: (exchange: NodeExchange) => unknown;

  constructor(app: App, options: FrontOptions) {
    this.#app = app;
    this.#options = options;
    const run = (exchange: NodeExchange) => runApp(app, exchange, options.gateway);
    this.#run = limitConcurrency(run, options.gateway.maxConcurrency ?? 0);
  }

  readonly onRequest = (req: IncomingMessage, res: ServerResponse, head: CleanHead, waits: boolean): void => {
    // A body that does not match what its head promised would be taken for the beginning of the next answer.
    res.strictContentLength = true;
    const seen = this.#unproxied(req, head);
    if (seen.kind === 'refuse') {
      refuseWith(seen, res);
      return;
    }
    const { accessLog } = this.#options;
    if (accessLog !== null) logAccess(accessLog, req, res, seen);
    this.#run(new NodeExchange(req, res, seen.connection, waits));
  };

  /** Only WebSockets are handed over; whatever else a client offers to speak, its request is an ordinary one. */
  readonly onUpgrade = (req: IncomingMessage, socket: Socket, first: Buffer, head: CleanHead): boolean => {
    if (req.headers.upgrade?.toLowerCase() !== 'websocket') return false;
    const seen = this.#unproxied(req, head);
    if (seen.kind === 'refuse') socket.end(refusalText(seen, req.method ?? null, new Date()), 'latin1');
    else
      handleUpgrade(this.#app, req, socket, first, { ...this.#options.gateway, connection: seen.connection });
    return true;
  };

  #unproxied(req: IncomingMessage, head: CleanHead): Unproxied | Refusal {
    const connection = this.#connectionOf(req.socket);
    if (!head.hasForwarded) return { kind: 'pass', request: head, connection, missingHops: 0 };
    const seen = unproxy(head, connection, this.#options.proxies);
    if (seen.kind === 'pass') applyHead(req, seen.request);
    return seen;
  }

  /** Described once: asking a socket for its addresses is a call into the system. */
  #connectionOf(socket: Socket): Connection {
    const known = this.#connections.get(socket);
    if (known !== undefined) return known;
    const connection = this.#describe(socket);
    this.#connections.set(socket, connection);
    return connection;
  }

  #describe(socket: Socket): Connection {
    const connection = describeSocket(socket, this.#options.names);
    const header = this.proxyHeaderOf(socket);
    if (header === null || header.kind !== 'proxied') return connection;
    const { address: remoteAddress, port } = header.source;
    return { ...connection, remoteAddress, remotePort: String(port) };
  }
}

/** Through the response, as it is this request's turn. */
function refuseWith({ status, reason }: Refusal, res: ServerResponse): void {
  const body = `${reason}\n`;
  res.shouldKeepAlive = false;
  res.writeHead(status, ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(body.length)]);
  res.end(body);
}
