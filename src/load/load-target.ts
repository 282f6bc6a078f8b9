// From what a section points at to the function that build calls. Made once for a deployment by cli; called by build.
// Evaluates user modules, calls nothing of theirs.
import { dirname, isAbsolute } from 'node:path';
import type { ObjectKind, Setting, Target } from '../config/deployment.js';
import { WsgiServeError } from '../errors.js';
import type { Origin, Place } from '../source.js';
import { describeValue, isClass } from './describe-value.js';
import { type EggTable, hasEgg, loadEntryPoint } from './eggs.js';
import { type FoundExport, functionsOf } from './find-export.js';
import { type ImportTools, importTarget, importTools } from './import-target.js';

/** A factory or an app, ready to be called. */
export interface LoadedTarget {
  /** `paste.app_factory` and so on: what it has to be called with. */
  readonly protocol: string;
  /** As the user wrote it: `apps:MyHome.app_factory`, `egg:Paste#urlmap`. */
  readonly name: string;
  /** A function; where the protocol names an app itself, it may be an object too. */
  readonly value: object;
  /** What `value` was found on, `this` of its calls: the class of a static method, or the module. */
  readonly owner: unknown;
}

export type Callable = (this: unknown, ...args: readonly unknown[]) => unknown;

export interface TargetLoader {
  /** Rejects with what importTarget and loadEntryPoint reject with, and `not-callable`. */
  load(kind: ObjectKind, target: Target): Promise<LoadedTarget>;
  /** Throws `bad-requirement` where a package is neither built in nor installed. */
  require(names: readonly Setting[]): void;
}

export interface LoaderOptions extends Partial<ImportTools> {
  /** The folder in which modules are looked for that are named in no file; where the program was started by default. */
  readonly cwd?: string;
}

/** A loader that knows these built-in eggs. `placeOf` gives origins their texts, for errors. */
export function createTargetLoader(
  eggs: EggTable,
  placeOf: (origin: Origin) => Place,
  { cwd = process.cwd(), ...given }: LoaderOptions = {},
): TargetLoader {
  const tools = { ...importTools(given), eggs };
  const folderOf = ({ file }: Origin) => (isAbsolute(file) ? dirname(file) : cwd);
  return {
    async load(kind, target) {
      const place = placeOf(target.origin);
      const folder = folderOf(target.origin);
      const name = nameOf(target);
      if (target.kind === 'egg') {
        const { protocol, found } = await loadEntryPoint(kind, target, folder, place, tools);
        return { protocol, name, ...usable(found, protocol, name, place) };
      }
      const found = await importTarget(target.expression, folder, place, tools);
      return { protocol: target.protocol, name, ...usable(found, target.protocol, name, place) };
    },
    require(names) {
      for (const { value, origin } of names) {
        if (!hasEgg(value, folderOf(origin), eggs)) throw missingPackage(value, placeOf(origin));
      }
    },
  };
}

function nameOf(target: Target): string {
  return target.kind === 'egg' ? `egg:${target.distribution}#${target.entry}` : target.expression;
}

/** A class counts as no function, since it cannot be called; its static methods can. What an app object has to have is build's to say. */
function usable(
  { value, owner }: FoundExport,
  protocol: string,
  name: string,
  place: Place,
): Pick<LoadedTarget, 'value' | 'owner'> {
  if (isCallable(value) && !isClass(value)) return { value, owner };
  if (protocol.endsWith('.app') && typeof value === 'object' && value !== null) return { value, owner };
  const functions = functionsOf(value);
  throw new WsgiServeError('not-callable', `"${name}" is ${describeValue(value)}, not a function`, {
    place,
    hint: functions.length === 0 ? null : `Functions in it: ${functions.slice(0, 12).join(', ')}`,
  });
}

/** Whether `value` can be called at all. */
export function isCallable(value: unknown): value is Callable {
  return typeof value === 'function';
}

function missingPackage(name: string, place: Place): WsgiServeError {
  return new WsgiServeError('bad-requirement', `the package "${name}" is required and not installed`, {
    place,
    hint: `To install it: npm install ${name}`,
  });
}
