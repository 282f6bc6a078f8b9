import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { describeSearch, isPath, locateFile, nearestModule } from '../../src/load/locate-module.js';
import { tempTree } from '../helpers/temp-tree.js';

/** The file found among `names`, relative to their folder. */
function found(module: string, ...names: readonly string[]): string | null {
  using tree = tempTree(Object.fromEntries(names.map((name) => [name, ''])));
  return locateFile(module, tree.folder)?.slice(tree.folder.length + 1) ?? null;
}

describe('locateFile', () => {
  it.each(['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'])('finds a name with %s behind it', (extension) => {
    expect(found('apps', `apps${extension}`)).toBe(`apps${extension}`);
  });

  it('prefers JavaScript to the TypeScript it was compiled from', () => {
    expect(found('apps', 'apps.ts', 'apps.cjs', 'apps.mjs', 'apps.js')).toBe('apps.js');
    expect(found('apps', 'apps.ts', 'apps.cjs')).toBe('apps.cjs');
    expect(found('./apps.ts', 'apps.ts', 'apps.js')).toBe('apps.ts');
  });

  it('finds the index of a folder, after a file of that name', () => {
    expect(found('apps', 'apps/index.mjs')).toBe('apps/index.mjs');
    expect(found('apps', 'apps/index.js', 'apps.ts')).toBe('apps.ts');
    expect(found('./apps/', 'apps/index.js')).toBe('apps/index.js');
    expect(found('.', 'index.js')).toBe('index.js');
  });

  it('takes a path as it is', () => {
    expect(found('./lib/apps.js', 'lib/apps.js')).toBe('lib/apps.js');
    expect(found('lib/apps.js', 'lib/apps.js')).toBe('lib/apps.js');
    expect(found('./lib/apps', 'lib/apps')).toBe('lib/apps');
    expect(found('./lib/apps', 'lib/apps.mjs')).toBe('lib/apps.mjs');
  });

  it('finds the source of a file that TypeScript would compile', () => {
    expect(found('./apps.js', 'apps.ts')).toBe('apps.ts');
    expect(found('./apps.mjs', 'apps.mts')).toBe('apps.mts');
    expect(found('./apps.cjs', 'apps.cts')).toBe('apps.cts');
    expect(found('./apps.js', 'apps.mts')).toBeNull();
  });

  it('takes dots for folders, as Python does, after a file that has them in its name', () => {
    expect(found('pkg.sub.mod', 'pkg/sub/mod.js')).toBe('pkg/sub/mod.js');
    expect(found('pkg.sub', 'pkg/sub/index.ts')).toBe('pkg/sub/index.ts');
    expect(found('pkg.sub', 'pkg.sub.js', 'pkg/sub.js')).toBe('pkg.sub.js');
  });

  it('takes an absolute path', () => {
    using tree = tempTree({ 'apps.mjs': '' });
    expect(locateFile(join(tree.folder, 'apps.mjs'), '/')).toBe(join(tree.folder, 'apps.mjs'));
  });

  it('finds files only', () => {
    expect(found('apps.js', 'apps.js/nothing.txt')).toBeNull();
    expect(found('apps', 'other.js')).toBeNull();
    expect(found('apps/sub', 'apps')).toBeNull();
  });
});

describe('isPath', () => {
  it('tells what can only be a file from what may be a package', () => {
    expect(['./a', '../a', '.', '/srv/a.js'].map(isPath)).toEqual([true, true, true, true]);
    expect(['a', 'a/b', '@a/b', '.hidden', 'a.js'].map(isPath)).toEqual([false, false, false, false, false]);
  });
});

describe('hints', () => {
  it('tell where a name was looked for', () => {
    expect(describeSearch('apps')).toBe('apps.{js,mjs,cjs,ts,mts,cts}, apps/index.*');
    expect(describeSearch('./apps.js')).toBe('./apps.js, ./apps.ts, ./apps.tsx');
    expect(describeSearch('pkg.mod')).toBe(
      'pkg.mod.{js,mjs,cjs,ts,mts,cts}, pkg.mod/index.*, pkg/mod.{js,mjs,cjs,ts,mts,cts}, pkg/mod/index.*',
    );
  });

  it('name the file that was probably meant, the way the module was written', () => {
    using tree = tempTree({ 'apps.mjs': '', 'lib/models.ts': '', 'appz.txt': '' });
    expect(nearestModule('aps', tree.folder)).toBe('apps');
    expect(nearestModule('lib.model', tree.folder)).toBe('lib.models');
    expect(nearestModule('./lib/modles.ts', tree.folder)).toBe('./lib/models.ts');
    expect(nearestModule('somewhere', tree.folder)).toBeNull();
    expect(nearestModule('no/such/folder', tree.folder)).toBeNull();
  });
});
