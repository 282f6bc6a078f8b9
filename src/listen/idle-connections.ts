// Which connections of a node:http server are at rest, by node:http's own judgement. Called by listener.ts when it parts
// with its connections; looking from outside at what was read cannot tell a rest from half a head that came in already.
import type { Server } from 'node:http';
import { Socket } from 'node:net';

/** Connections between two requests, nothing of the next one read yet. Those that never asked are not among them. */
export function idleConnections(server: Server): readonly Socket[] {
  const idle: Socket[] = [];
  const { destroy } = Socket.prototype;
  // closeIdleConnections is the only question that node:http answers, and it answers by calling this on each of them.
  Socket.prototype.destroy = function collect(this: Socket) {
    idle.push(this);
    return this;
  };
  try {
    server.closeIdleConnections();
  } finally {
    Socket.prototype.destroy = destroy;
  }
  return idle;
}
