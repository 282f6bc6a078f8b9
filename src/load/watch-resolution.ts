// Tells of every module that this thread looks for, `import` and `require` alike. Called by track-modules.ts and
// track-thread.ts, before user code is loaded. It changes nothing of what is found.
import module from 'node:module';
import { missingFrom, type SeeResolution, type Settle } from './resolution.js';
import { watchOffThread } from './watch-off-thread.js';

/**
 * Hooks that run in the thread itself know everything at once. Where Node lacks them (before 22.15) hooks of a thread of
 * their own do it, of which newer Nodes warn (DEP0205).
 */
export function watchResolution(see: SeeResolution): Settle {
  const register: unknown = Reflect.get(module, 'registerHooks');
  if (!isRegisterHooks(register)) return watchOffThread(see);
  register({
    resolve(specifier, context, next) {
      const importer = context.parentURL ?? null;
      try {
        const resolved = next(specifier, context);
        see({ importer, specifier, found: resolved.url });
        return resolved;
      } catch (error) {
        see(missingFrom(importer, specifier, error));
        throw error;
      }
    },
  });
  return () => Promise.resolve();
}

interface ResolveContext {
  readonly parentURL?: string;
}

type Resolve = (specifier: string, context: ResolveContext) => { readonly url: string };

interface SyncHooks {
  resolve(specifier: string, context: ResolveContext, next: Resolve): ReturnType<Resolve>;
}

/** Newer than the types. */
function isRegisterHooks(value: unknown): value is (hooks: SyncHooks) => unknown {
  return typeof value === 'function';
}
