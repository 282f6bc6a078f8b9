// A program of its own for track-modules.test.ts: hooks stay in a process for good. Imports what it is told to, as a
// worker does, and prints what the tracker knows then. Arguments: folder, files to import; UNTIL is a file to wait for.
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ModuleTracker } from '../../src/load/track-modules.js';
import { eventually } from './eventually.js';

/** What is printed, as JSON; paths are relative to the folder. */
export interface Tracked {
  readonly files: readonly string[];
  /** The chains to each file in the order of the sections. */
  readonly why: Readonly<Record<string, readonly string[]>>;
  /** Code or name of the error of each file that failed. */
  readonly failed: readonly string[];
  /** How often the tracker told of a change, and how many files it had each time. */
  readonly changes: readonly number[];
  /** How many files of packages were counted. */
  readonly installed: number;
}

const [folder = '', ...entries] = process.argv.slice(2);
const changes: number[] = [];
const failed: string[] = [];
const tracker = new ModuleTracker(() => changes.push(tracker.files(folder).length));

for (const entry of entries) {
  const url = pathToFileURL(join(folder, entry)).href;
  await load(url).catch((error: unknown) => failed.push(codeOf(error)));
  tracker.graph.addRoot(`app:${entry}`, url);
}
await tracker.settle();
await eventually(() => changes.at(-1) === tracker.files(folder).length);
const { UNTIL: until } = process.env;
if (until !== undefined) await eventually(() => tracker.files(folder).includes(join(folder, until)));

const files = tracker.files(folder).filter((file) => file.startsWith(folder));
const installed = tracker.files(folder).filter((file) => /[\\/]node_modules[\\/]/.test(file)).length;
const why = files.map((file) => [within(file), tracker.graph.why(file).map(({ path }) => chain(path))]);
const tracked: Tracked = {
  files: files.map(within).sort(),
  why: Object.fromEntries(why),
  failed,
  changes,
  installed,
};
process.stdout.write(JSON.stringify(tracked));

/** A module may have more to do: what it exports as `later` is called, behind what is told of its load, and waited for. */
async function load(url: string): Promise<void> {
  const module: unknown = await import(url);
  if (typeof module !== 'object' || module === null || !('later' in module)) return;
  await tracker.settle();
  await new Promise((told) => setImmediate(told));
  if (typeof module.later === 'function') await module.later();
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.name;
}

function within(file: string): string {
  return relative(folder, file);
}

function chain(path: readonly string[]): string {
  return path.map(within).join(' > ');
}
