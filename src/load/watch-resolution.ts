// Tells of every module that this thread looks for, `import` and `require` alike. Called by track-modules.ts and
// track-thread.ts, before user code is loaded. It changes nothing of what is found.
import module from 'node:module';
import { watchOffThread } from './watch-off-thread.js';

/** One module that was looked for. */
export interface Resolution {
  /** Path or URL; null for the first module of a process or thread. */
  readonly importer: string | null;
  /** As the importer has it; where nothing is there, the URL of what is missing if Node tells it. */
  readonly specifier: string;
  /** Path or URL; null where nothing was found. */
  readonly found: string | null;
}

export type SeeResolution = (resolution: Resolution) => void;

/** Resolves when everything that was looked for so far has been told. */
export type Settle = () => Promise<void>;

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

/** What is known of a module that was not found: errors of `import` name the file that was looked for last. */
export function missingFrom(importer: string | null, specifier: string, error: unknown): Resolution {
  const url = typeof error === 'object' && error !== null && 'url' in error ? error.url : null;
  return { importer, specifier: typeof url === 'string' ? url : specifier, found: null };
}

/** Narrows what came from another thread. */
export function isResolution(value: unknown): value is Resolution {
  if (typeof value !== 'object' || value === null) return false;
  return 'importer' in value && 'found' in value && 'specifier' in value;
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
