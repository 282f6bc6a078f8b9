// Reads the PROXY header of every connection before HTTP begins on it. Attached to a server that asks for it, before
// the server listens. A connection without a good header, or without one in time, never becomes a connection of HTTP.
import { isIPv6, type Server, type Socket } from 'node:net';
import { type Clock, systemClock } from './clock.js';
import { endWith } from './closing.js';
import { type Endpoint, type ProxyHeader, parseProxyHeader } from './proxy-protocol.js';
import { refusalText, refuse } from './refusal.js';

export interface ProxyProtocolOptions {
  /** Milliseconds for the header to arrive; default 5000. */
  readonly timeout?: number;
  readonly clock?: Clock;
}

const BAD_HEADER = refuse(400, 'The connection begins with no PROXY header');

/**
 * Makes `server` read PROXY headers; its sockets have the remote address that the header says, for apps of every kind.
 * Whoever can reach the port can say anything in such a header: only proxies may reach it.
 */
export function readProxyHeaders(
  server: Server,
  { timeout = 5000, clock = systemClock }: ProxyProtocolOptions = {},
): void {
  // node:http begins to read when it hears of a connection: its listeners hear of it behind the header.
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    readHeader(socket, timeout, clock, (header) => {
      if (header.kind === 'proxied') showSource(socket, header.source);
      for (const listener of listeners) listener.call(server, socket);
    });
  });
}

function readHeader(
  socket: Socket,
  timeout: number,
  clock: Clock,
  onHeader: (header: ProxyHeader) => void,
): void {
  const cancel = clock.after(timeout, () => socket.destroy());
  let bytes: Buffer = Buffer.alloc(0);
  const stop = (): void => {
    cancel();
    socket.off('readable', read).off('end', leave).off('close', cancel);
  };
  const read = (): void => {
    const chunk: unknown = socket.read();
    if (!(chunk instanceof Uint8Array)) return;
    bytes = Buffer.concat([bytes, chunk]);
    const parsed = parseProxyHeader(bytes);
    if (parsed.kind === 'more') return;
    stop();
    if (parsed.kind === 'bad') {
      endWith(socket, refusalText(BAD_HEADER, null, new Date()), clock);
      return;
    }
    if (parsed.length < bytes.length) socket.unshift(bytes.subarray(parsed.length));
    onHeader(parsed.header);
  };
  const leave = (): void => {
    socket.destroy();
  };
  socket.on('readable', read).on('end', leave).on('close', cancel);
  socket.on('error', ignore);
}

function showSource(socket: Socket, { address, port }: Endpoint): void {
  const values = {
    remoteAddress: address,
    remotePort: port,
    remoteFamily: isIPv6(address) ? 'IPv6' : 'IPv4',
  };
  for (const [name, value] of Object.entries(values)) Object.defineProperty(socket, name, { value });
}

function ignore(): void {
  // A connection that breaks before it was one of HTTP is nobody's.
}
