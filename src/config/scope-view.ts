// One file as seen from a scope: its sections, and [DEFAULT] with everything that is added to it.
// Made by resolver.ts, once for each scope; what PasteDeploy's ConfigLoader is to one file.
import { dirname } from 'node:path';
import type { IniEntry, IniSection } from '../ini/document.js';
import { interpolate, type KnownValues, type RawValue } from '../ini/interpolate.js';
import type { Origin, Place } from '../source.js';
import type { Scope, Setting, Settings } from './deployment.js';
import type { DeploymentFile } from './files.js';
import { forEach } from './problems.js';
import { settingsOf } from './settings-record.js';

/** What a file says to those who look at it from one scope. Values are interpolated when they are asked for. */
export class ScopeView {
  readonly scope: Scope;
  readonly file: DeploymentFile;
  /** An origin together with the text that it points into. */
  readonly place: (origin: Origin) => Place;
  /** [DEFAULT] as interpolation sees it. */
  readonly #rawDefaults: ReadonlyMap<string, RawValue>;
  readonly #directives: readonly (readonly [key: string, raw: RawValue])[];
  readonly #rawSections = new Map<IniSection, ReadonlyMap<string, RawValue>>();
  #defaults: Settings | null = null;

  /** `variables` win over what the file and its includer say; `place` finds the text of an origin. */
  constructor(scope: Scope, file: DeploymentFile, variables: Settings, place: (origin: Origin) => Place) {
    this.scope = scope;
    this.file = file;
    this.place = place;
    this.#rawDefaults = rawDefaults(this, variables);
    this.#directives = [...this.#rawDefaults].filter(([key]) => isDirective(key));
  }

  /** The path as people know it: absolute and normalised. */
  get path(): string {
    return this.file.document.source.path;
  }

  /** [DEFAULT] with built-ins, inherited globals and variables, interpolated with itself. Throws its problems. */
  get defaults(): Settings {
    this.#defaults ??= this.#interpolateDefaults();
    return this.#defaults;
  }

  /** The keys of a section: its own in file order, then each `set x` and `get x` of [DEFAULT], which all sections have. */
  keysOf(section: IniSection): readonly (readonly [key: string, raw: RawValue])[] {
    const own = this.#raw(section);
    return [...own, ...this.#directives.filter(([key]) => !own.has(key))];
  }

  /** A value of a section, interpolated. */
  interpolate(section: IniSection, raw: RawValue): string {
    return interpolate(raw, layered(this.#raw(section), this.#rawDefaults));
  }

  /** The entry that an origin means, if it is one of this file. */
  entryAt(origin: Origin): IniEntry | null {
    if (origin.file !== this.path || origin.section === null || origin.key === null) return null;
    const section = this.file.index.named(origin.section);
    const values = section === null ? this.#rawDefaults : this.#raw(section);
    return values.get(origin.key)?.entry ?? null;
  }

  #raw(section: IniSection): ReadonlyMap<string, RawValue> {
    const known = this.#rawSections.get(section) ?? rawEntries(this, section.name, section.entries);
    this.#rawSections.set(section, known);
    return known;
  }

  #interpolateDefaults(): Settings {
    const values = forEach(this.#rawDefaults, ([key, raw]): [string, Setting] => {
      // PasteDeploy writes `get(...) or raw`: a value that comes out empty stays as it was written.
      return [key, { value: interpolate(raw, this.#rawDefaults) || raw.value, origin: raw.origin }];
    });
    return settingsOf(values);
  }
}

/** `set x` and `get x`. */
export function isDirective(key: string): boolean {
  return key.startsWith('set ') || key.startsWith('get ');
}

/** Later layers fill in only what earlier ones leave open, except the variables, which win. */
function rawDefaults(view: ScopeView, variables: Settings): ReadonlyMap<string, RawValue> {
  const { document } = view.file;
  const values = new Map<string, RawValue>([
    ['here', builtIn('here', dirname(view.path))],
    ['__file__', builtIn('__file__', view.path)],
  ]);
  for (const [key, raw] of rawEntries(view, 'DEFAULT', document.defaults)) values.set(key, raw);
  for (const [key, { value, origin }] of Object.entries(view.scope.inherited)) {
    if (!values.has(key)) values.set(key, { value, origin, entry: null, source: view.place(origin).source });
  }
  for (const [key, setting] of Object.entries(variables)) values.set(key, literal(setting));
  return values;
}

function rawEntries(view: ScopeView, section: string, entries: readonly IniEntry[]): Map<string, RawValue> {
  const { source } = view.file.document;
  return new Map(
    entries.map((entry) => {
      const origin = { file: source.path, section, key: entry.key, span: entry.valueSpan };
      return [entry.key, { value: entry.value, origin, entry, source }];
    }),
  );
}

function builtIn(key: string, value: string): RawValue {
  return literal({ value, origin: { file: '<built in>', section: null, key, span: null } });
}

/** A value that is not written in the language of deployment files: its percent signs mean themselves. */
function literal({ value, origin }: Setting): RawValue {
  return { value: value.replaceAll('%', '%%'), origin, entry: null, source: null };
}

function layered(own: ReadonlyMap<string, RawValue>, defaults: ReadonlyMap<string, RawValue>): KnownValues {
  return {
    get: (key) => own.get(key) ?? defaults.get(key),
    keys: () => layeredKeys(own, defaults),
  };
}

/** One after the other: who asks for the first of very many keys does not wait for all of them. */
function* layeredKeys(
  own: ReadonlyMap<string, RawValue>,
  defaults: ReadonlyMap<string, RawValue>,
): Iterable<string> {
  yield* own.keys();
  for (const key of defaults.keys()) if (!own.has(key)) yield key;
}
