// A program for tests: loads targets as a server would, in a process without Jest, and prints what came of each as JSON.
// Started by load-in-process.ts: FOLDER TS_LOADER EXPRESSION...

import { WsgiServeError } from '../../src/errors.js';
import { importTarget, importTools } from '../../src/load/import-target.js';
import { TS_LOADERS, TsLoader } from '../../src/load/ts-loader.js';
import { formatOrigin } from '../../src/source.js';

const [folder = '.', loader = 'auto', ...expressions] = process.argv.slice(2);
const tools = importTools({ tsLoader: new TsLoader(TS_LOADERS.find((name) => name === loader)) });
const results: unknown[] = [];
for (const expression of expressions) results.push(await load(expression));
process.stdout.write(JSON.stringify(results));

async function load(expression: string): Promise<unknown> {
  try {
    const { value, owner } = await importTarget(expression, folder, null, tools);
    return { value: typeof value === 'function' ? await Reflect.apply(value, owner, []) : value };
  } catch (error) {
    if (!(error instanceof WsgiServeError)) throw error;
    const { code, message, hint, place } = error;
    return { code, message, hint, at: place === null ? null : formatOrigin(place.origin, folder) };
  }
}
