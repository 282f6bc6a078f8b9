// Finds an export by its dotted path in a module that was imported. Called by load-target.ts; calls nothing it finds.
// Only what a user's module holds is found: what every object inherits from the language is not an export.
import { knownNamesHint, toError, WsgiServeError } from '../errors.js';
import type { Place } from '../source.js';
import type { ModuleExport } from './target.js';

/** What a path leads to, and the object it was found on: `this` for those who call it. */
export interface FoundExport {
  readonly value: unknown;
  readonly owner: unknown;
}

/**
 * Follows `path` from a module: its first part is looked for among the named exports, then in the default export,
 * which is where `module.exports` of a CommonJS module is. Throws `export-not-found`, which lists what there is instead,
 * and `module-failed` where an export cannot be read.
 */
export function findExport(namespace: object, target: ModuleExport, place: Place | null): FoundExport {
  const { module, path } = target;
  const start: FoundExport = { value: holderOf(namespace, path[0]), owner: undefined };
  return path.reduce(({ value: owner }, name, depth) => {
    const expression = `${module}:${path.slice(0, depth + 1).join('.')}`;
    if (!holds(owner, name))
      throw depth === 0 ? noExport(module, name, namespace, place) : noMember(target, depth, owner, place);
    const value = read(owner, name, expression, place);
    return { value: depth === 0 && name === 'default' ? unwrap(value) : value, owner };
  }, start);
}

/** The names of the functions that a value holds, its own and inherited ones, for hints. */
export function functionsOf(value: unknown): readonly string[] {
  return membersOf(value).filter((name) => {
    const holder = [...holders(value)].find((one) => Object.hasOwn(one, name));
    return typeof Object.getOwnPropertyDescriptor(holder ?? {}, name)?.value === 'function';
  });
}

function holderOf(namespace: object, name: string): unknown {
  if (Object.hasOwn(namespace, name)) return namespace;
  return layersOf(namespace).find((layer) => holds(layer, name)) ?? namespace;
}

/**
 * What stands behind the default export, the outermost first. It is `module.exports` of CommonJS; where a compiler made
 * that of an ES module, which loaders of TypeScript do too, its names are in there, and its own default export is in it.
 */
function layersOf(namespace: object): readonly unknown[] {
  const exports = defaultOf(namespace);
  const inside = unwrap(exports);
  return inside === exports ? [exports] : [exports, inside];
}

function defaultOf(namespace: object): unknown {
  return 'default' in namespace ? namespace.default : undefined;
}

/** CommonJS that a compiler made of an ES module: what its author exported as default is one level deeper. */
function unwrap(value: unknown): unknown {
  return isHolder(value) && '__esModule' in value && 'default' in value ? value.default : value;
}

function holds(value: unknown, name: string): value is object {
  // Every prototype has a constructor, and none was meant as an export.
  const inherits = name !== 'constructor';
  return [...holders(value)].some((one) => (inherits || one === value) && Object.hasOwn(one, name));
}

/** A value and the prototypes it inherits from, up to those that every object or function has, of whatever realm. */
function* holders(value: unknown): Iterable<object> {
  let holder = value;
  while (isHolder(holder)) {
    const next: unknown = Object.getPrototypeOf(holder);
    const isLanguages =
      next === null || (typeof holder === 'function' && Object.getPrototypeOf(next) === null);
    if (isLanguages && holder !== value) return;
    yield holder;
    holder = next;
  }
}

function isHolder(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** A getter of the user's may run now, and fail. */
function read(owner: object, name: string, expression: string, place: Place | null): unknown {
  try {
    return Reflect.get(owner, name);
  } catch (thrown) {
    const cause = toError(thrown);
    throw new WsgiServeError('module-failed', `"${expression}" cannot be read: ${cause.message}`, {
      place,
      cause,
    });
  }
}

function noExport(module: string, name: string, namespace: object, place: Place | null): WsgiServeError {
  const what = name === 'default' ? 'default export' : `export "${name}"`;
  return new WsgiServeError('export-not-found', `the module "${module}" has no ${what}`, {
    place,
    hint: knownNamesHint(`Exports of ${module}`, name, exportsOf(namespace)),
  });
}

function noMember(
  { module, path }: ModuleExport,
  depth: number,
  owner: unknown,
  place: Place | null,
): WsgiServeError {
  const holder = path.slice(0, depth).join('.');
  const name = path[depth] ?? '';
  return new WsgiServeError('export-not-found', `"${module}:${holder}" has no member "${name}"`, {
    place,
    hint: knownNamesHint(`Members of ${holder}`, name, membersOf(owner)),
  });
}

/** The names that findExport would find first, without those that Node adds for CommonJS. */
function exportsOf(namespace: object): readonly string[] {
  const layers = layersOf(namespace);
  const inside = layers.at(-1);
  const members = typeof inside === 'object' ? membersOf(inside) : [];
  const outside = [...Object.keys(namespace), ...layers.slice(0, -1).flatMap(membersOf)];
  const names = outside.filter((name) => name !== 'default' || members.length === 0);
  return [...new Set([...names, ...members])].filter(
    (name) => name !== 'module.exports' && name !== '__esModule',
  );
}

function membersOf(value: unknown): readonly string[] {
  const names = [...holders(value)].flatMap((holder) => Object.getOwnPropertyNames(holder));
  return [...new Set(names)].filter((name) => !(name in Function.prototype) && name !== 'prototype');
}
