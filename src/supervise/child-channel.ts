// What is sent to a child process: messages, with sockets and handles beside them. Made by worker-process.ts and
// hand-over.ts. Knows no message; whatever becomes of the child, everybody who sent something is told.
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';

export class ChildChannel {
  readonly #child: ChildProcess;
  /** What is told of messages that are not with the system yet. */
  readonly #sending = new Set<(sent: boolean) => void>();
  #isGone = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    // After whatever it said last.
    child.once('exit', () => setImmediate(() => this.#forget()));
    child.once('error', () => child.pid === undefined && this.#forget());
  }

  /** Never throws; `done` gets false where the child is gone, and true once the message is with the system. */
  send(message: object, handle?: object, done: (sent: boolean) => void = () => undefined): void {
    if (this.#isGone || !this.#child.connected) {
      done(false);
      return;
    }
    const tell = (sent: boolean): void => {
      if (this.#sending.delete(tell)) done(sent);
    };
    this.#sending.add(tell);
    // The types know of sockets and servers alone; node takes the handles below them as well.
    this.#child.send(message, handle as Socket | undefined, {}, (error) => tell(error === null));
  }

  /**
   * node:child_process sends one handle at a time. Where the process ends before it took one, that stays open for ever,
   * and nobody is told of those behind it.
   */
  #forget(): void {
    this.#isGone = true;
    const untaken: unknown = Reflect.get(this.#child, '_pendingMessage');
    if (hasHandle(untaken)) untaken.handle.close();
    Reflect.set(this.#child, '_pendingMessage', null);
    const queue: unknown = Reflect.get(this.#child, '_handleQueue');
    if (Array.isArray(queue)) queue.length = 0;
    for (const tell of [...this.#sending]) tell(false);
  }
}

function hasHandle(value: unknown): value is { readonly handle: { close(): void } } {
  return typeof value === 'object' && value !== null && 'handle' in value;
}
