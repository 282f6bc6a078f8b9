import { execFile } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { tempTree } from '../helpers/temp-tree.js';
import type { Tracked } from '../helpers/track-program.js';

const PROGRAM = resolve(import.meta.dirname, '../helpers/track-program.js');
const THREAD_ENTRY = pathToFileURL(resolve(import.meta.dirname, '../../src/load/track-thread.js')).href;

interface TrackOptions {
  readonly flags?: readonly string[];
  readonly until?: string;
}

/** Imports each entry in a process that tracks; rejects where it prints anything on standard error. */
async function track(
  folder: string,
  entries: readonly string[],
  { flags = [], until }: TrackOptions = {},
): Promise<Tracked> {
  const { NODE_OPTIONS: _options, ...env } = process.env;
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [...flags, PROGRAM, folder, ...entries],
    {
      cwd: folder,
      env: until === undefined ? env : { ...env, UNTIL: until },
      timeout: 25_000,
      killSignal: 'SIGKILL',
    },
  );
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('ModuleTracker', () => {
  it('knows what import, require and import() have loaded, by import or by require', async () => {
    using tree = tempTree({
      'package.json': '{}',
      'app.mjs': `import './static.mjs'; import data from './data.json' with { type: 'json' }; import './common.cjs';
        import 'node:fs'; import fs from 'fs'; import './again.mjs?v=1'; import './again.mjs?v=2';
        import { createRequire } from 'node:module';
        createRequire(import.meta.url)('./by-require.cjs');
        await import('./dynamic.mjs'); export default [data, fs];`,
      'static.mjs': 'export {};',
      'data.json': '{}',
      'again.mjs': 'export {};',
      'dynamic.mjs': 'export {};',
      'common.cjs': 'require("./folder"); require("fs");',
      'folder/index.js': 'module.exports = require("../data2.json");',
      'data2.json': '{}',
      'by-require.cjs': '',
      'unused.mjs': '',
    });
    const tracked = await track(tree.folder, ['app.mjs']);
    expect(tracked.failed).toEqual([]);
    expect(tracked.files).toEqual([
      ...['again.mjs', 'app.mjs', 'by-require.cjs', 'common.cjs', 'data.json', 'data2.json', 'dynamic.mjs'],
      // What would be taken in place of the folder, if it were there.
      ...['cjs', 'cts', 'js', 'json', 'mjs', 'mts', 'ts'].map((name) => `folder.${name}`),
      ...['folder/index.js', 'folder/package.json', 'package.json', 'static.mjs'],
    ]);
    expect(tracked.why['data2.json']).toEqual(['app.mjs > common.cjs > folder/index.js > data2.json']);
    expect(tracked.why['again.mjs']).toEqual(['app.mjs > again.mjs']);
    expect(tracked.why['package.json']).toEqual(['app.mjs > package.json']);
  });

  it('knows the files of a load that failed, and those that it would have needed', async () => {
    using tree = tempTree({
      'package.json': '{}',
      'syntax.mjs': 'import "./broken.mjs";',
      'broken.mjs': 'export const = 1;',
      'gone.mjs': 'import "./there.mjs"; import "./not-there.mjs";',
      'there.mjs': '',
      'uninstalled.mjs': 'import "no-such-driver/sub";',
      'throws.cjs': 'require("./lib/helper"); ',
    });
    const tracked = await track(tree.folder, ['syntax.mjs', 'gone.mjs', 'uninstalled.mjs', 'throws.cjs']);
    expect(tracked.failed).toEqual([
      'SyntaxError',
      'ERR_MODULE_NOT_FOUND',
      'ERR_MODULE_NOT_FOUND',
      'MODULE_NOT_FOUND',
    ]);
    expect(tracked.files).toEqual(
      expect.arrayContaining([
        ...['broken.mjs', 'not-there.mjs', 'not-there.mts', 'node_modules/no-such-driver'],
        ...['lib/helper.js', 'lib/helper/index.cjs'],
      ]),
    );
    expect(tracked.why['not-there.mjs']).toEqual(['gone.mjs > not-there.mjs']);
    expect(tracked.why['lib/helper.js']).toEqual(['throws.cjs > lib/helper.js']);
  });

  it('counts installed packages, the mark of their install, and what says which file one is', async () => {
    using tree = tempTree({
      'package.json': '{}',
      'app.mjs': 'import "a";',
      'node_modules/.package-lock.json': '{}',
      'node_modules/a/package.json': '{"main": "lib/main.js"}',
      'node_modules/a/lib/main.js': 'require("b");',
      'node_modules/b/index.js': '',
    });
    const tracked = await track(tree.folder, ['app.mjs']);
    expect(tracked.files).toEqual([
      'app.mjs',
      'node_modules/.package-lock.json',
      'node_modules/a/lib/main.js',
      'node_modules/a/package.json',
      'node_modules/b/index.js',
      'package.json',
    ]);
    expect(tracked.installed).toBe(4);
  });

  it('counts a link together with the file that it leads to', async () => {
    using tree = tempTree({ 'real/app.mjs': 'import "./lib.mjs";', 'real/lib.mjs': '' });
    symlinkSync('real', join(tree.folder, 'current'));
    const tracked = await track(tree.folder, ['current/app.mjs']);
    expect(tracked.files).toEqual(
      expect.arrayContaining(['current/app.mjs', 'real/app.mjs', 'real/lib.mjs']),
    );
    expect(tracked.why['real/lib.mjs']).toEqual(['current/app.mjs > real/app.mjs > real/lib.mjs']);
  });

  it('tells of files that are loaded late', async () => {
    using tree = tempTree({
      'package.json': '{}',
      'app.mjs': `export const later = async () => { await import('./late.mjs'); await import('./late.mjs'); };`,
      'late.mjs': 'import "./later.mjs";',
      'later.mjs': '',
    });
    const { changes, files } = await track(tree.folder, ['app.mjs']);
    expect(files).toEqual(['app.mjs', 'late.mjs', 'later.mjs', 'package.json']);
    expect([changes[0], changes.at(-1)]).toEqual([2, 4]);
    expect([...new Set(changes)]).toEqual(changes);
  });

  it('does not count what wsgi-serve loads for itself', async () => {
    using tree = tempTree({ 'package.json': '{}', 'app.mjs': '' });
    const { files, installed } = await track(tree.folder, ['app.mjs']);
    expect(files).toEqual(['app.mjs', 'package.json']);
    expect(installed).toBe(0);
  });
});

