// Which section a name means. Called by resolve.ts; the rule is PasteDeploy's `find_config_section`.
// Case counts; white space around a name does not.
import type { IniDocument, IniSection } from '../ini/document.js';
import { strip } from '../ini/whitespace.js';
import type { Origin } from '../source.js';
import type { ObjectKind } from './deployment.js';
import { splitOnce } from './reference.js';

/** A section that something can be loaded from. */
export interface LoadableSection {
  readonly section: IniSection;
  readonly kind: ObjectKind;
  /** What stands behind the colon, stripped; null where there is no colon. */
  readonly name: string | null;
}

/** What may stand before the colon. Of the words of one group the first that is found counts. */
const PREFIXES: Readonly<Record<ObjectKind, readonly (readonly string[])[]>> = {
  app: [['app', 'application'], ['composite', 'composit'], ['pipeline'], ['filter-app']],
  filter: [['filter']],
  server: [['server']],
};

const KINDS: ReadonlyMap<string, ObjectKind> = new Map(
  (['app', 'filter', 'server'] as const).flatMap((kind) =>
    PREFIXES[kind].flat().map((prefix) => [prefix, kind] as const),
  ),
);

/** The sections of one document, by prefix and name. */
export class SectionIndex {
  /** In file order. */
  readonly loadable: readonly LoadableSection[];
  readonly #byName: ReadonlyMap<string, IniSection>;
  readonly #found = new Map<string, IniSection[]>();

  constructor(document: IniDocument) {
    this.#byName = new Map(document.sections.map((section) => [section.name, section]));
    this.loadable = document.sections.flatMap(loadableSection);
    for (const { section, name } of this.loadable) {
      const key = name === null ? section.name : `${prefixOf(section.name)}:${name}`;
      const same = this.#found.get(key);
      if (same === undefined) this.#found.set(key, [section]);
      else same.push(section);
    }
  }

  /** The section whose brackets hold exactly `header`. */
  named(header: string): IniSection | null {
    return this.#byName.get(header) ?? null;
  }

  /** Every section that `name` may mean: one where all is well. Without a name `[app]` and `[app:main]` are meant. */
  find(kind: ObjectKind, name: string | null): readonly IniSection[] {
    return PREFIXES[kind].flatMap((group) => {
      const prefix = group.find((one) => this.#withPrefix(one, name).length > 0);
      return prefix === undefined ? [] : this.#withPrefix(prefix, name);
    });
  }

  /** The names that stand for something of this kind. */
  names(kind: ObjectKind): readonly string[] {
    const names = this.loadable.flatMap((one) => (one.kind === kind && one.name !== null ? [one.name] : []));
    return [...new Set(names)];
  }

  #withPrefix(prefix: string, name: string | null): readonly IniSection[] {
    const named = this.#found.get(`${prefix}:${name ?? 'main'}`) ?? [];
    return name === null ? [...(this.#found.get(prefix) ?? []), ...named] : named;
  }
}

/** The word before the colon of a section's name, or the whole name. */
export function prefixOf(section: string): string {
  return splitOnce(section, ':')[0];
}

/** Where a section's header stands. */
export function headerOrigin(file: string, section: IniSection): Origin {
  return { file, section: section.name, key: null, span: section.span };
}

function loadableSection(section: IniSection): readonly LoadableSection[] {
  const [prefix, rest] = splitOnce(section.name, ':');
  const kind = KINDS.get(prefix);
  return kind === undefined ? [] : [{ section, kind, name: rest === null ? null : strip(rest) }];
}
