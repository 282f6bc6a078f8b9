// node:http with every limit set and a door in front: what comes in goes through door.ts, also what node:http would
// answer, drop or hand over by itself. Made by whoever makes a listener; knows nothing of apps.
import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http';
import { type Clock, systemClock } from './clock.js';
import { type ConnectionLimits, DEFAULT_LIMITS } from './connection-limits.js';
import { Connections } from './connections.js';
import { Door, type DoorKeepers } from './door.js';
import { cutStalled } from './stall-patrol.js';

export interface GatedServerOptions extends DoorKeepers {
  /** What differs from DEFAULT_LIMITS. */
  readonly limits?: Partial<ConnectionLimits>;
  /**
   * Whether a client that ends its side still gets the answers to what it asked; default false. By its end alone it is
   * not to be told from a client that is gone: with true, that shows only when an answer is written to it.
   */
  readonly allowHalfOpen?: boolean;
  readonly clock?: Clock;
}

export interface GatedServer {
  readonly server: Server;
  /** What to ask for when the server is to part with its connections. */
  readonly connections: Pick<Connections, 'counts' | 'drain' | 'sayGoodbye' | 'watchRests'>;
}

/** How often node:http looks for requests that are too slow; with its own 30 s every limit would be that much late. */
const CHECKING_INTERVAL = 1000;

/** A server that does not listen yet, and runs the handler for nothing but requests that passed the gate. */
export function createGatedServer(options: GatedServerOptions): GatedServer {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const server = createServer(serverOptions(limits));
  // Some versions of node:http drop what is above this count in silence: the gate counts.
  server.maxHeadersCount = 0;
  const clock = options.clock ?? systemClock;
  if (Number.isFinite(limits.maxConnections)) server.maxConnections = limits.maxConnections;
  // A switch that every version has, and @types/node has not.
  Object.assign(server, { httpAllowHalfOpen: options.allowHalfOpen ?? false });
  const connections = new Connections();
  const door = new Door(server, connections, limits, options, clock);
  connections.onRelease = cutStalled(server, limits, connections.phaseOf, clock).release;
  // All three are requests: the gate knows what Expect may say.
  for (const event of ['request', 'checkExpectation']) server.on(event, door.onRequest);
  server.on('checkContinue', door.onExpecting);
  for (const event of ['upgrade', 'connect']) server.on(event, door.onUpgrade);
  server.on('clientError', door.onError);
  return { server, connections };
}

function serverOptions(limits: ConnectionLimits): ServerOptions {
  // Not known to every version: those that do not know it hand every request to upgrade to `upgrade`.
  const newer: object = { shouldUpgradeCallback: isBodyless };
  return {
    // Passed explicitly, or NODE_OPTIONS decides.
    insecureHTTPParser: false,
    maxHeaderSize: limits.maxHeaderSize,
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    // The patrol's to end: node:http would set and clear a timer for each request.
    keepAliveTimeout: 0,
    connectionsCheckingInterval: CHECKING_INTERVAL,
    // The gate's to refuse: behind its own refusal node:http would run the next request of the pipeline.
    requireHostHeader: false,
    joinDuplicateHeaders: false,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
    ...newer,
  };
}

/** From node 26 on the body of a request to upgrade is no longer left on the socket: the door makes it an ordinary one. */
function isBodyless(req: IncomingMessage): boolean {
  return req.headers['transfer-encoding'] === undefined && (req.headers['content-length'] ?? '0') === '0';
}
