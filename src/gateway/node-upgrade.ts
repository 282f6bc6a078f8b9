// Requests to upgrade a connection: run like any other, and the last app of the pipeline may take the connection over.
// Called by the listener, for node:http's `upgrade` event, and by node-leaf.ts where an app takes it.
import { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { NodeRequest } from './node-types.js';

/** The response to a request to upgrade, which closes the connection unless an app takes that over. */
export function upgradeResponse(req: NodeRequest, socket: Socket): ServerResponse {
  const res = new ServerResponse(req);
  res.shouldKeepAlive = false;
  res.assignSocket(socket);
  // node:http took its own listener off: a client that goes away would end the process.
  const ignore = (): void => undefined;
  socket.on('error', ignore);
  res.once('finish', () => {
    takeSocket(res, socket);
    socket.destroySoon();
  });
  return res;
}

/** Ends the part of `res` in the life of `socket`; those who wait for the end of the answer hear of it. */
export function takeSocket(res: ServerResponse, socket: Socket): void {
  res.detachSocket(socket);
  res.destroyed = true;
  res.emit('close');
}
