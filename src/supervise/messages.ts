// What a supervisor and its workers say to each other, and how a message that came in is told from nonsense. Handles
// and sockets travel beside a message, never in it. Pure data: it crosses a process boundary.
import type { Address } from '../listen/address.js';
import type { ProgramOptions } from '../listen/program-options.js';
import type { LogLevel } from '../log.js';

/** What a worker is to build and serve. */
export interface Order {
  /** Absolute. */
  readonly file: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly serverName: string | null;
  readonly appName: string | null;
  readonly logLevel: LogLevel;
  /** Counts from 1; each reload makes a new one. */
  readonly generation: number;
  /** Whether several workers serve at once: `wsgi.multiprocess`. */
  readonly multiprocess: boolean;
  /** Whether browsers that show its pages are to load them anew after a reload. */
  readonly liveReload: boolean;
  /** The program's options that the command line gives, which win over those of the file. */
  readonly program: Partial<ProgramOptions>;
}

/** A server that a worker is ready to serve, and what it needs of the supervisor for that. */
export interface WantedSocket {
  /** NAME of `[server:NAME]`. */
  readonly server: string;
  readonly address: Address;
  readonly backlog: number;
  /** Milliseconds that requests under way get when it drains. */
  readonly gracefulTimeout: number;
}

/** The files that a worker's deployment stands on. */
export interface FileSet {
  /** Absolute paths that were read or looked for; one that does not exist is news when it is made. */
  readonly files: readonly string[];
  /** Absolute patterns of further files. */
  readonly patterns: readonly string[];
}

/** A failure, told in the worker that met it: the supervisor has neither the texts nor the errors. */
export interface Failure {
  /** Every problem with its place and hint, as it is printed. */
  readonly text: string;
  /** Of the first problem; `bug` for an error of ours. */
  readonly code: string;
  readonly message: string;
  /** What the process would end with. */
  readonly exitCode: number;
  readonly place: { readonly file: string; readonly line: number; readonly column: number } | null;
}

/** From the supervisor. */
export type ToWorker =
  /** An order like this one will come: what can be done for it before, without the user's code, is to be done. */
  | {
      readonly kind: 'warm';
      readonly order: Order;
      /** Files of packages to load ahead. */
      readonly packages: readonly string[];
      /** Whether TypeScript will be compiled. */
      readonly compiles: boolean;
    }
  | { readonly kind: 'load'; readonly order: Order }
  /**
   * With the listening handle of one server, or without one where connections will be handed in; behind the last one the
   * worker serves, and says `ready`.
   */
  | { readonly kind: 'listen'; readonly server: string }
  /** In place of `listen`: the address of one server could not be bound, by the system's error code. */
  | { readonly kind: 'unbound'; readonly server: string; readonly code: string }
  /** With a connection that another worker had, or that was accepted for it. */
  | { readonly kind: 'connection'; readonly server: string }
  /** Connections that it may keep of those it accepts; null for all. */
  | { readonly kind: 'share'; readonly connections: number | null }
  /** Stop accepting and give idle connections back; `resume` comes with handles again. */
  | { readonly kind: 'hold' }
  /** Serve this failure on every server of `sockets` instead of a deployment. */
  | {
      readonly kind: 'show';
      readonly failure: Failure;
      readonly order: Order;
      readonly sockets: readonly WantedSocket[];
    }
  /** Another worker took over: give every connection back as it comes to rest, then say `drained` and exit. */
  | { readonly kind: 'leave' }
  /** The program stops: finish what is under way, close every connection, then say `drained` and exit. */
  | { readonly kind: 'drain' }
  /** Cut every connection, close the apps and exit. */
  | { readonly kind: 'cut' }
  /** Which apps loaded a file, and through which imports. */
  | { readonly kind: 'why'; readonly id: number; readonly file: string };

