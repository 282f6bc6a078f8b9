// The files of a deployment: finds what names in them stand for. Made by open-deployment.ts and resolve-uri.ts;
// composites' loaders hold on to it while apps are built. Reads deployment files, imports nothing of the user's.
import { dirname, isAbsolute } from 'node:path';
import { WsgiServeError } from '../errors.js';
import type { IniSection } from '../ini/document.js';
import type { Origin, Place, Source } from '../source.js';
import type { ObjectKind, Resolver, Scope, Setting, Settings, Spec, Target } from './deployment.js';
import { DeploymentFiles } from './files.js';
import type { ReadFile } from './read.js';
import { configPath, NO_FILE, splitOnce } from './reference.js';
import { Resolution, type Surroundings } from './resolve.js';
import { ScopeView } from './scope-view.js';
import type { SectionRead, ShadowedKey } from './settings.js';
import { mergeSettings } from './settings-record.js';

/** A section that something led to. */
export interface Visit {
  /** Its file as it was seen from there. */
  readonly view: ScopeView;
  readonly section: IniSection;
  /** Its keys that [DEFAULT] takes away. */
  readonly shadowed: readonly ShadowedKey[];
}

/** Resolves names in the files of one deployment, each of which is read once. */
export class DeploymentResolver implements Resolver, Surroundings {
  readonly #files: DeploymentFiles;
  readonly #variables: Settings;
  readonly #views = new WeakMap<Scope, ScopeView>();
  readonly #visits = new Map<string, Visit>();

  /** `variables` are the globals of the command line: they win over [DEFAULT] in every file. */
  constructor(readFile: ReadFile, variables: Settings) {
    this.#files = new DeploymentFiles(readFile);
    this.#variables = variables;
  }

  /** Every file that was read so far, in the order of reading. */
  get sources(): readonly Source[] {
    return this.#files.sources;
  }

  /** True where something led to this section of the file of `view`. */
  isVisited(view: ScopeView, section: IniSection): boolean {
    return this.#visits.has(visitKey(view, section));
  }

  /** Every section that was read so far on the way to something, each once. */
  get visits(): readonly Visit[] {
    return [...this.#visits.values()];
  }

  resolve(kind: ObjectKind, name: Setting, scope: Scope, globalConf: Settings): Spec {
    return new Resolution(this, null).resolve(kind, name, scope, mergeSettings(globalConf));
  }

  /** What stands for `main` where no name is given: a bare `[app]` too. */
  resolveUnnamed(kind: ObjectKind, scope: Scope, globalConf: Settings): Spec {
    return new Resolution(this, null).resolve(kind, null, scope, mergeSettings(globalConf));
  }

  /** A server section, which may leave out what serves: then it points at `plain`. */
  resolveServer(name: Setting | null, scope: Scope, globalConf: Settings, plain: Target): Spec {
    return new Resolution(this, plain).resolve('server', name, scope, mergeSettings(globalConf));
  }

  place(origin: Origin): Place {
    return this.#files.place(origin);
  }

  keyPlace(origin: Origin): Place {
    return this.#files.keyPlace(origin);
  }

  view(scope: Scope): ScopeView {
    return this.#views.get(scope) ?? this.#open(scope, null);
  }

  include(path: string, from: Scope, globalConf: Settings, by: Setting): Scope {
    const place = this.place(by.origin);
    if (from.file === NO_FILE && !isAbsolute(path)) throw noFolder(by.value, place);
    const scope = { file: configPath(path, dirname(from.file)), inherited: mergeSettings(globalConf) };
    this.#open(scope, place);
    return scope;
  }

  visited({ view, section, settings }: SectionRead): void {
    const visit = { view, section, shadowed: settings.shadowed };
    this.#visits.set(visitKey(view, section), visit);
  }

  #open(scope: Scope, place: Place | null): ScopeView {
    if (scope.file === NO_FILE) throw nameWithoutFile();
    const file = this.#files.open(scope.file, place);
    const view = new ScopeView(scope, file, this.#variables, (origin) => this.place(origin));
    this.#views.set(scope, view);
    return view;
  }
}

/** Which section of which file; a section's name has no line break. */
function visitKey(view: ScopeView, section: IniSection): string {
  return `${section.name}\n${view.path}`;
}

function noFolder(reference: string, place: Place): WsgiServeError {
  const uri = splitOnce(reference, '#')[0];
  return new WsgiServeError('file', `Cannot resolve relative uri '${uri}': no file is around it`, {
    place,
    hint: 'Write the path from the root on, or name the file itself instead of an egg that names it',
  });
}

function nameWithoutFile(): WsgiServeError {
  const message = 'a name without a scheme is looked up in a deployment file, and here is none';
  return new WsgiServeError('no-scheme', message, { hint: 'Name the file too: config:FILE#NAME' });
}
