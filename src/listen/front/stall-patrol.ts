// Cuts connections on which nothing has moved for too long: answers that nobody takes, and connections that rest between
// two requests. One for each server, on its `connection` event.
// node:http's own time-outs set a timer anew for each request, twice; one look at all connections now and then costs a
// request nothing.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from './clock.js';

export interface StallLimits {
  /** Milliseconds without a byte in either direction while a request is under way; 0 sets no limit. */
  readonly sendTimeout: number;
  /** Milliseconds between an answer and the next request; 0 sets no limit. */
  readonly keepAliveTimeout: number;
}

export interface StallPatrol {
  /** Leaves a connection alone from here on. */
  release(socket: Socket): void;
}

/** How many looks make up the shorter time-out: a connection is cut at most this part of it late. */
const LOOKS = 8;
const MOST_BETWEEN_LOOKS = 5000;

interface Progress {
  bytes: number;
  since: number;
}

/** `rests` tells whether a connection has been answered everything that it asked for. */
export function cutStalled(
  server: Server,
  limits: StallLimits,
  rests: (socket: Socket) => boolean,
  clock: Clock,
): StallPatrol {
  const connections = new Map<Socket, Progress>();
  const set = [limits.sendTimeout, limits.keepAliveTimeout].filter((limit) => limit > 0);
  const pause = Math.min(...set.map((limit) => limit / LOOKS), MOST_BETWEEN_LOOKS);
  const look = (): void => {
    for (const [socket, progress] of connections) {
      const limit = rests(socket) ? limits.keepAliveTimeout : limits.sendTimeout;
      if (limit > 0 && restedFor(socket, progress, clock.now()) >= limit) socket.destroy();
    }
    if (connections.size > 0) clock.after(pause, look);
  };
  const release = (socket: Socket): void => {
    connections.delete(socket);
  };
  if (set.length === 0) return { release };
  server.on('connection', (socket: Socket) => {
    if (connections.size === 0) clock.after(pause, look);
    connections.set(socket, { bytes: 0, since: clock.now() });
    socket.once('close', () => release(socket));
  });
  return { release };
}

/** Milliseconds since a byte was last seen to have moved. */
function restedFor(socket: Socket, progress: Progress, now: number): number {
  const bytes = socket.bytesRead + socket.bytesWritten - queuedOn(socket);
  if (bytes !== progress.bytes) {
    progress.bytes = bytes;
    progress.since = now;
  }
  return now - progress.since;
}

/**
 * What the system has not taken yet of the chunk under way, which may be a whole file and counts as written from its
 * beginning. node:net's own time-outs look at this too; there is no public name for it.
 */
function queuedOn(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null || !('writeQueueSize' in handle)) return 0;
  return Number(handle.writeQueueSize);
}
