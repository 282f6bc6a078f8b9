// Places and settings as config would make them, for tests of what comes after config.
import type { Setting, Settings } from '../../src/config/deployment.js';
import type { Origin, Place } from '../../src/source.js';

/** The value of `key` in line `line` of a file. */
export function originAt(file: string, key: string | null = null, line = 1): Origin {
  return { file, section: 'app:main', key, span: { start: { line, column: 1 }, end: { line, column: 2 } } };
}

export function placeAt(file: string): Place {
  return { origin: originAt(file), source: null };
}

/** A record of settings, each on a line of its own. */
export function settingsIn(file: string, values: Readonly<Record<string, string>>): Settings {
  const record: Record<string, Setting> = Object.create(null);
  for (const [index, [key, value]] of Object.entries(values).entries()) {
    record[key] = { value, origin: originAt(file, key, index + 1) };
  }
  return record;
}
