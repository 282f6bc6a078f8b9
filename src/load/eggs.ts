// Entry points: what `egg:Name#entry` stands for. Called by load-target.ts.
// Eggs that are built in come first; any other is an npm package whose package.json declares entry points under "paste".
import type { ObjectKind, Target } from '../config/deployment.js';
import { PROTOCOLS } from '../config/targets.js';
import { knownNamesHint, nearestName, WsgiServeError } from '../errors.js';
import type { Place } from '../source.js';
import type { FoundExport } from './find-export.js';
import { type ImportTools, importTarget } from './import-target.js';
import { findPackage, nearestPackage } from './resolve-package.js';

/** Entry points of a built-in egg: protocol, then name, then how to get the factory. */
export type EntryPoints = Readonly<Record<string, Readonly<Record<string, () => Promise<unknown>>>>>;

/** The built-in eggs by their usual spelling; case does not count when they are looked up. */
export type EggTable = ReadonlyMap<string, EntryPoints>;

export type EggTarget = Target & { readonly kind: 'egg' };

/** An entry point, found. */
export interface FoundEntryPoint {
  readonly protocol: string;
  readonly found: FoundExport;
}

/** How entry points are found and their modules evaluated. */
export interface EggTools extends ImportTools {
  readonly eggs: EggTable;
}

/** An egg of either origin. */
interface Egg {
  readonly name: string;
  readonly isBuiltIn: boolean;
  /** Protocol -> entry point -> how to get what it names. */
  readonly protocols: ReadonlyMap<string, ReadonlyMap<string, () => Promise<FoundExport>>>;
}

/**
 * Finds what an `egg:` reference stands for as an object of this kind, seen from `folder`. Rejects with
 * `egg-not-found`, `entry-point-not-found`, `ambiguous-entry-point`, and whatever importTarget rejects with.
 */
export async function loadEntryPoint(
  kind: ObjectKind,
  target: EggTarget,
  folder: string,
  place: Place | null,
  tools: EggTools,
): Promise<FoundEntryPoint> {
  const { distribution, entry } = target;
  const egg = builtInEgg(distribution, tools.eggs) ?? packageEgg(distribution, folder, place, tools);
  if (egg === null) throw eggNotFound(distribution, tools.eggs, folder, place);
  const possible = PROTOCOLS[kind].flatMap((group) => entryPointsOf(egg, entry, group).slice(0, 1));
  const [entryPoint, other] = possible;
  if (entryPoint === undefined) throw entryPointNotFound(kind, entry, egg, place);
  if (other !== undefined) throw ambiguous(egg, entry, possible, place);
  return { protocol: entryPoint.protocol, found: await entryPoint.load() };
}

/** True where an egg of this name is built in or installed: what `require` asks. */
export function hasEgg(name: string, folder: string, eggs: EggTable): boolean {
  return builtInEgg(name, eggs) !== null || findPackage(name, folder) !== null;
}

interface EntryPoint {
  readonly protocol: string;
  readonly load: () => Promise<FoundExport>;
}

/** Those of this name among some protocols, in their order. */
function entryPointsOf(egg: Egg, entry: string, protocols: readonly string[]): readonly EntryPoint[] {
  return protocols.flatMap((protocol) => {
    const load = egg.protocols.get(protocol)?.get(entry);
    return load === undefined ? [] : [{ protocol, load }];
  });
}

function builtInEgg(distribution: string, eggs: EggTable): Egg | null {
  for (const [name, entryPoints] of eggs) {
    if (name.toLowerCase() !== distribution.toLowerCase()) continue;
    const found = (load: () => Promise<unknown>) => async () => ({ value: await load(), owner: undefined });
    return {
      name,
      isBuiltIn: true,
      protocols: mapValues(Object.entries(entryPoints), (entries) =>
        mapValues(Object.entries(entries), found),
      ),
    };
  }
  return null;
}

/** The egg that an npm package is: `"paste": {"app_factory": {"main": "./dist/app.js:makeApp"}}` in its package.json. */
function packageEgg(name: string, folder: string, place: Place | null, tools: ImportTools): Egg | null {
  const found = findPackage(name, folder);
  if (found === null) return null;
  const load = (expression: unknown) => () => importTarget(String(expression), found.folder, place, tools);
  const groups = entriesOf(new Map(entriesOf(found.manifest)).get('paste')).map(
    ([group, entries]) => [group.includes('.') ? group : `paste.${group}`, entries] as const,
  );
  return {
    name,
    isBuiltIn: false,
    protocols: mapValues(groups, (entries) => mapValues(entriesOf(entries), load)),
  };
}

function mapValues<T, R>(pairs: Iterable<readonly [string, T]>, change: (value: T) => R): Map<string, R> {
  return new Map(Array.from(pairs, ([key, value]) => [key, change(value)]));
}

function entriesOf(value: unknown): readonly [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

function eggNotFound(name: string, eggs: EggTable, folder: string, place: Place | null): WsgiServeError {
  const known = [...eggs.keys()];
  const builtIn = `Built in: ${known.join(', ')}`;
  if (name === '') {
    const hint = `${builtIn}. Example: egg:Paste#urlmap`;
    return new WsgiServeError('egg-not-found', 'egg: names no egg', { place, hint });
  }
  const near = nearestName(name, known);
  const remedy = near === null ? howToGet(name, folder) : `Did you mean "${near}"?`;
  const message = `the egg "${name}" is neither built in nor an installed package`;
  return new WsgiServeError('egg-not-found', message, { place, hint: `${builtIn}. ${remedy}` });
}

function howToGet(name: string, folder: string): string {
  const near = nearestPackage(name, folder);
  return `To install it: npm install ${name}${near === null ? '' : `. Or did you mean "${near}"?`}`;
}

function entryPointNotFound(kind: ObjectKind, entry: string, egg: Egg, place: Place | null): WsgiServeError {
  const wanted = new Set(PROTOCOLS[kind].flat());
  const groups = [...egg.protocols];
  const names = groups.flatMap(([protocol, entries]) => (wanted.has(protocol) ? [...entries.keys()] : []));
  const elsewhere = groups.find(([, entries]) => entries.has(entry))?.[0];
  const lines = [knownNamesHint(`Entry points of ${egg.name} for ${kind}s`, entry, [...new Set(names)])];
  if (elsewhere !== undefined) lines.unshift(`${egg.name} has "${entry}" as a ${elsewhere}`);
  if (groups.length === 0 && !egg.isBuiltIn)
    lines.push('Its package.json declares no entry points: it has no "paste"');
  return new WsgiServeError('entry-point-not-found', `the egg "${egg.name}" has no ${kind} "${entry}"`, {
    place,
    hint: lines.join('\n'),
  });
}

function ambiguous(
  egg: Egg,
  entry: string,
  found: readonly EntryPoint[],
  place: Place | null,
): WsgiServeError {
  const protocols = found.map(({ protocol }) => protocol).join(' and a ');
  const message = `"${entry}" of the egg "${egg.name}" is ambiguous: it is a ${protocols}`;
  return new WsgiServeError('ambiguous-entry-point', message, { place });
}
