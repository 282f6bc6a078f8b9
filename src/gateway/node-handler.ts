// Serves an app with node:http: the functions that a listener hands to its server. One NodeExchange for each request.
import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { App } from './app.js';
import { runApp } from './bridges.js';
import type { Connection } from './exchange.js';
import { limitConcurrency } from './limit-concurrency.js';
import { NodeExchange } from './node-exchange.js';
import type { GatewayOptions } from './run.js';
import type { WsgiApp } from './wsgi-types.js';

export interface NodeHandlers {
  /** For `request`. */
  readonly handler: RequestListener;
  /** For `checkContinue`: sends `100 Continue` when the app reads, and never where it does not. */
  readonly continueHandler: RequestListener;
}

/** What environ says of the server instead of what the socket tells. */
export interface ServerNames {
  /** `https` for a server behind a proxy that does the TLS. */
  readonly scheme?: Connection['scheme'];
  readonly serverName?: string;
  readonly serverPort?: string;
}

/** Request listeners that answer with `app`; a function is a WSGI app. They never throw, whatever the app does. */
export function nodeHandlers(
  app: App | WsgiApp,
  options: GatewayOptions,
  names: ServerNames = {},
): NodeHandlers {
  const live: App = typeof app === 'function' ? { kind: 'wsgi', app } : app;
  const known = new WeakMap<Socket, Connection>();
  const connectionOf = (socket: Socket): Connection => {
    const seen = known.get(socket);
    if (seen !== undefined) return seen;
    const connection = describeSocket(socket, names);
    known.set(socket, connection);
    return connection;
  };
  const run = limitConcurrency(
    (exchange: NodeExchange) => runApp(live, exchange, options),
    options.maxConcurrency ?? 0,
  );
  return {
    handler: (req, res) => void run(new NodeExchange(req, res, connectionOf(req.socket), false)),
    continueHandler: (req, res) => void run(new NodeExchange(req, res, connectionOf(req.socket), true)),
  };
}

/** The two ends of `socket`. A unix socket has no addresses: the peer is left empty, the server is `localhost`. */
export function describeSocket(socket: Socket, names: ServerNames = {}): Connection {
  const scheme = names.scheme ?? ('encrypted' in socket && socket.encrypted === true ? 'https' : 'http');
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  return {
    scheme,
    remoteAddress: plainAddress(remoteAddress ?? ''),
    remotePort: remotePort === undefined ? '' : String(remotePort),
    serverName: names.serverName ?? plainAddress(localAddress ?? 'localhost'),
    serverPort: names.serverPort ?? (localPort === undefined ? defaultPort(scheme) : String(localPort)),
  };
}

/** An IPv4 client of a socket that takes both kinds shows up as `::ffff:127.0.0.1`. */
function plainAddress(address: string): string {
  return /^::ffff:[\d.]+$/i.test(address) ? address.slice('::ffff:'.length) : address;
}

function defaultPort(scheme: Connection['scheme']): string {
  return scheme === 'https' ? '443' : '80';
}
