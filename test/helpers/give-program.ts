// A program of its own for give-socket.test.ts: a listener that parts with its connections when it is told to, and takes
// those that it is handed. Argument: its name, which each answer has. /slow waits for a message of its own.

import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { giveSocket } from '../../src/supervise/give-socket.js';
import { listenerOf } from './listener-of.js';

const [, , name = ''] = process.argv;
let free: () => void = () => undefined;
const freed = new Promise<void>((resolve) => {
  free = resolve;
});

const listener = listenerOf({
  kind: 'wsgi',
  app: async (environ, startResponse) => {
    const body = await text(Readable.from(environ['wsgi.input']));
    if (environ.PATH_INFO === '/slow') {
      process.send?.('slow began');
      await freed;
    }
    const answer = `${name} ${environ.REQUEST_METHOD} ${environ.PATH_INFO} ${body}\n`;
    startResponse('200 OK', [['Content-Length', String(answer.length)]]);
    return [answer];
  },
});

process.on('message', (message, handle) => {
  if (message === 'free') free();
  else if (message === 'leave') void listener.leave(give).then((cut) => process.send?.(`gone, ${cut} cut`));
  else listener.adopt(handle as Socket);
});
process.on('disconnect', () => process.exit());
await listener.listen();
process.send?.(listener.url);

function give(socket: Socket): void {
  giveSocket(socket, (given, done) => process.send?.('given', given, {}, done));
}
