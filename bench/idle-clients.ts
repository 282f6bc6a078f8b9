// The clients of idle.ts, in a process of their own: `idle PORT COUNT` holds connections that were answered once,
// `slow PORT COUNT` sends bodies by five bytes a second. Says `ready` when all are there, and at the end of its standard
// input `lost N`.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Opened at a time: more would overrun what the kernel keeps waiting. */
const AT_ONCE = 200;
const BYTE_EVERY = 200;
/** So short that it is there before the server asks for more than so many bytes a second. */
const BODY = 50;

let lost = 0;
const [kind, port, count] = process.argv.slice(2);
await openAll(kind === 'idle' ? idle : slow, Number(port), Number(count));
console.log('ready');
process.stdin.resume();
await once(process.stdin, 'end');
console.log(`lost ${lost}`);
process.exit();

async function openAll(open: (port: number) => Promise<Socket>, to: number, all: number): Promise<void> {
  for (let opened = 0; opened < all; opened += AT_ONCE) {
    const batch = Math.min(AT_ONCE, all - opened);
    const sockets = await Promise.all(Array.from({ length: batch }, () => open(to)));
    for (const socket of sockets) {
      socket.once('close', () => {
        lost += 1;
      });
    }
  }
}

/** A connection that was answered and asks nothing more. */
async function idle(to: number): Promise<Socket> {
  const socket = connect(to, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(socket, 'data');
  return socket;
}

/** A connection on which bodies come in by single bytes, one request behind the other. */
async function slow(to: number): Promise<Socket> {
  const socket = connect(to, '127.0.0.1');
  await once(socket, 'connect');
  const ask = (): void => void socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${BODY}\r\n\r\n`);
  ask();
  socket.on('data', ask);
  let sent = 0;
  const sending = setInterval(() => {
    // The answer is there by the next time.
    if (sent < BODY) socket.write('x');
    sent = (sent + 1) % (BODY + 1);
  }, BYTE_EVERY);
  socket.once('close', () => clearInterval(sending));
  return socket;
}