const TYPED = {
  'package.json': '{"type": "module"}',
  'tsconfig.json': '{}',
  'apps.ts': `import { greet } from './greet.js'; import { x } from './noext'; import c from './common.cjs';
    import { createRequire } from 'node:module';
    enum Word { Hello = 'hello' }
    createRequire(import.meta.url)('./required.ts');
    export default [greet(Word.Hello), x, c];`,
  'greet.ts': 'export const greet = (word: string): string => word;',
  'noext.ts': 'export const x: number = 1;',
  'common.cts': 'const deep = require("./deep.cts"); exports.value = deep as number;',
  'deep.cts': 'exports.value = 1 as number;',
  'required.ts': 'export const y: number = 1;',
};
const TYPED_FILES = Object.keys(TYPED);

describe.each(['tsx', '@oxc-node/core/register'])('TypeScript by %s', (loader) => {
  const url = import.meta.resolve?.(loader) ?? loader;

  it('is tracked where the loader came first', async () => {
    using tree = tempTree(TYPED);
    const tracked = await track(tree.folder, ['apps.ts'], { flags: ['--import', url] });
    expect(tracked.failed).toEqual([]);
    expect(tracked.files).toEqual(expect.arrayContaining(TYPED_FILES));
    expect(tracked.why['deep.cts']).toEqual(['apps.ts > common.cts > deep.cts']);
  });

  it('is tracked where the loader comes behind the tracker', async () => {
    using tree = tempTree({ ...TYPED, 'loader.mjs': `import ${JSON.stringify(url)};` });
    const tracked = await track(tree.folder, ['loader.mjs', 'apps.ts']);
    expect(tracked.failed).toEqual([]);
    expect(tracked.files).toEqual(expect.arrayContaining(TYPED_FILES));
  });

  it('is tracked with its mistakes', async () => {
    using tree = tempTree({
      ...TYPED,
      'broken.ts': 'import { gone } from "./gone.js"; export const a: number = gone;',
    });
    const tracked = await track(tree.folder, ['broken.ts'], { flags: ['--import', url] });
    expect(tracked.failed).toHaveLength(1);
    expect(tracked.files).toEqual(expect.arrayContaining(['broken.ts', 'gone.js', 'gone.ts']));
  });
});

describe('threads of the user', () => {
  const files = {
    'app.mjs': `import { Worker } from 'node:worker_threads';
      const ended = (options) => new Promise((done) =>
        new Worker(new URL('./thread.mjs', import.meta.url), options).on('exit', done));
      export const later = () => ended({});`,
    'thread.mjs': 'import "./in-thread.mjs"; import "./common.cjs";',
    'in-thread.mjs': '',
    'common.cjs': 'require("./deep.cjs");',
    'deep.cjs': '',
  };

  it('are tracked where they inherit the flag', async () => {
    using tree = tempTree(files);
    const options = { flags: ['--import', THREAD_ENTRY], until: 'deep.cjs' };
    const tracked = await track(tree.folder, ['app.mjs'], options);
    expect(tracked.files).toEqual(expect.arrayContaining(Object.keys(files)));
    expect(tracked.why['deep.cjs']).toEqual(['app.mjs > thread.mjs > common.cjs > deep.cjs']);
  });

  it('are what the file stands on that made them, be it in a thread itself', async () => {
    using tree = tempTree({
      'app.mjs': `import { Worker } from 'node:worker_threads';
        export const later = () => new Promise((done) =>
          new Worker(new URL('./outer thread.mjs', import.meta.url)).on('exit', done));`,
      'outer thread.mjs': `import { Worker } from 'node:worker_threads';
        class Own extends Worker {}
        new Own(new URL('./inner.cjs', import.meta.url));`,
      'inner.cjs': 'require("./deep.cjs");',
      'deep.cjs': '',
    });
    const options = { flags: ['--import', THREAD_ENTRY], until: 'deep.cjs' };
    const tracked = await track(tree.folder, ['app.mjs'], options);
    expect(tracked.why['deep.cjs']).toEqual(['app.mjs > outer thread.mjs > inner.cjs > deep.cjs']);
  });

  it('end by themselves, and so does a process that has the flag and nothing to track', async () => {
    using tree = tempTree({ ...files, 'main.mjs': `(await import('./app.mjs')).later().then(console.log);` });
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', THREAD_ENTRY, join(tree.folder, 'main.mjs')],
      { timeout: 20_000, env: { ...process.env, NODE_OPTIONS: '' } },
    );
    expect(stdout).toBe('0\n');
  });
});
