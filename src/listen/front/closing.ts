// How a connection ends that still has bytes to come: the answer first, then the end, then a moment of patience.
// Called wherever a request is not read to its end. A socket that is closed with unread bytes is reset by the kernel,
// and a reset takes the answer away from the client before it was read (RFC 9112 section 9.6).
import type { Socket } from 'node:net';
import type { Clock } from './clock.js';

/** How long a client may go on sending after the end, in milliseconds. */
const PATIENCE = 1000;

/** Writes `text` (Latin-1), which is the last thing on the connection. */
export function endWith(socket: Socket, text: string, clock: Clock): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.write(text, 'latin1');
  linger(socket, clock);
}

/** Ends our side, throws away what still comes in, and closes when the client does, or runs out of patience. */
export function linger(socket: Socket, clock: Clock): void {
  // node:http calls this behind the last answer, and it would close at once.
  socket.destroySoon = () => undefined;
  socket.end();
  socket.resume();
  socket.once(
    'close',
    clock.after(PATIENCE, () => socket.destroy()),
  );
}
