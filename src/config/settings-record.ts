// Settings while they are put together. A record has no prototype, so that `__proto__` and `constructor` are plain keys.
// Only config changes such records; what leaves it is readonly.
import type { Setting, Settings } from './deployment.js';

/** Settings that may still change. PasteDeploy shares such records between objects, and so does resolve.ts. */
export type SettingsRecord = Record<string, Setting>;

/** A new record of pairs; a later one wins over an earlier one of the same key. */
export function settingsOf(pairs: Iterable<readonly [string, Setting]>): SettingsRecord {
  const record: SettingsRecord = Object.create(null);
  for (const [key, setting] of pairs) record[key] = setting;
  return record;
}

/** A new record of all settings of the layers; a later layer wins over an earlier one. */
export function mergeSettings(...layers: readonly Settings[]): SettingsRecord {
  return Object.assign(settingsOf([]), ...layers);
}

/** Settings that were written in no file; `word` says where instead, such as `<command line>`. */
export function settingsFrom(values: Readonly<Record<string, string>>, word: string): SettingsRecord {
  const pairs = Object.entries(values).map(([key, value]) => {
    const origin = { file: word, section: null, key, span: null };
    return [key, { value, origin }] as const;
  });
  return settingsOf(pairs);
}

/** The values alone, as factories get them: without a prototype too. */
export function plainValues(settings: Settings): Record<string, string> {
  const values: Record<string, string> = Object.create(null);
  for (const [key, { value }] of Object.entries(settings)) values[key] = value;
  return values;
}

/** Takes a setting out of a record; null where there is none. */
export function takeSetting(record: SettingsRecord, key: string): Setting | null {
  const setting = record[key] ?? null;
  delete record[key];
  return setting;
}

/** True where both say the same, wherever it was written. */
export function sameValues(a: Settings, b: Settings): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key]?.value === b[key]?.value);
}
