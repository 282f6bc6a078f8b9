// Cuts connections on which nothing has moved for too long: answers that nobody takes, and connections that rest between
// two requests. One for each server, on its `connection` event.
// node:http's own time-outs set a timer anew for each request, twice; one look at all connections now and then costs a
// request nothing.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from './clock.js';
import type { Phase } from './connections.js';

export interface StallLimits {
  /**
   * Milliseconds without a byte while a request is under way, in either direction while it comes in, to the client once
   * it is there; 0 sets no limit.
   */
  readonly sendTimeout: number;
  /** Milliseconds between an answer and the next request; 0 sets no limit. */
  readonly keepAliveTimeout: number;
  /** Milliseconds that the head of a request may take, which node:http watches; 0 sets no limit. */
  readonly headersTimeout: number;
}

export interface StallPatrol {
  /** Leaves a connection alone from here on. */
  release(socket: Socket): void;
}

/** How many looks make up the shorter time-out: a connection is cut at most this part of it late. */
const LOOKS = 8;
const MOST_BETWEEN_LOOKS = 5000;

/** A count of bytes, and since when it is the same. */
interface Mark {
  bytes: number;
  since: number;
}

interface Progress {
  phase: Phase;
  /** In either direction. */
  readonly moved: Mark;
  /** To the client, begun anew with each phase. */
  readonly sent: Mark;
}

export function cutStalled(
  server: Server,
  limits: StallLimits,
  phaseOf: (socket: Socket) => Phase,
  clock: Clock,
): StallPatrol {
  const connections = new Map<Socket, Progress>();
  const set = [limits.sendTimeout, limits.keepAliveTimeout].filter((limit) => limit > 0);
  const pause = Math.min(...set.map((limit) => limit / LOOKS), MOST_BETWEEN_LOOKS);
  const look = (): void => {
    for (const [socket, progress] of connections) {
      if (isStalled(socket, progress, phaseOf(socket), limits, clock.now())) socket.destroy();
    }
    if (connections.size > 0) clock.after(pause, look);
  };
  const release = (socket: Socket): void => {
    connections.delete(socket);
  };
  if (set.length === 0) return { release };
  server.on('connection', (socket: Socket) => {
    if (connections.size === 0) clock.after(pause, look);
    const since = clock.now();
    connections.set(socket, { phase: 'asking', moved: { bytes: 0, since }, sent: { bytes: 0, since } });
    socket.once('close', () => release(socket));
  });
  return { release };
}

/**
 * What a client sends ahead of its turn holds off no limit: a byte now and then would keep an answer that it does not
 * read, and empty lines, which are no request (RFC 9112 section 2.2), a rest. That ends when the next head has to be there.
 */
function isStalled(
  socket: Socket,
  progress: Progress,
  phase: Phase,
  { sendTimeout, keepAliveTimeout, headersTimeout }: StallLimits,
  now: number,
): boolean {
  const bytesSent = socket.bytesWritten - queuedOn(socket);
  const quiet = unchangedFor(progress.moved, socket.bytesRead + bytesSent, now);
  if (phase !== progress.phase) {
    progress.phase = phase;
    progress.sent.since = now;
  }
  const unanswered = unchangedFor(progress.sent, bytesSent, now);
  if (phase === 'asking') return isOver(quiet, sendTimeout);
  if (phase === 'answering') return isOver(unanswered, sendTimeout);
  const restsTooLong = headersTimeout > 0 && unanswered >= keepAliveTimeout + headersTimeout;
  return isOver(quiet, keepAliveTimeout) || (keepAliveTimeout > 0 && restsTooLong);
}

function isOver(time: number, limit: number): boolean {
  return limit > 0 && time >= limit;
}

/** Milliseconds since the count was last seen to change. */
function unchangedFor(mark: Mark, bytes: number, now: number): number {
  if (bytes !== mark.bytes) {
    mark.bytes = bytes;
    mark.since = now;
  }
  return now - mark.since;
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
