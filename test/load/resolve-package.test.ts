import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import {
  findPackage,
  importConditions,
  packageNameOf,
  resolvePackage,
} from '../../src/load/resolve-package.js';
import { loadInProcess } from '../helpers/load-in-process.js';
import { tempTree } from '../helpers/temp-tree.js';

const PACKAGES = {
  'package.json': '{"name": "site", "exports": {"./apps": "./src/apps.mjs"}}',
  'src/apps.mjs': '',
  'conf/live/site.ini': '',
  'node_modules/dual/package.json':
    '{"name": "dual", "exports": {".": {"require": "./index.cjs", "import": "./index.mjs"}, "./sub": "./sub.mjs"}}',
  'node_modules/dual/index.cjs': '',
  'node_modules/dual/index.mjs': '',
  'node_modules/dual/sub.mjs': '',
  'node_modules/@scope/old/package.json': '{"name": "@scope/old", "main": "./lib/main.js"}',
  'node_modules/@scope/old/lib/main.js': '',
  'node_modules/@scope/old/lib/other.js': '',
  'node_modules/broken/package.json': '{"name": ',
  'conf/node_modules/near/package.json': '{"name": "near"}',
  'node_modules/near/package.json': '{"name": "near", "version": "1.0.0"}',
};

describe('resolvePackage', () => {
  it('resolves as an import in a module of that folder would', async () => {
    using tree = tempTree(PACKAGES);
    const resolved = async (specifier: string) =>
      fileURLToPath(await resolvePackage(specifier, join(tree.folder, 'conf/live'))).slice(
        tree.folder.length + 1,
      );
    expect(await resolved('dual')).toBe('node_modules/dual/index.mjs');
    expect(await resolved('dual/sub')).toBe('node_modules/dual/sub.mjs');
    expect(await resolved('@scope/old')).toBe('node_modules/@scope/old/lib/main.js');
    expect(await resolved('@scope/old/lib/other.js')).toBe('node_modules/@scope/old/lib/other.js');
    expect(await resolved('site/apps')).toBe('src/apps.mjs');
  });

  it("rejects with Node's own words", async () => {
    using tree = tempTree(PACKAGES);
    await expect(resolvePackage('gone', tree.folder)).rejects.toThrow("Cannot find package 'gone'");
    await expect(resolvePackage('dual/hidden', tree.folder)).rejects.toThrow('./hidden');
  });
});

describe('importConditions', () => {
  it('adds those that the flags of the process name', () => {
    expect([...importConditions([])]).toEqual(expect.arrayContaining(['node', 'import', 'node-addons']));
    const flags = [
      '--no-addons',
      '-C',
      'development',
      '--conditions=edge',
      '--conditions',
      'custom',
      '--inspect',
    ];
    const conditions = [...importConditions(flags)];
    expect(conditions).toEqual(expect.arrayContaining(['node', 'import', 'development', 'edge', 'custom']));
    expect(conditions).not.toContain('node-addons');
  });

  it.each([[], ['-C', 'development'], ['--no-addons']])(
    'gets the file that an import gets with the flags %j',
    async (...flags) => {
      using tree = tempTree({
        'apps.mjs': 'import kind from "dual"; export const imported = () => kind;',
        'node_modules/dual/package.json': `{"name": "dual", "exports": {
        "development": "./d.mjs", "module-sync": "./m.mjs", "node-addons": "./a.mjs", "import": "./i.mjs"}}`,
        'node_modules/dual/d.mjs': 'export default "d"; export const own = () => "d";',
        'node_modules/dual/m.mjs': 'export default "m"; export const own = () => "m";',
        'node_modules/dual/a.mjs': 'export default "a"; export const own = () => "a";',
        'node_modules/dual/i.mjs': 'export default "i"; export const own = () => "i";',
      });
      const [imported, own] = await loadInProcess(tree.folder, ['apps:imported', 'dual:own'], { flags });
      expect(imported).toEqual({ value: expect.stringMatching(/^[dmai]$/) });
      expect(own).toEqual(imported);
    },
  );
});

describe('findPackage', () => {
  it('finds the nearest package of that name', () => {
    using tree = tempTree(PACKAGES);
    const from = join(tree.folder, 'conf/live');
    expect(findPackage('near', from)).toEqual({
      folder: join(tree.folder, 'conf/node_modules/near'),
      manifest: { name: 'near' },
    });
    expect(findPackage('@scope/old', from)?.folder).toBe(join(tree.folder, 'node_modules/@scope/old'));
    expect(findPackage('gone', from)).toBeNull();
  });

  it('finds the package that the folder lies in', () => {
    using tree = tempTree(PACKAGES);
    expect(findPackage('site', join(tree.folder, 'conf/live'))?.folder).toBe(tree.folder);
  });

  it('takes a package.json that is no JSON for one that says nothing', () => {
    using tree = tempTree(PACKAGES);
    expect(findPackage('broken', tree.folder)?.manifest).toBeNull();
  });
});

describe('packageNameOf', () => {
  it('leaves out what stands behind the name', () => {
    expect(packageNameOf('pg')).toBe('pg');
    expect(packageNameOf('pg/native')).toBe('pg');
    expect(packageNameOf('@scope/name/sub/file.js')).toBe('@scope/name');
  });
});
