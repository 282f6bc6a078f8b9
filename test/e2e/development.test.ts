import { execFileSync } from 'node:child_process';
import { readdirSync, renameSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { answering, Developing, INI, iniOf } from '../helpers/developing.js';
import { eventually } from '../helpers/eventually.js';

/** Each file that can change says `old` somewhere, and what it says is in the answer. */
const PARTS: Readonly<Record<string, string>> = {
  'site.ini': `[wsgi-serve]
ts_loader = tsx
watch_files = notes/*.txt
[app:main]
use = config:more.ini
own = old
[server:main]
port = 0
`,
  'more.ini': '[app:main]\npaste.app_factory = apps:make\nincluded = old\n',
  'apps.mjs': `
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { esm } from './esm.mjs';
import data from './data.json' with { type: 'json' };
import { typed } from './typed.ts';
const { cjs } = createRequire(import.meta.url)('./classic.cjs');
const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');
export const make = async (globals, { own, included }) => {
  const thread = await new Promise((tell) => {
    const worker = new Worker(new URL('./thread.mjs', import.meta.url));
    worker.once('message', tell);
    worker.unref();
  });
  const parts = ['old', esm, data.json, typed, cjs, read('.env'), read('notes/a.txt'), own, included, thread];
  return (environ, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return parts.join(' ');
  };
};
`,
  'esm.mjs': "export const esm = 'old';\n",
  'data.json': '{"json": "old"}\n',
  'typed.ts': "export const typed: string = 'old';\n",
  'classic.cjs': "exports.cjs = 'old';\n",
  '.env': 'old',
  'notes/a.txt': 'old',
  'thread.mjs':
    "import { parentPort } from 'node:worker_threads';\nimport { word } from './deep.mjs';\nparentPort.postMessage(word);\n",
  'deep.mjs': "export const word = 'old';\n",
};

describe('a save', () => {
  it.each(Object.keys(PARTS).filter((name) => name !== 'thread.mjs'))(
    'of %s leads to one reload, and to the new answer',
    async (name) => {
      await using site = new Developing(PARTS);
      expect(await site.body()).not.toContain('new');
      site.write(name, PARTS[name]?.replace('old', 'new') ?? '');
      await site.changed();
      expect((await site.body()).split('new')).toHaveLength(2);
      expect(site.changes).toEqual([[name]]);
    },
  );

  it('of a file that comes to match a pattern counts, and then its changes do', async () => {
    await using site = new Developing(PARTS);
    await site.body();
    site.write('notes/b.txt', 'first');
    await site.reloaded(2);
    site.write('notes/b.txt', 'second');
    await site.reloaded(3);
    expect(site.changes).toEqual([['notes/b.txt'], ['notes/b.txt']]);
  });

  it('of a file that would be found first now counts', async () => {
    await using site = new Developing({ 'apps.mjs': answering("'module'") });
    expect(await site.body()).toBe('module');
    site.write('apps.js', answering("'script'"));
    await site.changed();
    expect(await site.body()).toBe('script');
  });

  it('of what says which file a package is counts, and a link to it that is moved', async () => {
    await using site = new Developing({
      'apps.mjs': `import word from 'words';\n${answering('word')}`,
      'node_modules/words/package.json': '{"main": "a.js"}',
      'node_modules/words/a.js': "module.exports = 'a';",
      'node_modules/words/b.js': "module.exports = 'b';",
      'linked/package.json': '{"main": "c.js"}',
      'linked/c.js': "module.exports = 'c';",
    });
    expect(await site.body()).toBe('a');
    site.write('node_modules/words/package.json', '{"main": "b.js"}');
    await site.changed();
    expect(await site.body()).toBe('b');
    const words = site.folder.file('node_modules/words');
    renameSync(words, site.folder.file('old'));
    symlinkSync(site.folder.file('linked'), words);
    await eventually(async () => (await site.body()) === 'c');
  });

  it('of a module that was loaded long after the start counts', async () => {
    const late =
      "(globalThis.late ??= import('./late.mjs').then(({ word }) => (globalThis.word = word)), globalThis.word)";
    await using site = new Developing({
      'apps.mjs': answering(late),
      'late.mjs': "export const word = 'old';",
    });
    await eventually(async () => (await site.body()) === 'old');
    await eventually(async () => (await site.run('why', 'late.mjs', 'site.ini')).code === 0);
    site.write('late.mjs', "export const word = 'new';");
    await site.changed();
    await eventually(async () => (await site.body()) === 'new');
    expect(site.changes).toEqual([['late.mjs']]);
  });

  it('of what nothing has loaded, or that changes nothing, or that is our own, does not count', async () => {
    const files = { 'apps.mjs': answering("'old'"), 'site.ini': iniOf({ program: 'watch_files = *' }) };
    await using site = new Developing(files, ['--pid-file', 'run.pid']);
    await site.body();
    expect(readdirSync(site.folder.path)).toEqual(expect.arrayContaining(['run.pid', 'run.control.sock']));
    site.write('folder/unknown.mjs', '1');
    site.write('own.log', 'a line');
    const now = new Date();
    utimesSync(site.folder.file('apps.mjs'), now, now);
    site.write('site.ini', files['site.ini']);
    site.write('apps.mjs', answering("'new'"));
    await site.changed();
    expect(await site.body()).toBe('new');
    expect(site.changes).toEqual([['apps.mjs']]);
  });
});

describe('an editor', () => {
  /** Each writes `text` to `path` in its own way. */
  const EDITORS: Readonly<Record<string, (path: string, text: string) => void>> = {
    'that renames over the file': (path, text) => {
      writeFileSync(`${path}.tmp`, text);
      renameSync(`${path}.tmp`, path);
    },
    'that moves the old file away, as vim does': (path, text) => {
      writeFileSync(resolve(dirname(path), '4913'), '');
      unlinkSync(resolve(dirname(path), '4913'));
      renameSync(path, `${path}~`);
      writeFileSync(path, text);
      unlinkSync(`${path}~`);
    },
    'that deletes the file and writes another': (path, text) => {
      unlinkSync(path);
      writeFileSync(path, text);
    },
    'that empties the file before it writes': (path, text) => {
      writeFileSync(path, '');
      writeFileSync(path, text);
    },
  };

  it.each(Object.keys(EDITORS))('%s is understood, again and again', async (name) => {
    await using site = new Developing({ 'apps.mjs': answering("'v1'") });
    await site.body();
    for (let version = 2; version <= 4; version += 1) {
      EDITORS[name]?.(site.folder.file('apps.mjs'), answering(`'v${version}'`));
      await site.reloaded(version);
      expect(await site.body()).toBe(`v${version}`);
    }
    expect(site.changes).toEqual([['apps.mjs'], ['apps.mjs'], ['apps.mjs']]);
    expect(site.cli.stderr).toBe('');
  });
});

describe('many changes', () => {
  it('by git are one or two reloads, and later single ones are still seen', async () => {
    const names = Array.from({ length: 500 }, (_, at) => `part${at}.mjs`);
    const modules = (word: string): Record<string, string> =>
      Object.fromEntries(names.map((name) => [name, `export const part = '${word}';`]));
    const imports = names.map((name, at) => `import { part as part${at} } from './${name}';`).join('\n');
    const sum = `[...new Set([${names.map((_, at) => `part${at}`).join()}])].join()`;
    await using site = new Developing({ ...modules('old'), 'apps.mjs': answering(sum, { top: imports }) });
    const git = (...words: string[]): void => {
      const names = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false'];
      execFileSync('git', [...names, ...words], { cwd: site.folder.path, stdio: 'ignore' });
    };
    git('init');
    git('add', '*.mjs');
    git('commit', '-m', 'old');
    expect(await site.body()).toBe('old');
    for (const [name, text] of Object.entries(modules('new'))) site.write(name, text);
    await eventually(async () => (await site.body()) === 'new');
    const before = site.changes.length;
    git('checkout', '--', '.');
    await eventually(async () => (await site.body()) === 'old');
    const after = site.changes.length;
    expect(after - before).toBeLessThanOrEqual(2);
    site.write('part250.mjs', "export const part = 'edited';");
    await site.changed(after + 1);
    expect(await site.body()).toBe('old,edited');
    expect(site.changes.at(-1)).toEqual(['part250.mjs']);
  });

  it('are followed through a link that leads elsewhere', async () => {
    await using site = new Developing({
      'one/apps.mjs': answering("'one'"),
      'two/apps.mjs': answering("'two'"),
      'site.ini': INI.replace('apps:', './current/apps.mjs:'),
    });
    // The start fails, or finds them.
    symlinkSync('two', site.folder.file('next'));
    symlinkSync('one', site.folder.file('current'));
    await eventually(async () => (await site.body()) === 'one');
    renameSync(site.folder.file('next'), site.folder.file('current'));
    await eventually(async () => (await site.body()) === 'two');
  });
});
