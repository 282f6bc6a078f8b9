// Requests to upgrade a connection: the pipeline runs as for any other, and its last app may take the connection over.
// Called by the listener, for node:http's `upgrade` event.
import { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { App } from './app.js';
import { runApp } from './bridges.js';
import type { Connection } from './exchange.js';
import { NodeExchange } from './node-exchange.js';
import type { NodeRequest } from './node-types.js';
import type { GatewayOptions } from './run.js';

/**
 * Runs `app` for a request of which `head` was read behind its own head. A node app with `upgrade` that the request
 * reaches gets the connection; else what the pipeline answers is sent, and the connection closed. Never throws.
 */
export function handleUpgrade(
  app: App,
  req: NodeRequest,
  socket: Socket,
  head: Buffer,
  options: GatewayOptions & { readonly connection: Connection },
): void {
  const res = new ServerResponse(req);
  res.shouldKeepAlive = false;
  res.assignSocket(socket);
  // node:http took its own listener off: a client that goes away would end the process.
  const ignore = (): void => undefined;
  socket.on('error', ignore);
  res.once('finish', () => {
    res.detachSocket(socket);
    socket.destroySoon();
  });
  const exchange = new NodeExchange(req, res, options.connection, false, { socket, head });
  void runApp(app, exchange, options);
}
