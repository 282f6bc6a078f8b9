// What an app that took a connection over answers on it: it writes the head by itself. Called by access.ts for the log.
import type { Socket } from 'node:net';

/** Learns the status of the first head that is written on `socket` from here on; what it gives tells, null until then. */
export function watchStatus(socket: Socket): () => number | null {
  const { write, end } = socket;
  let status: number | null = null;
  const look = (args: readonly unknown[]): readonly unknown[] => {
    Object.assign(socket, { write, end });
    status = statusIn(args[0]);
    return args;
  };
  Object.assign(socket, {
    write: (...args: unknown[]): unknown => Reflect.apply(write, socket, look(args)),
    end: (...args: unknown[]): unknown => Reflect.apply(end, socket, look(args)),
  });
  return () => status;
}

/** A status line is ASCII, and apps write it whole. */
function statusIn(chunk: unknown): number | null {
  const isText = typeof chunk === 'string' || chunk instanceof Uint8Array;
  const line = isText ? Buffer.from(chunk.slice(0, LINE)).toString('latin1') : '';
  const [, status] = /^HTTP\/1\.1 (\d{3})\b/.exec(line) ?? [];
  return status === undefined ? null : Number(status);
}

/** As many bytes as it takes to see a status. */
const LINE = 'HTTP/1.1 101 '.length;
