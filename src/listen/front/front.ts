// A server's HTTP front: what passed the gate is unproxied, logged where that is asked for, and run by the gateway.
// Called by create-listener.ts; the one file that knows both the gate and the apps.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { App } from '../../gateway/app.js';
import { runApp } from '../../gateway/bridges.js';
import type { Connection } from '../../gateway/exchange.js';
import { limitConcurrency } from '../../gateway/limit-concurrency.js';
import { NodeExchange } from '../../gateway/node-exchange.js';
import { describeSocket, type ServerNames } from '../../gateway/node-handler.js';
import type { Upgrade } from '../../gateway/node-types.js';
import { upgradeResponse } from '../../gateway/node-upgrade.js';
import type { GatewayOptions } from '../../gateway/run.js';
import { type AccessLog, logAccess, logRefusal, nameRequest } from './access.js';
import { applyHead } from './clean-request.js';
import type { ConnectionLimits } from './connection-limits.js';
import type { UpgradeHandler } from './door.js';
import { type Unproxied, unproxy } from './forwarded.js';
import type { CleanHead } from './gate.js';
import { createGatedServer, type GatedServer } from './gated-server.js';
import { readClaims } from './proxy-claims.js';
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
  /** The path at which the server itself tells whether it wants requests; null for none. */
  readonly readiness?: { readonly path: string; readonly isReady: () => boolean } | null;
  /** Told of every request that no app gets to see. */
  readonly onRefuse?: (refusal: Refusal, remoteAddress: string) => void;
  /** Told of every request that came through fewer trusted proxies than the policy counts on. */
  readonly onMissingHops?: (missing: number) => void;
}

/** A server that answers with `app` and does not listen yet. */
export function createFront(app: App, options: FrontOptions): GatedServer {
  const front = new Front(app, options);
  const gated = createGatedServer({
    limits: options.limits,
    handler: front.onRequest,
    onUpgrade: front.onUpgrade,
    onRefuse: front.onRefuse,
  });
  if (options.proxyProtocol) readProxyHeaders(gated.server);
  return gated;
}

class Front {
  readonly #options: FrontOptions;
  readonly #connections = new WeakMap<Socket, Connection>();
  readonly #run: (exchange: NodeExchange) => unknown;

  constructor(app: App, options: FrontOptions) {
    this.#options = options;
    const run = (exchange: NodeExchange) => runApp(app, exchange, options.gateway);
    const limited = limitConcurrency(run, options.gateway.maxConcurrency ?? 0);
    const passes = app.kind === 'wsgi' ? app.holdsNoPlace : undefined;
    this.#run = passes ? (exchange) => (passes(exchange.request) ? run : limited)(exchange) : limited;
  }

  readonly onRequest = (req: IncomingMessage, res: ServerResponse, head: CleanHead, waits: boolean): void => {
    const { readiness } = this.#options;
    if (readiness && head.target === readiness.path) {
      answerReadiness(readiness.isReady(), res);
      return;
    }
    const seen = this.#unproxied(req, head);
    if (seen.kind === 'refuse') {
      refuseWith(seen, res);
      return;
    }
    this.#answer(req, res, seen, waits, null);
  };

  readonly onRefuse = (refusal: Refusal, socket: Socket, req: IncomingMessage | null): void => {
    const peer = this.#connectionOf(socket).remoteAddress;
    const { accessLog, onRefuse, proxies } = this.#options;
    const isTrusted = proxies.trusts(peer);
    const client = req !== null && isTrusted ? clientOf(req, proxies) : null;
    onRefuse?.(refusal, client ?? peer);
    if (accessLog !== null) logRefusal(accessLog, refusal, req, client ?? peer, isTrusted);
  };

  /** Only WebSockets are handed over; whatever else a client offers to speak, its request is an ordinary one. */
  readonly onUpgrade: UpgradeHandler = (req, socket, first, head, release) => {
    if (req.headers.upgrade?.toLowerCase() !== 'websocket') return false;
    // RFC 9110 section 7.8: HTTP/1.0 has no upgrades. RFC 6455 section 4.1: a WebSocket is asked for with GET.
    if (req.httpVersion === '1.0' || req.method !== 'GET') return false;
    const seen = this.#unproxied(req, head);
    if (seen.kind === 'refuse') socket.end(refusalText(seen, req.method ?? null, new Date()), 'latin1');
    else {
      const res = upgradeResponse(req, socket);
      res.once('close', () => {
        if (!res.writableEnded && !socket.destroyed) release();
      });
      this.#answer(req, res, seen, false, { socket, head: first });
    }
    return true;
  };

  #answer(
    req: IncomingMessage,
    res: ServerResponse,
    seen: Unproxied,
    waits: boolean,
    upgrade: Upgrade | null,
  ): void {
    const { accessLog, proxies } = this.#options;
    if (accessLog === null) {
      this.#run(new NodeExchange(req, res, seen.connection, waits, upgrade));
      return;
    }
    // Before the app sees it.
    const id = nameRequest(req, seen.request, proxies.trusts(this.#connectionOf(req.socket).remoteAddress));
    const exchange = new NodeExchange(req, res, seen.connection, waits, upgrade);
    logAccess(accessLog, exchange, seen, id);
    this.#run(exchange);
  }

  #unproxied(req: IncomingMessage, head: CleanHead): Unproxied | Refusal {
    const connection = this.#connectionOf(req.socket);
    const { proxies, limits } = this.#options;
    if (!head.hasForwarded) return { kind: 'pass', request: head, connection, missingHops: 0 };
    const seen = unproxy(head, connection, proxies, limits.allowsHost);
    if (seen.kind === 'refuse') this.onRefuse(seen, req.socket, req);
    else {
      applyHead(req, seen.request);
      if (seen.missingHops > 0) this.#options.onMissingHops?.(seen.missingHops);
    }
    return seen;
  }

  /** Described once: asking a socket for its addresses is a call into the system. */
  #connectionOf(socket: Socket): Connection {
    const known = this.#connections.get(socket);
    if (known !== undefined) return known;
    const connection = describeSocket(socket, this.#options.names);
    this.#connections.set(socket, connection);
    return connection;
  }
}

/** Whom a trusted proxy names, though no app gets to see the request; null where it names nobody, or not as it should. */
function clientOf(req: IncomingMessage, proxies: ProxyPolicy): string | null {
  const read = readClaims(req.rawHeaders, proxies);
  return read.kind === 'claims' ? (read.claims.client?.address ?? null) : null;
}

function answerReadiness(isReady: boolean, res: ServerResponse): void {
  const body = isReady ? 'ready\n' : 'not ready\n';
  const length = String(body.length);
  res.writeHead(isReady ? 200 : 503, [
    ...['Content-Type', 'text/plain', 'Cache-Control', 'no-store', 'Content-Length', length],
  ]);
  res.end(body);
}

/** Through the response, as it is this request's turn. */
function refuseWith({ status, reason }: Refusal, res: ServerResponse): void {
  const body = `${reason}\n`;
  res.shouldKeepAlive = false;
  res.writeHead(status, ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(body.length)]);
  res.end(body);
}
