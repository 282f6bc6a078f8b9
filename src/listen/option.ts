// One row of a table of options: how it is written, what it is when it is left out, what it means. For options.ts and
// program-options.ts.
import type { Converter } from '../config/convert.js';

export interface Option<T> {
  readonly converter: Converter<T>;
  readonly fallback: T;
  /** The default as it would be written, '' for none; for the documentation. */
  readonly shown: string;
  readonly help: string;
  /** What Paste, Waitress and gunicorn call it. */
  readonly aliases: readonly string[];
}

/** An option with a default, written as in a file. */
export function option<T>(
  converter: Converter<T>,
  shown: string,
  help: string,
  aliases: readonly string[] = [],
): Option<T> {
  const fallback = converter.parse(shown);
  if (fallback === undefined) throw new TypeError(`the default "${shown}" is not ${converter.expected}`);
  return { converter, fallback, shown, help, aliases };
}

/** An option that is null where it is left out. */
export function optional<T>(converter: Converter<T>, help: string): Option<T | null> {
  return { converter, fallback: null, shown: '', help, aliases: [] };
}
