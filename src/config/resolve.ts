// A name or a reference -> a Spec: PasteDeploy's `get_context`, step by step. Called by resolver.ts.
// Imports nothing of the user's. PasteDeploy's contexts share dictionaries, so that a later `use` changes them for all
// who share them; so do the records here.
import type { Origin, Place } from '../source.js';
import type { ObjectKind, Scope, Setting, Settings, Spec, Target } from './deployment.js';
import { findSection } from './find-section.js';
import { badCall, emptyPipeline, extraKeys, missingKey, noLoader, unknownScheme } from './mistakes.js';
import { both, forEach } from './problems.js';
import { hasScheme, NO_FILE, parseReference } from './reference.js';
import type { ScopeView } from './scope-view.js';
import { headerOrigin } from './sections.js';
import { readSection, type SectionRead, wordsOf } from './settings.js';
import { type SettingsRecord, settingsOf, takeSetting } from './settings-record.js';
import { callProtocol, protocolOfSection, takeTarget } from './targets.js';
import { Trail } from './trail.js';

/** What a resolution stands on: the files of a deployment. */
export interface Surroundings {
  /** The file of a scope, and what it says. */
  view(scope: Scope): ScopeView;
  /** The scope of `config:path` as seen from another scope; the file is read at once. */
  include(path: string, from: Scope, globalConf: Settings, by: Setting): Scope;
  /** An origin with the text that it points into. */
  place(origin: Origin): Place;
  /** Is told of each section that was read. */
  visited(here: SectionRead): void;
}

/** A spec whose settings may still change. */
interface Draft {
  readonly spec: Spec;
  readonly globalConf: SettingsRecord;
  readonly localConf: SettingsRecord;
}

/** One resolution: from one name to everything that it leads to. */
export class Resolution {
  readonly #around: Surroundings;
  readonly #plainServer: Target | null;
  readonly #trail = new Trail();

  /** `plainServer` is what a server section points at that says nothing; null where that is a mistake. */
  constructor(around: Surroundings, plainServer: Target | null) {
    this.#around = around;
    this.#plainServer = plainServer;
  }

  /** What `name` stands for; null means `main`, written or not. `given` are the globals handed on. */
  resolve(kind: ObjectKind, name: Setting | null, scope: Scope, given: SettingsRecord): Spec {
    return this.#draft(kind, name, scope, given).spec;
  }

