import { describe, expect, it } from '@jest/globals';
import {
  importPlaces,
  isInstalled,
  type KindOf,
  manifestsOf,
  neighbourhood,
} from '../../src/load/module-surroundings.js';

/** A disk on which these files and, with a slash behind them, folders exist. */
function disk(...paths: readonly string[]): KindOf {
  return (path) => (paths.includes(path) ? 'file' : paths.includes(`${path}/`) ? 'folder' : null);
}
const nothing = disk();

/** Where it is looked for in vain. */
function candidates(specifier: string, importer: string, kindOf: KindOf = nothing): readonly string[] {
  return importPlaces(specifier, importer, null, kindOf);
}

describe('importPlaces where nothing was found', () => {
  it('gives a name without an extension each of them, then the index of a folder', () => {
    const names = ['js', 'mjs', 'cjs', 'ts', 'mts', 'cts', 'json'];
    const expected = [
      '/srv/lib/a',
      ...names.map((name) => `/srv/lib/a.${name}`),
      ...names.map((name) => `/srv/lib/a/index.${name}`),
    ];
    expect(candidates('./lib/a', '/srv/app.js')).toEqual(expected);
    expect(candidates('/srv/lib/a', '/elsewhere/app.js')).toEqual(expected);
    expect(candidates('file:///srv/lib/a', '/elsewhere/app.js')).toEqual(expected);
  });

  it('leaves a folder out that is there, but not what may be made in it', () => {
    const found = candidates('./lib', '/srv/app.js', disk('/srv/lib/'));
    expect(found).not.toContain('/srv/lib');
    expect(found).toContain('/srv/lib/index.js');
  });

  it('takes a dot that begins no extension for a part of the name', () => {
    expect(candidates('./config.prod', '/srv/app.js')).toContain('/srv/config.prod.js');
  });

  it('gives a name with an extension as it is, and what it may be compiled from', () => {
    expect(candidates('../a.js', '/srv/lib/app.js')).toEqual(['/srv/a.js', '/srv/a.ts', '/srv/a.tsx']);
    expect(candidates('./a.mjs?v=1', '/srv/app.js')).toEqual(['/srv/a.mjs', '/srv/a.mts']);
    expect(candidates('./a.json', '/srv/app.js')).toEqual(['/srv/a.json']);
  });

  it('looks for a package where an install would put it, and wherever there is a node_modules', () => {
    const exists = disk('/repo/node_modules/', '/repo/app/package.json');
    const found = candidates('@scope/driver/sub', '/repo/app/src/a.js', exists);
    expect(found.filter((path) => path.endsWith('driver'))).toEqual([
      '/repo/app/node_modules/@scope/driver',
      '/repo/node_modules/@scope/driver',
    ]);
    expect(found).toContain('/repo/app/node_modules/.package-lock.json');
  });

  it('looks beside the module where there is no package.json', () => {
    expect(candidates('driver', '/srv/a.js')[0]).toBe('/srv/node_modules/driver');
  });

  it('looks beside a package for what it needs, not in a node_modules of node_modules', () => {
    const exists = disk('/srv/node_modules/a/package.json', '/srv/node_modules/');
    const found = candidates('driver', '/srv/node_modules/a/index.js', exists);
    expect(found.filter((path) => path.endsWith('driver'))).toEqual([
      '/srv/node_modules/a/node_modules/driver',
      '/srv/node_modules/driver',
    ]);
  });

  it.each(['#internal', 'node:nothing', 'https://example.com/a.js', ''])('has none for "%s"', (specifier) => {
    expect(candidates(specifier, '/srv/a.js')).toEqual([]);
  });
});

describe('importPlaces where something was found', () => {
  it('are none for the common case: the file that is named', () => {
    const fail = (): never => {
      throw new Error('looked at the disk');
    };
    expect(importPlaces('./a.js', '/srv/app.js', '/srv/a.js', fail)).toEqual([]);
  });

  it('are for a package its package.json, and those that would be found before it', () => {
    const exists = disk(
      '/srv/app/package.json',
      '/srv/node_modules/',
      '/srv/node_modules/@scope/driver/package.json',
      '/node_modules/',
    );
    const found = '/packages/driver/lib/index.js';
    expect(importPlaces('@scope/driver/sub', '/srv/app/a.js', found, exists)).toEqual([
      '/srv/app/node_modules/@scope/driver/package.json',
      '/srv/node_modules/@scope/driver/package.json',
    ]);
    expect(importPlaces('mapped', '/srv/app/a.js', '/srv/app/lib/mapped.ts', exists)).toEqual([]);
  });

  it('are what would come before it', () => {
    const there = disk('/srv/a/', '/srv/a.cjs');
    expect(importPlaces('./a', '/srv/app.js', '/srv/a.cjs', there)).toEqual(['/srv/a.js', '/srv/a.mjs']);
    expect(importPlaces('./a.js', '/srv/app.js', '/srv/a.ts', disk('/srv/a.ts'))).toEqual(['/srv/a.js']);
  });

  it('end in the link that leads to it', () => {
    const there = disk('/srv/current/a.js');
    expect(importPlaces('/srv/current/a.js', '/srv/app.js', '/srv/1/a.js', there)).toEqual([
      '/srv/current/a.js',
    ]);
  });
});

describe('manifestsOf', () => {
  it('is the nearest package.json, behind the places of a nearer one', () => {
    const exists = disk('/srv/package.json', '/srv/app/package.json');
    expect(manifestsOf(neighbourhood('/srv/app/lib/deep/a.js'), exists)).toEqual([
      '/srv/app/lib/deep/package.json',
      '/srv/app/lib/package.json',
      '/srv/app/package.json',
    ]);
    expect(manifestsOf('/srv', exists)).toEqual(['/srv/package.json']);
  });

  it("is the place of one in the module's own folder where there is none", () => {
    expect(manifestsOf('/srv/deep/folder', nothing)).toEqual(['/srv/deep/folder/package.json']);
  });

  it('is for packages what an install leaves in the outermost node_modules', () => {
    const exists = disk(
      '/srv/node_modules/.modules.yaml',
      '/srv/node_modules/.pnpm/a/node_modules/a/package.json',
    );
    const folder = neighbourhood('/srv/node_modules/.pnpm/a/node_modules/a/lib/index.js');
    expect(folder).toBe('/srv/node_modules');
    expect(manifestsOf(folder, exists)).toEqual(['/srv/node_modules/.modules.yaml']);
  });
});

describe('isInstalled', () => {
  it('is true below node_modules only', () => {
    expect(isInstalled('/srv/node_modules/a/index.js')).toBe(true);
    expect(isInstalled('/srv/my_node_modules/a.js')).toBe(false);
    expect(isInstalled('/srv/node_modules')).toBe(false);
  });
});
