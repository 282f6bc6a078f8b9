import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { WsgiServeError } from '../../src/errors.js';
import { importTarget, importTools } from '../../src/load/import-target.js';
import { TsLoader } from '../../src/load/ts-loader.js';
import { placeAt } from '../helpers/origins.js';
import { problemOf } from '../helpers/problems.js';
import { tempTree } from '../helpers/temp-tree.js';

declare const nativeImport: (url: string) => Promise<unknown>;

const FIXTURES = resolve(import.meta.dirname, '../../../test/fixtures/modules');
const TOOLS = importTools({ importModule: nativeImport });

function load(expression: string, folder = FIXTURES) {
  return importTarget(expression, folder, placeAt('/srv/site.ini'), TOOLS);
}

function failure(expression: string, folder = FIXTURES): Promise<WsgiServeError> {
  return problemOf(() => load(expression, folder));
}

describe('importTarget', () => {
  it('finds exports of modules beside the deployment file', async () => {
    const { value, owner } = await load('exports-apps:Home.app_factory');
    expect(value).toBe(Reflect.get(Object(owner), 'app_factory'));
    expect((await load('./exports-apps.mjs:makeApp')).value).toEqual(expect.any(Function));
    expect((await load('exports-apps')).value).toBe((await load('exports-apps:makeApp')).value);
  });

  it.each([
    'exports-an-object.cjs:makeApp',
    'exports-names.cjs:makeApp',
    'exports-a-function.cjs',
    'exports-an-object.cjs:site.make',
  ])('finds %s of CommonJS', async (expression) => {
    expect((await load(expression)).value).toEqual(expect.any(Function));
  });

  it('finds exports of npm packages', async () => {
    using tree = tempTree({
      'node_modules/pages/package.json':
        '{"name": "pages", "exports": {".": {"import": "./a.mjs"}, "./sub": "./b.mjs"}}',
      'node_modules/pages/a.mjs': 'export const make = () => "a";',
      'node_modules/pages/b.mjs': 'export const make = () => "b";',
      'node_modules/@acme/pages/package.json': '{"name": "@acme/pages", "main": "./index.cjs"}',
      'node_modules/@acme/pages/index.cjs': 'exports.make = () => "c";',
    });
    const called = async (expression: string) =>
      Reflect.apply(Object((await load(expression, tree.folder)).value), null, []);
    expect(await called('pages:make')).toBe('a');
    expect(await called('pages/sub:make')).toBe('b');
    expect(await called('@acme/pages:make')).toBe('c');
  });

  it('prefers a file beside the deployment file to a package', async () => {
    using tree = tempTree({
      'pages.mjs': 'export const where = "file";',
      'node_modules/pages/package.json': '{"name": "pages", "exports": "./a.mjs"}',
      'node_modules/pages/a.mjs': 'export const where = "package";',
    });
    expect((await load('pages:where', tree.folder)).value).toBe('file');
  });

  it('says where a missing module was looked for, and which one is near', async () => {
    const problem = await failure('./export-apps.mjs:make');
    expect(problem.code).toBe('module-not-found');
    expect(problem.message).toBe('there is no module "./export-apps.mjs"');
    expect(problem.hint).toBe(
      `Looked in ${FIXTURES} for ./export-apps.mjs, ./export-apps.mts\nDid you mean "./exports-apps.mjs"?`,
    );
    expect(problem.place?.origin.file).toBe('/srv/site.ini');
  });

  it('names the command that installs a package that is missing', async () => {
    using tree = tempTree({ 'site.ini': '' });
    const problem = await failure('@acme/pages/sub:make', tree.folder);
    expect(problem.code).toBe('module-not-found');
    expect(problem.hint).toContain(
      'then for the package "@acme/pages/sub"\nTo install it: npm install @acme/pages',
    );
    expect(problem.cause).toBeDefined();
  });

  it('names the installed package that is near, and an export behind a dot instead of a colon', async () => {
    using tree = tempTree({ 'node_modules/pages/package.json': '{}', 'apps.mjs': '' });
    expect((await failure('pagse/sub:make', tree.folder)).hint).toContain('Or did you mean "pages"?');
    expect((await failure('apps.make', tree.folder)).hint).toContain('Did you mean "apps:make"?');
    expect((await failure('apps.py:make', tree.folder)).hint).not.toContain('apps:py');
  });

  it("repeats Node's words where a package does not have what is asked for", async () => {
    using tree = tempTree({
      'node_modules/pages/package.json': '{"name": "pages", "exports": {".": "./gone.mjs"}}',
      'node_modules/pages/b.mjs': '',
    });
    expect((await failure('pages/b.mjs:make', tree.folder)).hint).toContain(
      `Package subpath './b.mjs' is not defined`,
    );
    const problem = await failure('pages:make', tree.folder);
    expect(problem.code).toBe('module-not-found');
    expect(problem.hint).toContain(join(tree.folder, 'node_modules/pages/gone.mjs'));
  });

  it('tells a module that is missing from one whose import is missing', async () => {
    expect((await failure('no-such-module:make')).code).toBe('module-not-found');
    expect((await failure('imports-missing-package:make')).code).toBe('module-failed');
    expect((await failure('imports-missing-file:make')).code).toBe('module-failed');
    expect((await failure('exports-apps:no_such_export')).code).toBe('export-not-found');
    expect((await failure('exports-apps:')).code).toBe('bad-target');
  });

  it('prepares for TypeScript before it imports, and for nothing else', async () => {
    using tree = tempTree({ 'typed.ts': '', 'plain.mjs': '' });
    const steps: string[] = [];
    const tsLoader = new TsLoader('auto', {
      importModule: async (url) => steps.push(`start ${url}`),
      resolvePackage: async (specifier) => specifier,
      stripsTypes: false,
    });
    const importModule = async (url: string) => {
      steps.push(`import ${url.split('/').at(-1)}`);
      return { make: () => 'app' };
    };
    const tools = importTools({ importModule, tsLoader });
    for (const name of ['plain', 'typed', 'typed'])
      await importTarget(`${name}:make`, tree.folder, null, tools);
    expect(steps).toEqual(['import plain.mjs', 'start tsx', 'import typed.ts', 'import typed.ts']);
  });
});
