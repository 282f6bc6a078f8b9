// A supervisor hands over to a new one, of a newer version perhaps: listening sockets first, then connections at rest.
// `handOver` runs in the old process, `predecessor` in the new one; nobody is refused, and where the new one does not
// come to serve, the old one goes on.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Address } from '../listen/address.js';
import { ChildChannel } from './child-channel.js';
import { CommandFailed } from './control-connection.js';
import { plainFailure } from './failure.js';
import type { Bound } from './listen-handle.js';
import type { Failure } from './messages.js';
import type { Recipient } from './waiting-connections.js';

/** Tells a supervisor that its parent is one that hands over to it. */
const VARIABLE = 'WSGI_SERVE_HANDOVER';

/** What the two say to each other; handles and connections travel beside. */
type Word =
  /** From the new one: it has built everything, and wants the sockets. */
  | { readonly word: 'wants' }
  /** One socket: what it is held under, and where it listens. */
  | { readonly word: 'socket'; readonly key: string; readonly address: Address }
  | { readonly word: 'all' }
  /** From the new one: it serves, or it never will. */
  | { readonly word: 'serves' }
  | { readonly word: 'failed'; readonly failure: Failure }
  /** From the old one: its pid file and control socket are free. */
  | { readonly word: 'yours' }
  | { readonly word: 'connection'; readonly server: string };

/** The old supervisor's part. */
export interface Ceding {
  /** Stops accepting, and gives what it holds. */
  hold(): Promise<readonly { readonly key: string; readonly bound: Bound }[]>;
  /** The new one did not come to serve. */
  resume(): void;
  /** The new one serves: pid file and control socket are let go. */
  release(): void;
}

/** A supervisor that serves in our place. */
export interface Successor extends Recipient {
  readonly pid: number;
}

/**
 * Starts the same program again, in the folder and the environment given, and hands over to it. `signal` ends the attempt.
 * Rejects with a CommandFailed; then all is as before.
 */
export async function handOver(
  ceding: Ceding,
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  signal: AbortSignal,
): Promise<Successor> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    cwd,
    env: { ...env, [VARIABLE]: '1' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const channel = new ChildChannel(child);
  const tell = (word: Word, handle?: object, done?: (sent: boolean) => void): void =>
    channel.send(marked(word), handle, done);
  const failure = await untilServing(child, ceding, tell, signal);
  if (failure !== null) {
    child.kill('SIGKILL');
    ceding.resume();
    throw new CommandFailed(failure);
  }
  ceding.release();
  // It keeps this process alive, as its channel does not: until everything is given this process must not end by itself.
  tell({ word: 'yours' });
  return {
    pid: child.pid ?? 0,
    send: ({ server }, socket, done) =>
      tell({ word: 'connection', server }, socket, (sent) => {
        // There is nobody else to take it.
        if (!sent) socket.destroy();
        done(sent);
      }),
  };
}

/** The supervisor that hands over to this process. */
export interface Predecessor {
  /** What it holds; from here on it accepts nothing. */
  sockets(): Promise<readonly { readonly key: string; readonly bound: Bound }[]>;
  /** Resolves when pid file and control socket are free. */
  serves(): Promise<void>;
  failed(failure: Failure): Promise<void>;
  /** Resolves when it has ended, with nothing left to give. */
  readonly gone: Promise<void>;
  /** Its connections, from here on. */
  onConnection(take: (server: string, socket: Socket) => void): void;
}

/** Null for a process that was started in the usual way. Called once, and early: no child may take itself for one. */
export function predecessor(env: NodeJS.ProcessEnv = process.env): Predecessor | null {
  const isOne = env[VARIABLE] !== undefined && process.send !== undefined;
  delete env[VARIABLE];
  return isOne ? new FormerSupervisor() : null;
}

class FormerSupervisor implements Predecessor {
  readonly gone = new Promise<void>((ended) => process.once('disconnect', ended));
  readonly #sockets: { key: string; bound: Bound }[] = [];
  #take: (server: string, socket: Socket) => void = (_server, socket) => void socket.destroy();
  #onAll: () => void = () => undefined;
  #onYours: () => void = () => undefined;

  constructor() {
    process.on('message', (message: unknown, handle: unknown) => this.#hear(wordOf(message), handle));
    // It ends when it has nothing left to give; if it does so before, there is nothing to wait for.
    process.once('disconnect', () => {
      this.#onAll();
      this.#onYours();
    });
  }

  async sockets(): Promise<readonly { readonly key: string; readonly bound: Bound }[]> {
    const all = new Promise<void>((resolve) => {
      this.#onAll = resolve;
    });
    tellPredecessor({ word: 'wants' });
    await all;
    return this.#sockets;
  }

  async serves(): Promise<void> {
    const yours = new Promise<void>((resolve) => {
      this.#onYours = resolve;
    });
    tellPredecessor({ word: 'serves' });
    await yours;
  }

  failed(failure: Failure): Promise<void> {
    return new Promise((told) => tellPredecessor({ word: 'failed', failure }, told));
  }

  onConnection(take: (server: string, socket: Socket) => void): void {
    this.#take = take;
  }

  #hear(word: Word | null, handle: unknown): void {
    if (word?.word === 'socket' && typeof handle === 'object' && handle !== null) {
      this.#sockets.push({
        key: word.key,
        bound: { address: word.address, handle, close: closerOf(handle) },
      });
    }
    if (word?.word === 'all') this.#onAll();
    if (word?.word === 'yours') this.#onYours();
    if (word?.word === 'connection' && isSocket(handle)) this.#take(word.server, handle);
  }
}

/** Null when it serves. */
function untilServing(
  child: ChildProcess,
  ceding: Ceding,
  tell: (word: Word, handle?: object) => void,
  signal: AbortSignal,
): Promise<Failure | null> {
  return new Promise((resolve) => {
    const giveUp = (): void => resolve(plainFailure('the server is about to stop'));
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    child.once('error', ({ message }) =>
      resolve(plainFailure(`a new supervisor cannot be started: ${message}`)),
    );
    child.once('exit', () => resolve(plainFailure('the new supervisor ended before it served')));
    child.on('message', (message) => {
      const word = wordOf(message);
      if (word?.word === 'wants') void give(ceding, tell);
      if (word?.word === 'serves') resolve(null);
      if (word?.word === 'failed') resolve(word.failure);
    });
  });
}

async function give(ceding: Ceding, tell: (word: Word, handle?: object) => void): Promise<void> {
  for (const { key, bound } of await ceding.hold()) {
    tell({ word: 'socket', key, address: bound.address }, bound.handle ?? undefined);
  }
  tell({ word: 'all' });
}

/** `told` is called when it was told, or can never be. */
function tellPredecessor(word: Word, told: () => void = () => undefined): void {
  if (!process.connected || process.send === undefined) told();
  else process.send(marked(word), undefined, {}, told);
}

function marked(word: Word): object {
  return { [VARIABLE]: word };
}

function wordOf(message: unknown): Word | null {
  if (typeof message !== 'object' || message === null || !(VARIABLE in message)) return null;
  // It is our own program; a version that says more is not understood, and not answered.
  return message[VARIABLE] as Word;
}

function closerOf(handle: object): () => void {
  const close: unknown = Reflect.get(handle, 'close');
  return () => {
    if (typeof close === 'function') Reflect.apply(close, handle, []);
  };
}

function isSocket(value: unknown): value is Socket {
  return typeof value === 'object' && value !== null && 'destroy' in value && 'remoteAddress' in value;
}
