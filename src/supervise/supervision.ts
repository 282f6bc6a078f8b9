// What a supervisor is made for, and what it tells of. Types; the work is supervisor.ts's.
import type { ProgramOptions } from '../listen/program-options.js';
import type { Logger } from '../log.js';
import type { BoundSockets } from './bound-sockets.js';
import type { Failure, FileSet, Order, WantedSocket } from './messages.js';
import type { WorkerHandle, WorkerListener } from './worker-handle.js';

/** What a supervisor is made for. */
export interface SupervisorOptions {
  readonly order: Omit<Order, 'generation' | 'multiprocess'>;
  /** As the deployment file has them at the start; each generation brings its own. */
  readonly program: ProgramOptions;
  readonly log: Logger;
  /** A new worker process. */
  readonly fork: (listener: WorkerListener) => WorkerHandle;
  /** Whether a generation that cannot be built is shown instead of the one before; default false. */
  readonly showErrors?: boolean;
  /** What the first workers listen on, of sockets that are there already. */
  readonly inherited?: (wanted: readonly WantedSocket[], sockets: BoundSockets) => Promise<void>;
}

export type SupervisorState = 'starting' | 'serving' | 'reloading' | 'stopping';

/** What came of an attempt to build and serve a generation. */
export type Outcome =
  | { readonly kind: 'ok'; readonly generation: number; readonly took: number }
  | {
      readonly kind: 'failed';
      readonly generation: number;
      readonly failure: Failure;
      readonly took: number;
    };

/** Told of what happens; nothing of it need be done. */
export interface SupervisorEvents {
  /** The files that the deployment stands on, after each attempt; `since` is when that began, as Date.now() has it. */
  onFiles?: (files: FileSet, since?: number) => void;
  /** Files that a worker has loaded besides, while it is built (since `since`) or while it serves. */
  onMoreFiles?: (files: FileSet, since?: number) => void;
  /** What runs TypeScript in workers to come: a module for `node --import`, null where nothing has to. */
  onLoader?: (loader: string | null) => void;
  /** A generation is about to be built, beside one that serves. */
  onReload?: () => void;
  onAttempt?: (outcome: Outcome) => void;
  /** It cannot go on; the exit code is 1. */
  onGiveUp?: () => void;
}
