// Which version of wsgi-serve this is.
import { createRequire } from 'node:module';

/** As package.json has it. */
export function packageVersion(): string {
  const data: unknown = createRequire(import.meta.url)('wsgi-serve/package.json');
  const named = typeof data === 'object' && data !== null && 'version' in data ? data.version : null;
  return typeof named === 'string' ? named : 'unknown';
}
