// The environ for a WSGI part below node or fetch parts: called by bridges.ts, and for a fetch app that asks for it.
import { createEnviron } from './environ.js';
import type { Run } from './run.js';
import { decodePath } from './target.js';
import type { Environ } from './wsgi-types.js';

/** Made anew of the request as it is now, with what the WSGI parts above had added; null where the answer is 400. */
export function environOf({ exchange, seen, options, environ: above }: Run): Environ | null {
  const scriptName = decodePath(seen.base);
  if (scriptName === null) return null;
  const environ = createEnviron(exchange, scriptName === '' ? options : { ...options, scriptName });
  if (environ === null || above === null) return environ;
  for (const key of Object.keys(above)) {
    if (!(key in environ) && !isOfRequest(key)) environ[key] = above[key];
  }
  return environ;
}

/** What the request itself says: where it says it no more, somebody took it away. */
function isOfRequest(key: string): boolean {
  return key.startsWith('HTTP_') || key.startsWith('CONTENT_') || key === 'wsgi.input_terminated';
}
