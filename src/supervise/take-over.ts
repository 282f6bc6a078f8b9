// A new generation takes over from the one that serves, whole or not at all. Called by supervisor.ts for each attempt;
// where it fails, everything is as it was before.
import type { ProgramOptions } from '../listen/program-options.js';
import type { BindProblem, BoundSockets, Preparation } from './bound-sockets.js';
import { Crew, type CrewTools } from './crew.js';
import { failureOf, plainFailure } from './failure.js';
import type { Order, WantedSocket } from './messages.js';
import type { Built, Failed, WorkerHandle } from './worker-handle.js';

/** What an attempt begins with. */
export interface Attempt {
  readonly order: Order;
  readonly tools: CrewTools;
  /** How many workers there are to be, by what the new generation says. */
  readonly target: (crew: Crew) => number;
  readonly sockets: BoundSockets;
  /** Gives sockets that were there before us a place among `sockets`; for the first generation. */
  readonly inherit: ((wanted: readonly WantedSocket[]) => Promise<void>) | null;
  /** The generation that serves, and how it goes on where it has to. */
  readonly current: Crew | null;
  readonly resume: () => void;
  /** Aborted where the attempt has become pointless. */
  readonly signal: AbortSignal;
}

/** A generation that serves; the one before it is held, and is to be dismissed. */
export interface Succession {
  readonly kind: 'succession';
  readonly crew: Crew;
  readonly prepared: Preparation;
}

/**
 * Resolves when the new generation serves, or to the failure that it did not survive. A bug of our own, or a worker that
 * is not of our version any more, is a failure as well: those that serve go on.
 */
export function takeOver(attempt: Attempt): Promise<Succession | Failed> {
  return replace(attempt).catch((error: unknown) => {
    attempt.resume();
    const failure = failureOf(error, process.cwd());
    return { kind: 'failed', failure, files: { files: [], patterns: [] }, sockets: null };
  });
}

async function replace(attempt: Attempt): Promise<Succession | Failed> {
  const first = attempt.tools.recruit();
  const crew = await found(attempt, first);
  if (!(crew instanceof Crew)) return crew;
  const result = await lead(attempt, crew, first);
  if (result.kind === 'failed') crew.dismiss();
  return result;
}

/**
 * Serves what went wrong on the sockets of the deployment that cannot be built, or else of the one that serves. Null
 * where neither is known, and where not even that can be served.
 */
export async function standIn(
  { order, tools, sockets, current, resume }: Attempt,
  failed: Failed,
  program: ProgramOptions,
): Promise<Succession | null> {
  const wanted = failed.sockets ?? current?.built.sockets ?? [];
  const prepared = wanted.length === 0 ? [] : await sockets.prepare(wanted);
  if (isProblems(prepared)) return null;
  const built: Built = {
    kind: 'built',
    sockets: wanted,
    program,
    files: failed.files,
    loader: null,
    packages: [],
    took: 0,
  };
  const crew = Crew.standIn(order, built, failed, tools.recruit(), tools);
  await current?.hold();
  if ((await crew.serve(prepared.sockets)) === null) return { kind: 'succession', crew, prepared };
  prepared.rollback();
  resume();
  crew.dismiss();
  return null;
}

function found({ order, tools, signal }: Attempt, first: WorkerHandle): Promise<Crew | Failed> {
  return unlessAborted(
    signal,
    () => first.kill(),
    () => Crew.found(order, first, tools),
  );
}

/** Kills who is being built for nothing. */
async function unlessAborted<Result>(
  signal: AbortSignal,
  kill: () => void,
  build: () => Promise<Result>,
): Promise<Result> {
  const built = build();
  if (signal.aborted) kill();
  signal.addEventListener('abort', kill, { once: true });
  const result = await built;
  signal.removeEventListener('abort', kill);
  return result;
}

async function lead(attempt: Attempt, crew: Crew, first: WorkerHandle): Promise<Succession | Failed> {
  const { target, sockets, inherit, current, resume, signal } = attempt;
  const grown = await unlessAborted(
    signal,
    () => crew.dismiss(),
    () => crew.grow(target(crew)),
  );
  if (grown !== null) return grown;
  if (signal.aborted) return { ...crew.built, kind: 'failed', failure: POINTLESS };
  const unfit = await inherit?.(crew.built.sockets).then(
    () => null,
    (error: unknown) => failureOf(error, process.cwd()),
  );
  if (unfit) return { ...crew.built, kind: 'failed', failure: unfit };
  const prepared = await sockets.prepare(crew.built.sockets);
  if (isProblems(prepared)) return first.refuse(prepared);
  // From here on nobody accepts until the new generation does: no request meets the old one behind the new one.
  await current?.hold();
  const unserved = await crew.serve(prepared.sockets);
  if (unserved === null) return { kind: 'succession', crew, prepared };
  prepared.rollback();
  resume();
  return unserved;
}

const POINTLESS: Failed['failure'] = { ...plainFailure('the attempt was given up'), code: 'given-up' };

function isProblems(prepared: Preparation | readonly BindProblem[]): prepared is readonly BindProblem[] {
  return Array.isArray(prepared);
}
