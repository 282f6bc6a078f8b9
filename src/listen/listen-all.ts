// The listeners of a deployment, bound together or not at all. Called by serve.ts.
import { together } from '../config/problems.js';
import { WsgiServeError } from '../errors.js';
import type { Listener, ListenHandle } from './listener.js';

/** Listens with all of them or with none: what was bound is closed again. Rejects with every failure together. */
export async function listenAll(
  listeners: readonly Listener[],
  handles: ReadonlyMap<string, ListenHandle> = new Map(),
): Promise<void> {
  const results = await Promise.allSettled(
    listeners.map((listener) => listener.listen(handles.get(listener.name) ?? null)),
  );
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [asProblem(result.reason)] : [],
  );
  const [first, ...others] = failures;
  if (first === undefined) return;
  await Promise.all(listeners.map((listener) => listener.close()));
  throw together(first, others);
}

/** Anything else is a bug of ours, and shows as one. */
function asProblem(reason: unknown): WsgiServeError {
  if (reason instanceof WsgiServeError) return reason;
  throw reason;
}
