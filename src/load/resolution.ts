// A module that was looked for: what watch-resolution.ts and its helpers tell of. Pure.

/** One module that was looked for. */
export interface Resolution {
  /** Path or URL; null for the first module of a process or thread. */
  readonly importer: string | null;
  /** Of a thread's first module: the name of the thread. */
  readonly thread?: string;
  /** As the importer has it; where nothing is there, the URL of what is missing if Node tells it. */
  readonly specifier: string;
  /** Path or URL; null where nothing was found. */
  readonly found: string | null;
}

/** The channel by which threads tell the first one what they look for; see track-thread.ts. */
export const THREADS = 'wsgi-serve:modules';

export type SeeResolution = (resolution: Resolution) => void;

/** Resolves when everything that was looked for so far has been told. */
export type Settle = () => Promise<void>;

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
