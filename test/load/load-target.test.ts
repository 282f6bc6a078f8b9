import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Target } from '../../src/config/deployment.js';
import { createTargetLoader } from '../../src/load/load-target.js';
import { originAt } from '../helpers/origins.js';
import { problemOf } from '../helpers/problems.js';
import { tempTree } from '../helpers/temp-tree.js';

declare const nativeImport: (url: string) => Promise<unknown>;

const INI = resolve(import.meta.dirname, '../../../test/fixtures/modules/site.ini');
const EGGS = new Map([['Paste', { 'paste.filter_factory': { trim: async () => () => 'trimmed' } }]]);
const LOADER = createTargetLoader(EGGS, (origin) => ({ origin, source: null }), {
  importModule: nativeImport,
});

function factory(expression: string, file = INI): Target & { readonly kind: 'factory' } {
  return {
    kind: 'factory',
    protocol: 'paste.app_factory',
    expression,
    origin: originAt(file, 'paste.app_factory', 3),
  };
}

describe('a target loader', () => {
  it('loads a factory from beside the file that names it', async () => {
    const loaded = await LOADER.load('app', factory('exports-apps:Home.app_factory'));
    expect(loaded.protocol).toBe('paste.app_factory');
    expect(loaded.name).toBe('exports-apps:Home.app_factory');
    const app = Reflect.apply(Object(loaded.value), loaded.owner, [{ a: '1' }, { b: '2' }]);
    expect(Reflect.apply(Object(app), undefined, [])).toEqual(['{"a":"1","b":"2"}']);
  });

  it('loads from where the program was started what was named in no file', async () => {
    const problem = await problemOf(() =>
      LOADER.load('app', factory('no-such-module:make', '<command line>')),
    );
    expect(problem.hint).toContain(`Looked in ${process.cwd()} for`);
  });

  it('loads call: references and eggs', async () => {
    const call = {
      ...factory('exports-apps:makeApp'),
      kind: 'call',
      protocol: 'paste.composit_factory',
    } as const;
    expect((await LOADER.load('app', call)).protocol).toBe('paste.composit_factory');
    const egg = { kind: 'egg', distribution: 'paste', entry: 'trim', origin: originAt(INI) } as const;
    expect(await LOADER.load('filter', egg)).toMatchObject({
      protocol: 'paste.filter_factory',
      name: 'egg:paste#trim',
    });
  });

  it('points at the line that names what is missing', async () => {
    const problem = await problemOf(() => LOADER.load('app', factory('no-such-module:make')));
    expect(problem.code).toBe('module-not-found');
    expect(problem.place?.origin).toMatchObject({
      file: INI,
      key: 'paste.app_factory',
      span: { start: { line: 3 } },
    });
  });

  it('refuses what cannot be called, and names what can', async () => {
    const problem = await problemOf(() => LOADER.load('app', factory('exports-apps:Home')));
    expect(problem.code).toBe('not-callable');
    expect(problem.message).toBe('"exports-apps:Home" is the class Home, not a function');
    expect(problem.hint).toBe('Functions in it: app_factory');
    const object = await problemOf(() => LOADER.load('app', factory('exports-an-object.cjs:site')));
    expect(object.message).toBe('"exports-an-object.cjs:site" is an object, not a function');
    expect(object.hint).toBe('Functions in it: make');
    expect(
      (await problemOf(() => LOADER.load('app', factory('exports-an-object.cjs:site.name')))).hint,
    ).toBeNull();
  });

  it('checks that required packages are built in or installed', async () => {
    using tree = tempTree({ 'site.ini': '', 'node_modules/pg/package.json': '{"name": "pg"}' });
    const named = (value: string) => [
      { value, origin: originAt(join(tree.folder, 'site.ini'), 'require', 7) },
    ];
    LOADER.require([...named('pg'), ...named('paste')]);
    const problem = await problemOf(() => LOADER.require(named('mysql2')));
    expect(problem.code).toBe('bad-requirement');
    expect(problem.message).toBe('the package "mysql2" is required and not installed');
    expect(problem.place?.origin.span?.start.line).toBe(7);
  });
});
