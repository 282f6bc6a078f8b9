// Hooks for `module.register`, in Node's own thread for them: tell the thread that registered them what each `import`
// was found to be. Registered by watch-off-thread.ts; nobody imports it, so it imports no code of ours.
import type { InitializeHook, ResolveHook } from 'node:module';
import type { MessagePort } from 'node:worker_threads';
import type { Resolution } from './resolution.js';

const ports: MessagePort[] = [];

/** Answers each question of watch-off-thread.ts, behind everything that was told before. */
export const initialize: InitializeHook<MessagePort> = (port) => {
  ports.push(port);
  port.on('message', (question: unknown) => port.postMessage(question));
  port.unref();
};

export const resolve: ResolveHook = async (specifier, context, next) => {
  const importer = context.parentURL ?? null;
  try {
    const resolved = await next(specifier, context);
    tell({ importer, specifier, found: resolved.url });
    return resolved;
  } catch (error) {
    const url = error instanceof Error && 'url' in error ? String(error.url) : specifier;
    tell({ importer, specifier: url, found: null });
    throw error;
  }
};

function tell(resolution: Resolution): void {
  for (const port of ports) port.postMessage(resolution);
}
