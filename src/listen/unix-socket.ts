// Whether a unix socket file has a server behind it. Asked by whoever finds one where it is about to listen.
import { lstatSync } from 'node:fs';
import { connect } from 'node:net';

/** Whether somebody accepts connections at `path`. */
export function unixSocketAnswers(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => done(!NOBODY.has(error.code ?? '')));
  });
}

/** What the system says where no process listens; all else, as a queue that is full, is somebody's. */
const NOBODY: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR']);

/** Whether a socket is there: what is none, a file or a folder, must never be taken for one and removed. */
export function isUnixSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}