  #draft(kind: ObjectKind, name: Setting | null, scope: Scope, given: SettingsRecord): Draft {
    const reference = parseReference(name?.value ?? '');
    if (name === null || reference.scheme === null) return this.#section(kind, name, scope, given);
    switch (reference.scheme) {
      case 'config': {
        const inside = this.#around.include(reference.path, scope, given, name);
        return this.#draft(kind, { ...name, value: reference.name }, inside, given);
      }
      case 'egg': {
        const { distribution, name: entry } = reference;
        // An egg lies in no folder: a relative path in its name starts from nowhere, as in PasteDeploy.
        const nowhere = { file: NO_FILE, inherited: scope.inherited };
        if (hasScheme(entry)) return this.#draft(kind, { ...name, value: entry }, nowhere, given);
        return bare(kind, { kind: 'egg', distribution, entry, origin: name.origin }, scope, given);
      }
      case 'call': {
        const { expression } = reference;
        if (!expression.includes(':')) throw badCall(expression, this.#around.place(name.origin));
        const protocol = callProtocol(kind, null);
        return bare(kind, { kind: 'call', protocol, expression, origin: name.origin }, scope, given);
      }
      case 'unknown':
        throw unknownScheme(reference.word, this.#around.place(name.origin));
    }
  }

  #section(kind: ObjectKind, name: Setting | null, scope: Scope, given: SettingsRecord): Draft {
    const view = this.#around.view(scope);
    const here = readSection(kind, view, findSection(view, kind, name), given);
    this.#around.visited(here);
    const { filterWith } = here.settings;
    return this.#trail.enter(here, name, () => {
      return filterWith === null ? this.#core(here) : this.#filtered(here, filterWith);
    });
  }

  #filtered(here: SectionRead, filterWith: Setting): Draft {
    const { globalConf } = here.settings;
    const [next, filter] = both(
      () => this.#core(here).spec,
      () => this.#draft('filter', filterWith, here.view.scope, globalConf).spec,
    );
    return draftOf(here, { ...baseOf(here), kind: 'filter-with', objectKind: here.kind, filter, next });
  }

  #core(here: SectionRead): Draft {
    if (here.section.name.startsWith('filter-app:')) return this.#filterApp(here);
    if (here.section.name.startsWith('pipeline:')) return this.#pipeline(here);
    return this.#factory(here);
  }

  #filterApp(here: SectionRead): Draft {
    const { view, settings } = here;
    const name = takeSetting(settings.localConf, 'next');
    if (name === null) throw missingKey('missing-next', 'next', here);
    const [next, filter] = both(
      () => this.#draft('app', name, view.scope, settings.globalConf).spec,
      () => this.#factory({ ...here, kind: 'filter' }).spec,
    );
    return draftOf(here, { ...baseOf(here), kind: 'filter-app', filter, next });
  }

  #pipeline(here: SectionRead): Draft {
    const { view, settings } = here;
    const pipeline = takeSetting(settings.localConf, 'pipeline');
    if (pipeline === null) throw missingKey('missing-pipeline', 'pipeline', here);
    if (Object.keys(settings.localConf).length > 0) throw extraKeys(here);
    const names = wordsOf(view, pipeline);
    const last = names.at(-1);
    if (last === undefined) throw emptyPipeline(here, pipeline);
    const spec = (kind: ObjectKind, name: Setting) =>
      this.#draft(kind, name, view.scope, settings.globalConf).spec;
    const [app, filters] = both(
      () => spec('app', last),
      () => forEach(names.slice(0, -1), (name) => spec('filter', name)),
    );
    return draftOf(here, { ...baseOf(here), kind: 'pipeline', filters, app });
  }

  /** One factory: that of another section or reference, or the section's own. */
  #factory(here: SectionRead): Draft {
    const use = takeSetting(here.settings.localConf, 'use');
    return use === null ? this.#explicit(here) : this.#used(here, use);
  }

  #used(here: SectionRead, use: Setting): Draft {
    const { view, section, settings } = here;
    const { spec, globalConf, localConf } = this.#draft(here.kind, use, view.scope, settings.globalConf);
    Object.assign(globalConf, settings.additions);
    Object.assign(localConf, settings.localConf);
    const file = settings.globalConf['__file__'];
    if (file !== undefined) globalConf['__file__'] = file;
    const { origin, scope } = baseOf(here);
    const requires = [...settings.requires, ...spec.requires];
    const protocol = spec.protocol ?? protocolOfSection(section.name);
    const taken = { section: section.name, origin, scope, requires, protocol };
    return { spec: { ...named(spec, section.name), ...taken }, globalConf, localConf };
  }

  #explicit(here: SectionRead): Draft {
    const { kind } = here;
    const own = takeTarget(here);
    const target = own ?? (kind === 'server' ? this.#plainServer : null);
    if (target === null) throw noLoader(here);
    const protocol = own?.protocol ?? null;
    return draftOf(here, { ...baseOf(here), kind: 'factory', objectKind: kind, target, protocol });
  }
}

/** A `call:` is of the kind that the first section says which uses it. */
function named(spec: Spec, section: string): Spec {
  if (spec.protocol !== null || spec.kind !== 'factory' || spec.target.kind !== 'call') return spec;
  return { ...spec, target: { ...spec.target, protocol: callProtocol(spec.objectKind, section) } };
}

/** What stands for itself, without a section. It shares the globals of whoever names it. */
function bare(kind: ObjectKind, target: Target, scope: Scope, given: SettingsRecord): Draft {
  const localConf = settingsOf([]);
  const spec: Spec = {
    kind: 'factory',
    objectKind: kind,
    target,
    section: null,
    origin: target.origin,
    globalConf: given,
    localConf,
    scope,
    requires: [],
    protocol: target.kind === 'egg' ? 'egg' : null,
  };
  return { spec, globalConf: given, localConf };
}

function baseOf({ view, section, settings }: SectionRead) {
  const { globalConf, localConf, requires } = settings;
  const origin = headerOrigin(view.path, section);
  return {
    section: section.name,
    origin,
    globalConf,
    localConf,
    scope: view.scope,
    requires,
    protocol: null,
  };
}

function draftOf({ settings }: SectionRead, spec: Spec): Draft {
  return { spec, globalConf: settings.globalConf, localConf: settings.localConf };
}
