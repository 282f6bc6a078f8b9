// wsgi.errors: the stream for an app's complaints, over whatever takes text.
import type { ErrorStream } from './wsgi-types.js';

/** A `wsgi.errors` that hands each piece of text to `write`, at once; flushing has nothing to do. */
export function errorStream(write: (text: string) => unknown): ErrorStream {
  return {
    write: (text) => void write(text),
    writelines: (lines) => {
      for (const line of lines) write(line);
    },
    flush: () => undefined,
  };
}
