// What a worker process starts with: wires the process to a Worker, and says that it is there. Forked by
// worker-handle.ts; nobody imports it. Everything that serving takes is loaded by then, so that an order is carried out
// at once.
import type { Socket } from 'node:net';
import { ModuleTracker } from '../load/track-modules.js';
import { tellLostOutput } from '../log.js';
import { type FromWorker, marked, toWorker } from './messages.js';
import { type Channel, Worker } from './worker.js';
import { TRACKING } from './worker-process.js';

/** Ctrl-C and a closed terminal reach every process of a group: here the supervisor decides. */
const IGNORED: readonly NodeJS.Signals[] = ['SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGQUIT'];

const channel: Channel = {
  send(message: FromWorker, socket?: Socket, done: () => void = () => undefined) {
    if (process.send === undefined || !process.connected) done();
    else process.send(marked(message), socket, {}, () => done());
  },
  exit: (code) => process.exit(code),
};

const worker = new Worker(
  channel,
  process.argv.includes(TRACKING) ? (onChange) => new ModuleTracker(onChange) : null,
);

process.on('message', (message: unknown, handle: unknown) => {
  const order = toWorker(message);
  if (order !== null) void worker.obey(order, handle);
});
// Whoever reads it may go: apps that print would end one worker after the other.
process.stdout.on('error', tellLostOutput);
process.stderr.on('error', () => undefined);
process.on('disconnect', () => void worker.orphaned());
for (const signal of IGNORED) process.on(signal, () => undefined);
process.on('SIGTERM', () => worker.dismissed());
// An error in what deals with errors must not come here again, and again.
process.on('uncaughtException', (error) => void worker.failed(error).catch(() => process.exit(1)));
channel.send({ kind: 'standby' });
