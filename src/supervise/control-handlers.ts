// What each command of the control socket does with a supervisor. Made by cli; the answers are data.
import { CommandFailed, type ControlHandlers } from './control-connection.js';
import type { StatusReport, WorkerReport } from './control-protocol.js';
import type { Failure } from './messages.js';
import type { Outcome } from './supervision.js';
import type { Supervisor } from './supervisor.js';
import type { WorkerHandle } from './worker-handle.js';

/** What is known of a program besides its supervisor. */
export interface ProgramFacts {
  readonly version: string;
  /** Absolute. */
  readonly file: string;
  readonly startedAt: Date;
  readonly mode: StatusReport['mode'];
  /** How many files the deployment stands on. */
  readonly files: () => number;
}

/** What is not the supervisor's own to do. */
export interface ProgramActions {
  /** Begins to stop; resolves to the number of connections that were cut. */
  stop(): Promise<number>;
  /** Hands over to a new supervisor; resolves to its process id. */
  restart(): Promise<number>;
}

/** A command that fails rejects with a CommandFailed. */
export function controlHandlers(
  supervisor: Supervisor,
  facts: ProgramFacts,
  actions: ProgramActions,
): ControlHandlers {
  return {
    ping: async () => ({ pid: process.pid }),
    status: async () => statusOf(supervisor, facts),
    workers: async () => supervisor.workers.map(workerReport),
    reload: ({ wait }) => begun(wait, reload(supervisor)),
    restart: ({ wait }) =>
      begun(
        wait,
        actions.restart().then((pid) => ({ pid })),
      ),
    stop: ({ wait }) =>
      begun(
        wait,
        actions.stop().then((cut) => ({ cut })),
      ),
    scale: ({ workers }) => scale(supervisor, workers),
    why: async ({ file }) => {
      if (facts.mode !== 'development') throw new CommandFailed(UNTRACKED);
      return supervisor.why(file);
    },
  };
}

/** Noting it costs something with each module. */
const UNTRACKED: Failure = {
  ...{
    code: 'not-tracked',
    message: 'what is loaded is noted in development only',
    exitCode: 1,
    place: null,
  },
  text: 'wsgi-serve: what is loaded is noted in development only: start the server with --reload',
};

async function reload(supervisor: Supervisor): Promise<{ generation: number; took: number }> {
  const outcome = await supervisor.reload();
  if (outcome.kind === 'failed') throw new CommandFailed(outcome.failure);
  return { generation: outcome.generation, took: outcome.took };
}

async function scale(supervisor: Supervisor, workers: number): Promise<{ workers: number }> {
  const failure = await supervisor.scale(workers);
  if (failure !== null) throw new CommandFailed(failure);
  return { workers: supervisor.target };
}

/** What nobody waits for goes on by itself; its outcome stands in the log and in the status. */
async function begun<Result>(wait: boolean, action: Promise<Result>): Promise<Result | null> {
  if (wait) return action;
  action.catch(() => undefined);
  return null;
}

function statusOf(supervisor: Supervisor, facts: ProgramFacts): StatusReport {
  const { version, file, startedAt, mode, files } = facts;
  return {
    ...{ pid: process.pid, version, file, startedAt: startedAt.toISOString() },
    uptime: Math.round((Date.now() - startedAt.getTime()) / 1000),
    generation: supervisor.generation,
    state: supervisor.state,
    mode,
    servers: supervisor.servers,
    workers: supervisor.workers.map(workerReport),
    lastReload: reloadReport(supervisor.lastOutcome),
    files: files(),
  };
}

function workerReport(worker: WorkerHandle): WorkerReport {
  const { pid, generation, state, startedAt, vitals, restarts } = worker;
  return {
    ...{ pid, generation, state: reportedState(state), ...vitals, restarts },
    uptime: Math.round((performance.now() - startedAt) / 1000),
  };
}

/** A worker that is held serves again in a moment. */
function reportedState(state: WorkerHandle['state']): WorkerReport['state'] {
  if (state === 'leaving' || state === 'draining' || state === 'serving') return state;
  return state === 'held' ? 'serving' : state === 'ended' ? 'leaving' : 'starting';
}

function reloadReport(outcome: (Outcome & { readonly at: Date }) | null): StatusReport['lastReload'] {
  if (outcome === null) return null;
  const { at, kind, took } = outcome;
  const failure = outcome.kind === 'failed' ? outcome.failure : null;
  return { at: at.toISOString(), outcome: kind, took: Math.round(took), failure };
}
