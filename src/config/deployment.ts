// What is written in a deployment file, resolved: types only, all readonly and serialisable (JSON, structured clone).
// Made by resolve.ts without importing anything of the user's; read by show, check, build and listen.
import type { Origin, Place, Source } from '../source.js';

/** A string value and where it was written. */
export interface Setting {
  readonly value: string;
  readonly origin: Origin;
}

/** Settings by key, without a prototype: `__proto__` and `constructor` are ordinary keys. */
export type Settings = Readonly<Record<string, Setting>>;

/** Which of PasteDeploy's three object types a reference asks for. */
export type ObjectKind = 'app' | 'filter' | 'server';

/** Where names without a scheme are looked up: a file, with the globals that its includer hands it as defaults. */
export interface Scope {
  readonly file: string;
  readonly inherited: Settings;
}

/** What a section finally points at. */
export type Target =
  /** `paste.app_factory = module:Export.path`; `protocol` is the key. */
  | {
      readonly kind: 'factory';
      readonly protocol: string;
      readonly expression: string;
      readonly origin: Origin;
    }
  /** `use = call:module:Export.path`; the protocol follows from the section's prefix, or from the kind asked for. */
  | { readonly kind: 'call'; readonly protocol: string; readonly expression: string; readonly origin: Origin }
  /** `use = egg:distribution#entry`; which protocol is known once the egg is looked into. */
  | { readonly kind: 'egg'; readonly distribution: string; readonly entry: string; readonly origin: Origin };

interface SpecBase {
  /** The section it was written in, as between the brackets; null for a bare `egg:` or `call:` reference. */
  readonly section: string | null;
  readonly origin: Origin;
  readonly globalConf: Settings;
  readonly localConf: Settings;
  /** Where a composite's loader looks names up. */
  readonly scope: Scope;
  /** The words of `require`: packages that must be installed. */
  readonly requires: readonly Setting[];
  /** What PasteDeploy calls the protocol, for `show --format json`; building looks at the target's own instead. */
  readonly protocol: string | null;
}

/** One factory to call: an app, a composite, a filter or a server. */
export interface FactorySpec extends SpecBase {
  readonly kind: 'factory';
  readonly objectKind: ObjectKind;
  readonly target: Target;
}

/** `[pipeline:x]`: the first filter is the outermost. */
export interface PipelineSpec extends SpecBase {
  readonly kind: 'pipeline';
  readonly filters: readonly Spec[];
  readonly app: Spec;
}

/** `[filter-app:x]`: one filter over `next`. */
export interface FilterAppSpec extends SpecBase {
  readonly kind: 'filter-app';
  readonly filter: Spec;
  readonly next: Spec;
}

/** `filter-with = f`: `filter` over an app, or around another filter, as `objectKind` says. */
export interface FilteredSpec extends SpecBase {
  readonly kind: 'filter-with';
  readonly objectKind: ObjectKind;
  readonly filter: Spec;
  readonly next: Spec;
}

export type Spec = FactorySpec | PipelineSpec | FilterAppSpec | FilteredSpec;

/** `[server:NAME]`: one listener. */
export interface ServerSpec {
  readonly name: string;
  readonly section: string;
  /** The section header, for errors of the section as a whole. */
  readonly origin: Origin;
  /** What serves: null where `use` is left out, which means the built-in server. */
  readonly target: Target | null;
  /** The name of the app that it serves, with where that was written (the section header if nowhere). */
  readonly appName: Setting;
  readonly app: Spec;
  /** The other keys of the section. */
  readonly options: Settings;
  readonly globalConf: Settings;
}

/** A deployment file, resolved: everything that the next steps need to know of it. */
export interface Deployment {
  /** Absolute path of the file that was named. */
  readonly file: string;
  /** Every file that was read, the named one first. */
  readonly files: readonly Source[];
  readonly servers: readonly ServerSpec[];
  /** The keys of [wsgi-serve], which are about the program itself. */
  readonly program: Settings;
}

/** Gives origins the texts that they point into, for errors. */
export interface Places {
  place(origin: Origin): Place;
  /** The place of the key instead of its value's, where it is the key that is wrong. */
  keyPlace(origin: Origin): Place;
}

/** Finds specs by name while a deployment is built: what composites' loaders stand on. */
export interface Resolver {
  /**
   * What `name` (a section's name or a reference with a scheme) stands for, seen from `scope`.
   * `globalConf` are the globals handed on, as PasteDeploy's `loader.get_app(name, global_conf=...)`.
   * Throws a WsgiServeError.
   */
  resolve(kind: ObjectKind, name: Setting, scope: Scope, globalConf: Settings): Spec;
}
