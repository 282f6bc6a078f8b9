// One section -> what it sets, by PasteDeploy's rules and in PasteDeploy's order. Called by resolve.ts.
// Looks at no other section: what `use`, `next`, `pipeline` and `filter-with` name is resolve.ts's to find.
import { knownNamesHint, WsgiServeError } from '../errors.js';
import type { IniSection } from '../ini/document.js';
import type { RawValue } from '../ini/interpolate.js';
import { spansOfWords } from '../ini/place.js';
import { splitWords, strip } from '../ini/whitespace.js';
import type { ObjectKind, Setting, Settings } from './deployment.js';
import { forEach } from './problems.js';
import { isDirective, type ScopeView } from './scope-view.js';
import { mergeSettings, type SettingsRecord, settingsOf, takeSetting } from './settings-record.js';

/** What a section says, interpolated and sorted by what it is for. */
export interface SectionSettings {
  /** [DEFAULT], over it what the caller hands on, over it `set x = ...`. */
  readonly globalConf: SettingsRecord;
  /** The keys that are left, those of `get x = ...` among them. */
  readonly localConf: SettingsRecord;
  /** Those of `set x = ...` alone. */
  readonly additions: Settings;
  /** What `filter-with` names, which apps and filters may have. */
  readonly filterWith: Setting | null;
  /** The words of `require`. */
  readonly requires: readonly Setting[];
  /** Keys that are left out because [DEFAULT] has them too. */
  readonly shadowed: readonly ShadowedKey[];
}

/** A key of a section that is left out, and the default that stands in its way. */
export interface ShadowedKey {
  readonly key: string;
  readonly raw: RawValue;
  readonly by: Setting;
}

/** A section that was read, and by which kind of object it was asked for. */
export interface SectionRead {
  readonly kind: ObjectKind;
  readonly view: ScopeView;
  readonly section: IniSection;
  readonly settings: SectionSettings;
}

/**
 * Reads a section. `given` are the globals of the caller, which win over those of the file.
 * Throws the interpolation's problems, and `missing-global` where `get` asks for a global that is not there.
 */
export function readSection(
  kind: ObjectKind,
  view: ScopeView,
  section: IniSection,
  given: Settings,
): SectionRead {
  const { defaults } = view;
  const { kept, shadowed } = sortKeys(view, section, defaults);
  const values = forEach(kept, ([key, raw]): KeySetting => {
    return [key, { value: view.interpolate(section, raw), origin: raw.origin }];
  });
  const additions = settingsOf(directives(values, 'set '));
  const globalConf = mergeSettings(defaults, given, additions);
  const fetched = forEach(directives(values, 'get '), ([key, name]): KeySetting => {
    return [key, globalNamed(name, key, globalConf, view)];
  });
  const localConf = settingsOf([...values.filter(([key]) => !isDirective(key)), ...fetched]);
  const filterWith = kind === 'server' ? null : takeSetting(localConf, 'filter-with');
  const requires = wordsOf(view, takeSetting(localConf, 'require'));
  const settings = { globalConf, localConf, additions, filterWith, requires, shadowed };
  return { kind, view, section, settings };
}

/** The words of a value, each with its own place where the value stands in this file. */
export function wordsOf(view: ScopeView, setting: Setting | null): readonly Setting[] {
  if (setting === null) return [];
  const words = splitWords(setting.value);
  const entry = view.entryAt(setting.origin);
  const written = entry === null ? [] : splitWords(entry.value);
  const spans = entry === null || written.length !== words.length ? [] : spansOfWords(entry, written);
  return words.map(({ text }, index) => {
    const span = spans[index] ?? setting.origin.span;
    return { value: text, origin: { ...setting.origin, span } };
  });
}

type KeySetting = readonly [key: string, setting: Setting];

/** The keys that count, and those that [DEFAULT] takes away. */
function sortKeys(view: ScopeView, section: IniSection, defaults: Settings) {
  const kept: (readonly [key: string, raw: RawValue])[] = [];
  const shadowed: ShadowedKey[] = [];
  for (const [key, raw] of view.keysOf(section)) {
    const by = isDirective(key) ? undefined : defaults[key];
    if (by === undefined) kept.push([key, raw]);
    else shadowed.push({ key, raw, by });
  }
  return { kept, shadowed };
}

/** What stands behind `set ` or `get `, and its setting; of several for one name the last. */
function directives(values: readonly KeySetting[], prefix: string): Iterable<KeySetting> {
  const own = values.filter(([key]) => key.startsWith(prefix));
  return new Map(own.map(([key, setting]) => [strip(key.slice(prefix.length)), setting]));
}

function globalNamed(name: Setting, key: string, globalConf: Settings, view: ScopeView): Setting {
  const found = globalConf[name.value];
  if (found !== undefined) return found;
  const message = `"get ${key}" asks for the global ${JSON.stringify(name.value)}, which is not set`;
  throw new WsgiServeError('missing-global', message, {
    place: view.place(name.origin),
    hint: knownNamesHint('Globals', name.value, Object.keys(globalConf)),
  });
}
