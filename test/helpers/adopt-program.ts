// A program of its own for listen-handle.test.ts: takes over the listening socket that it was started with as descriptor
// 3, prints its address as JSON, and says `adopted` to everybody until its input ends. Argument: holds, or accepts.
import { createServer, type Socket } from 'node:net';
import { adoptDescriptor, createServerHandle } from '../../src/supervise/listen-handle.js';

const answer = (socket: Socket): void => void socket.on('error', () => undefined).end('adopted');
const create = process.argv[2] === 'holds' ? createServerHandle : null;
const { address, handle } = await adoptDescriptor(
  3,
  { kind: 'tcp', host: '127.0.0.1', port: 0 },
  511,
  answer,
  create,
);
if (handle !== null) createServer(answer).listen(handle);
process.stdout.write(JSON.stringify(address));
process.stdin.resume().on('end', () => process.exit(0));
