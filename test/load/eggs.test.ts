import { describe, expect, it } from '@jest/globals';
import type { ObjectKind } from '../../src/config/deployment.js';
import { type EggTable, hasEgg, loadEntryPoint } from '../../src/load/eggs.js';
import { importTools } from '../../src/load/import-target.js';
import { originAt, placeAt } from '../helpers/origins.js';
import { problemOf } from '../helpers/problems.js';
import { tempTree } from '../helpers/temp-tree.js';

declare const nativeImport: (url: string) => Promise<unknown>;

const urlmap = () => 'urlmap';
const EGGS: EggTable = new Map([
  [
    'Paste',
    {
      'paste.composite_factory': { urlmap: async () => urlmap },
      'paste.filter_app_factory': { gzip: async () => 'gzip', error_catcher: async () => 'catcher' },
      'paste.app_factory': { static: async () => 'static', both: async () => 'app' },
      'paste.composit_factory': { both: async () => 'composite' },
    },
  ],
  ['PasteDeploy', {}],
]);

const PACKAGES = {
  'node_modules/pages/package.json': JSON.stringify({
    name: 'pages',
    paste: {
      app_factory: { main: './apps.mjs:makeApp', other: './apps.mjs:Site.make' },
      'paste.filter_factory': { main: './apps.mjs:makeFilter' },
      filter_app_factory: { main: './apps.mjs:makeFilterApp' },
      'fetch.app': { edge: './apps.mjs:edge' },
      server_runner: { main: './apps.mjs:serve' },
      composite_factory: { broken: './gone.mjs:make', number: 3 },
    },
  }),
  'node_modules/pages/apps.mjs':
    'export const makeApp = 1, makeFilter = 2, makeFilterApp = 3, edge = 4, serve = 5; export const Site = { make: 6 };',
  'node_modules/plain/package.json': '{"name": "plain"}',
};

const TOOLS = { ...importTools({ importModule: nativeImport }), eggs: EGGS };

function load(kind: ObjectKind, egg: string, folder = '/nowhere') {
  const [distribution = '', entry = 'main'] = egg.split('#');
  const target = { kind: 'egg', distribution, entry, origin: originAt('/srv/site.ini') } as const;
  return loadEntryPoint(kind, target, folder, placeAt('/srv/site.ini'), TOOLS);
}

describe('loadEntryPoint', () => {
  it('finds built-in eggs, in whatever case they are written', async () => {
    for (const name of ['Paste', 'paste', 'PASTE']) {
      expect(await load('app', `${name}#urlmap`)).toEqual({
        protocol: 'paste.composite_factory',
        found: { value: urlmap, owner: undefined },
      });
    }
  });

  it('finds the entry points that a package declares', async () => {
    using tree = tempTree(PACKAGES);
    const found = async (kind: ObjectKind, egg: string) => {
      const { protocol, found } = await load(kind, egg, tree.folder);
      return [protocol, found.value];
    };
    expect(await found('app', 'pages')).toEqual(['paste.app_factory', 1]);
    expect(await found('app', 'pages#other')).toEqual(['paste.app_factory', 6]);
    expect(await found('app', 'pages#edge')).toEqual(['fetch.app', 4]);
    expect(await found('server', 'pages')).toEqual(['paste.server_runner', 5]);
  });

  it('prefers a filter factory to a filter app factory of the same name, as PasteDeploy does', async () => {
    using tree = tempTree(PACKAGES);
    expect((await load('filter', 'pages', tree.folder)).protocol).toBe('paste.filter_factory');
  });

  it('refuses a name that two protocols of apps have', async () => {
    const problem = await problemOf(() => load('app', 'Paste#both'));
    expect(problem.code).toBe('ambiguous-entry-point');
    expect(problem.message).toBe(
      '"both" of the egg "Paste" is ambiguous: it is a paste.app_factory and a paste.composit_factory',
    );
  });

  it('says which eggs there are, and which one is near', async () => {
    const near = await problemOf(() => load('app', 'Pasta#urlmap'));
    expect(near.code).toBe('egg-not-found');
    expect(near.message).toBe('the egg "Pasta" is neither built in nor an installed package');
    expect(near.hint).toBe('Built in: Paste, PasteDeploy. Did you mean "Paste"?');
    expect((await problemOf(() => load('app', 'koa'))).hint).toBe(
      'Built in: Paste, PasteDeploy. To install it: npm install koa',
    );
    expect((await problemOf(() => load('app', ''))).hint).toBe(
      'Built in: Paste, PasteDeploy. Example: egg:Paste#urlmap',
    );
  });

  it('says which installed package is near', async () => {
    using tree = tempTree(PACKAGES);
    const { hint } = await problemOf(() => load('app', 'Pagse', tree.folder));
    expect(hint).toMatch(/To install it: npm install Pagse\. Or did you mean "pages"\?$/);
  });

  it('lists the entry points there are, and the nearest', async () => {
    const problem = await problemOf(() => load('app', 'Paste#urlmpa'));
    expect(problem.code).toBe('entry-point-not-found');
    expect(problem.message).toBe('the egg "Paste" has no app "urlmpa"');
    expect(problem.hint).toBe('Entry points of Paste for apps: both, static, urlmap. Did you mean "urlmap"?');
  });

  it('says that an entry point is of another kind', async () => {
    const problem = await problemOf(() => load('app', 'Paste#gzip'));
    expect(problem.hint).toContain('Paste has "gzip" as a paste.filter_app_factory\n');
  });

  it('says that a package declares nothing', async () => {
    using tree = tempTree(PACKAGES);
    const problem = await problemOf(() => load('app', 'plain', tree.folder));
    expect(problem.code).toBe('entry-point-not-found');
    expect(problem.hint).toContain('it has no "paste"');
  });

  it('tells of entry points that lead nowhere', async () => {
    using tree = tempTree(PACKAGES);
    expect((await problemOf(() => load('app', 'pages#broken', tree.folder))).code).toBe('module-not-found');
    expect((await problemOf(() => load('app', 'pages#number', tree.folder))).code).toBe('module-not-found');
  });

  it.each(['constructor', '__proto__', 'toString'])(
    'finds no entry point named %s that nobody declared',
    async (name) => {
      expect((await problemOf(() => load('app', `Paste#${name}`))).code).toBe('entry-point-not-found');
      expect((await problemOf(() => load('app', `${name}#main`))).code).toBe('egg-not-found');
    },
  );
});

describe('hasEgg', () => {
  it('knows what is built in or installed', () => {
    using tree = tempTree(PACKAGES);
    expect(['paste', 'plain', 'gone'].map((name) => hasEgg(name, tree.folder, EGGS))).toEqual([
      true,
      true,
      false,
    ]);
  });
});
