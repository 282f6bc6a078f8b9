// Sends a connection to another process, whole: nothing that the client sends meanwhile is read here. Called by worker.ts
// for connections at rest, and by supervisor.ts which only passes them on.
import type { Socket } from 'node:net';

/** Sends `socket` beside a message; `done` must be called when that was tried. */
export type SendSocket = (socket: Socket, done: () => void) => void;

/** Stops reading at once: what was read and not handed on would be lost. False where this Node cannot. */
export function stopReading(socket: Socket): boolean {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return false;
  const stop: unknown = Reflect.get(handle, 'readStop');
  if (typeof stop !== 'function') return false;
  Reflect.apply(stop, handle, []);
  return true;
}

/** Gives `socket` away; false where that cannot be done, and it is as before. */
export function giveSocket(socket: Socket, send: SendSocket): boolean {
  if (!stopReading(socket)) return false;
  // With its server still on it, node:child_process would keep a list of the connections that other processes have.
  Reflect.set(socket, 'server', null);
  // Without its handle, closing it tells everybody here that it is gone, and nothing to the client.
  send(socket, () => void socket.destroy());
  return true;
}