/** From a worker. */
export type FromWorker =
  /** Booted; nothing of the user's was loaded yet. */
  | { readonly kind: 'standby' }
  | {
      readonly kind: 'built';
      readonly sockets: readonly WantedSocket[];
      readonly program: ProgramOptions;
      readonly files: FileSet;
      /** The module to give to `node --import` of the workers to come, where this one started a TypeScript loader. */
      readonly loader: string | null;
      /** Files of packages that the user's modules import: a process that stands by can load them before. */
      readonly packages: readonly string[];
      /** Milliseconds since `load`. */
      readonly took: number;
    }
  /** It could not be built, or not be listened; `sockets` where the servers are known all the same. */
  | {
      readonly kind: 'failed';
      readonly failure: Failure;
      readonly files: FileSet;
      readonly sockets: readonly WantedSocket[] | null;
    }
  | { readonly kind: 'ready' }
  /** It accepts nothing more, and has given back what was at rest. */
  | { readonly kind: 'held' }
  /** What was loaded so far, while it is built or serves. */
  | { readonly kind: 'files'; readonly files: FileSet }
  /** A sign of life, once a second: bytes of resident memory, requests answered and under way, and its connections. */
  | {
      readonly kind: 'beat';
      readonly memory: number;
      readonly answered: number;
      readonly busy: number;
      readonly connections: number;
    }
  /** It wants to be replaced: until it is, it serves, unless it `leaves` already as one that died does. */
  | { readonly kind: 'retire'; readonly reason: string; readonly leaves: boolean }
  /** With a connection that it gives back; `kept` is how many it has besides. */
  | { readonly kind: 'connection'; readonly server: string; readonly kept: number }
  /** Every connection is gone; so many were cut. */
  | { readonly kind: 'drained'; readonly cut: number }
  | { readonly kind: 'because'; readonly id: number; readonly chains: readonly ImportChain[] };

/** How an app came to load a file. */
export interface ImportChain {
  /** The section whose target it is: `app:main`. */
  readonly section: string;
  /** Absolute paths, from the module that the section names to the file. */
  readonly path: readonly string[];
}

const TO_WORKER: ReadonlySet<string> = new Set(
  words<ToWorker>(
    'warm',
    'load',
    'listen',
    'unbound',
    'share',
    'connection',
    'hold',
    'show',
    'leave',
    'drain',
    'cut',
    'why',
  ),
);
const FROM_WORKER: ReadonlySet<string> = new Set(
  words<FromWorker>(
    ...(['standby', 'built', 'failed', 'ready', 'held', 'files', 'beat', 'retire', 'connection'] as const),
    ...(['drained', 'because'] as const),
  ),
);

/** Null for what is none of ours: an app may send messages to its parent, too. */
export function toWorker(message: unknown): ToWorker | null {
  return isMessage<ToWorker>(message, TO_WORKER) ? message : null;
}

/** The same, of what a worker sent. */
export function fromWorker(message: unknown): FromWorker | null {
  return isMessage<FromWorker>(message, FROM_WORKER) && isWhole(message) ? message : null;
}

/** What the supervisor would stumble over: a worker may be of another version, or an app may speak in its place. */
const PARTS: Partial<Record<FromWorker['kind'], readonly string[]>> = {
  built: ['sockets', 'program', 'files', 'packages'],
  failed: ['failure', 'files'],
  files: ['files'],
  because: ['chains'],
};

/** Marks messages as ours; a plain `{kind: 'ready'}` of an app's own must not pass for one. */
export const MARK = 'wsgi-serve';

/** As it is sent. */
export function marked<Message extends ToWorker | FromWorker>(message: Message): Message {
  return { ...message, [MARK]: 1 };
}

function words<Message extends { kind: string }>(...kinds: readonly Message['kind'][]): readonly string[] {
  return kinds;
}

function isWhole(message: FromWorker): boolean {
  return (PARTS[message.kind] ?? []).every((part) => {
    const value: unknown = Reflect.get(message, part);
    return typeof value === 'object' && value !== null;
  });
}

function isMessage<Message>(message: unknown, kinds: ReadonlySet<string>): message is Message {
  if (typeof message !== 'object' || message === null || !(MARK in message)) return false;
  return 'kind' in message && typeof message.kind === 'string' && kinds.has(message.kind);
}
