// An Upgrade request that nobody takes is an ordinary request (RFC 9110 section 7.8), and this makes it one.
// node:http cannot: it either hands the socket over, or loses the bytes that came in with the request's head.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Gives the socket to `accept`, which is what node:http does with a new connection: with the request as it came but for
 * the offer to upgrade, and `rest`, which came behind its head.
 */
export function replayWithoutUpgrade(
  accept: (socket: Socket) => void,
  req: IncomingMessage,
  rest: Buffer,
): void {
  const lines = [`${req.method} ${req.url} HTTP/${req.httpVersion}`, ...fieldsWithoutUpgrade(req.rawHeaders)];
  const { socket } = req;
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), rest]));
  // node:http leaves its own of these behind when it lets go of a socket, and adds them again.
  socket.removeAllListeners('resume').removeAllListeners('pause');
  accept(socket);
}

/** Without a space behind the colon, so that the head does not grow beyond a limit that it met before. */
function fieldsWithoutUpgrade(rawHeaders: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    const value = rawHeaders[at + 1] ?? '';
    const lower = name.toLowerCase();
    if (lower === 'upgrade') continue;
    lines.push(`${name}:${lower === 'connection' ? withoutUpgrade(value) : value}`);
  }
  return lines;
}

function withoutUpgrade(connection: string): string {
  const options = connection.split(',').map((option) => option.trim());
  return options.filter((option) => option.toLowerCase() !== 'upgrade').join(', ');
}
