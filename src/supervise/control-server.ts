// The control socket of a supervisor: commands come in, and are carried out. Opened by whoever supervises. Nothing that a
// client does may end or hold up the server.
import { createServer, type Socket } from 'node:net';
import { listenAlone } from './claim-socket.js';
import {
  CONTROL_LIMITS,
  type ControlHandlers,
  type ControlLimits,
  serveClient,
} from './control-connection.js';

/** A control socket that is listened at. */
export interface ControlServer {
  readonly path: string;
  /** Takes no more commands; resolves when those under way are answered, or after a second. Removes the socket. */
  close(): Promise<void>;
}

/** Connections at a time; who comes then is turned away. */
const MOST_CONNECTIONS = 64;

/** Milliseconds that answers get to go out when it closes. */
const CLOSE_LIMIT = 1_000;

/**
 * Listens at `path`, which the user of this process alone can connect to. What a dead server left there is replaced.
 * Rejects with `already-running` where a live one listens, and with `control-socket`.
 */
export async function openControlServer(
  path: string,
  handlers: ControlHandlers,
  limits: ControlLimits = CONTROL_LIMITS,
): Promise<ControlServer> {
  const clients = new Set<Socket>();
  const closing = new AbortController();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    clients.add(socket);
    socket.once('close', () => clients.delete(socket));
    void serveClient(socket, handlers, limits, closing.signal);
  });
  server.maxConnections = MOST_CONNECTIONS;
  const stopListening = await listenAlone(server, path);
  // Too few descriptors for one more client end neither the server nor the program.
  server.on('error', () => undefined);
  return {
    path,
    async close() {
      const closed = stopListening();
      closing.abort();
      const late = setTimeout(() => {
        for (const socket of clients) socket.destroy();
      }, CLOSE_LIMIT);
      await closed;
      clearTimeout(late);
    },
  };
}
