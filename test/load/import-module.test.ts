import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { formatProblem, type WsgiServeError } from '../../src/errors.js';
import { importUserModule } from '../../src/load/import-module.js';
import { placeAt } from '../helpers/origins.js';
import { problemOf } from '../helpers/problems.js';
import { tempTree } from '../helpers/temp-tree.js';

declare const nativeImport: (url: string) => Promise<unknown>;

const FIXTURES = resolve(import.meta.dirname, '../../../test/fixtures/modules');

function load(name: string, folder = FIXTURES): Promise<object> {
  return importUserModule(
    pathToFileURL(join(folder, name)).href,
    name,
    placeAt('/srv/site.ini'),
    nativeImport,
  );
}

function failure(name: string, folder?: string): Promise<WsgiServeError> {
  return problemOf(() => load(name, folder));
}

describe('importUserModule', () => {
  it('gives the exports of ES modules and of CommonJS', async () => {
    expect(Object.keys(await load('exports-apps.mjs'))).toEqual(['Home', 'app', 'default', 'makeApp']);
    expect(Object.keys(await load('exports-names.cjs'))).toContain('makeApp');
  });

  it('says which line fails, and keeps the error with its stack', async () => {
    const problem = await failure('throws-at-import.mjs');
    expect(problem.code).toBe('module-failed');
    expect(problem.message).toBe(
      'the module "throws-at-import.mjs" fails while it is loaded: ' +
        "TypeError: Cannot read properties of undefined (reading 'host') (throws-at-import.mjs:4:18)",
    );
    expect(problem.cause).toHaveProperty('stack', expect.stringContaining('throws-at-import.mjs:7:1'));
  });

  it('shows that line, and where the deployment names the module', async () => {
    const { place, related } = await failure('throws-at-import.mjs');
    const file = join(FIXTURES, 'throws-at-import.mjs');
    expect(place?.origin).toEqual({
      ...{ file, section: 'app:main', key: null },
      span: { start: { line: 4, column: 18 }, end: { line: 4, column: 22 } },
    });
    expect(place?.source).toEqual({ path: file, text: expect.stringContaining('return setting.host;') });
    expect(related).toEqual([
      { note: '"throws-at-import.mjs" is named here', place: placeAt('/srv/site.ini') },
    ]);
  });

  it.each([
    ['has-a-syntax-error.mjs', 'has-a-syntax-error.mjs:2:9', 'const'],
    ['imports-a-syntax-error.mjs', 'has-a-syntax-error.mjs:2:9', 'const'],
    ['has-a-syntax-error.cjs', 'has-a-syntax-error.cjs:2:1', 'module.exports = fine fine;'],
    [
      'imports-missing-name.mjs',
      'imports-missing-name.mjs:1:1',
      "import { nothing } from './exports-apps.mjs';",
    ],
  ])('shows what is wrong in %s', async (name, where, words) => {
    const [head, ...rows] = formatProblem(await failure(name), FIXTURES).split('\n');
    expect(head?.slice(0, where.length + 2)).toBe(`${where}: `);
    const marked = rows.findIndex((row) => row.startsWith(' > '));
    const column = Number(where.split(':').at(-1));
    expect(rows[marked]?.slice(6 + column).startsWith(words)).toBe(true);
    expect(rows[marked + 1]).toBe(`     | ${' '.repeat(column - 1)}${'^'.repeat(words.length)}`);
    expect(rows[marked + 2]).toBe(` /srv/site.ini:1:1: "${name}" is named here`);
  });

  it('shows the line of the module rather than that of a package which it calls', async () => {
    using tree = tempTree({
      'node_modules/driver/index.cjs': 'exports.connect = (to) => to.host.name;\n',
      'apps.cjs': "const { connect } = require('./node_modules/driver/index.cjs');\n\tconnect({});\n",
    });
    const problem = await failure('apps.cjs', tree.folder);
    expect(problem.message).toContain('(node_modules/driver/index.cjs:1:');
    expect(formatProblem(problem, tree.folder)).toMatch(
      /^apps\.cjs:2:2: .*\n.*\n > 2 \| {2}connect\({}\);\n {5}\| {2}\^{7}\n/,
    );
  });

  it.each([
    ['is in no file', 'throw Object.assign(new Error("oh"), { stack: "Error: oh" });'],
    [
      'is in a file that is gone',
      'throw Object.assign(new Error("oh"), { stack: "Error: oh\\n    at /gone/a.js:1:1" });',
    ],
    [
      'is behind the end of its file',
      'throw Object.assign(new Error("oh"), { stack: "Error: oh\\n    at " + import.meta.filename + ":9:1" });',
    ],
    ['is no error', 'throw "oh";'],
    ['is an import that is missing', 'import "./gone.mjs";'],
  ])('shows where the module is named when what fails %s', async (_what, text) => {
    using tree = tempTree({ 'apps.mjs': text });
    const { place, related, message } = await failure('apps.mjs', tree.folder);
    expect([place, related]).toEqual([placeAt('/srv/site.ini'), []]);
    expect(message).not.toContain('/src/');
  });

  it('shows the line alone where the deployment does not name the module', async () => {
    const url = pathToFileURL(join(FIXTURES, 'throws-at-import.mjs')).href;
    const { place, related } = await problemOf(() => importUserModule(url, 'apps', null, nativeImport));
    expect([place?.origin.section, place?.origin.span?.start.line, related]).toEqual([null, 4, []]);
  });

  it.each([
    ['throws-a-string.mjs', 'non-Error thrown: just text'],
    ['throws-undefined.mjs', 'non-Error thrown: undefined'],
  ])('tells of %s', async (name, message) => {
    const problem = await failure(name);
    expect(problem.code).toBe('module-failed');
    expect(problem.message).toContain(message);
  });

  it('names a package that is missing, and the command that installs it', async () => {
    for (const name of ['imports-missing-package.mjs', 'requires-missing-package.cjs']) {
      const problem = await failure(name);
      expect(problem.code).toBe('module-failed');
      expect(problem.message).toBe(
        `the module "${name}" fails while it is loaded: ${name} imports "no-such-driver", which is not installed`,
      );
      expect(problem.hint).toBe('npm install no-such-driver');
    }
  });

  it('names the module whose import is missing, where it is another', async () => {
    const problem = await failure('imports-a-module-that-imports-missing-package.mjs');
    expect(problem.message).toContain('loaded: imports-missing-package.mjs imports "no-such-driver"');
  });

  it('names a file that is missing', async () => {
    const problem = await failure('imports-missing-file.mjs');
    expect(problem.message).toBe(
      'the module "imports-missing-file.mjs" fails while it is loaded: ' +
        'imports-missing-file.mjs imports "lib/gone.mjs", which does not exist',
    );
    expect(problem.hint).toBeNull();
  });

  it('says where a name is imported that is not exported', async () => {
    const problem = await failure('imports-missing-name.mjs');
    expect(problem.message).toContain(
      "does not provide an export named 'nothing' (imports-missing-name.mjs:1)",
    );
  });

  it.each([
    ['has-a-syntax-error.mjs', "SyntaxError: Unexpected token 'const' (has-a-syntax-error.mjs:2:9)"],
    ['imports-a-syntax-error.mjs', "SyntaxError: Unexpected token 'const' (has-a-syntax-error.mjs:2:9)"],
    ['has-a-syntax-error.cjs', "SyntaxError: Unexpected identifier 'fine' (has-a-syntax-error.cjs:2)"],
  ])('says where the syntax error of %s is', async (name, message) => {
    const problem = await failure(name);
    expect(problem.code).toBe('module-failed');
    expect(problem.message).toBe(`the module "${name}" fails while it is loaded: ${message}`);
  });

  it('gives an empty module for what has no exports', async () => {
    expect(await importUserModule('file:///none.mjs', 'none', null, async () => undefined)).toEqual({});
  });
});
