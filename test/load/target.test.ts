import { describe, expect, it } from '@jest/globals';
import { parseTarget } from '../../src/load/target.js';
import { placeAt } from '../helpers/origins.js';
import { problemOf } from '../helpers/problems.js';

describe('parseTarget', () => {
  it.each([
    ['apps:make_app', 'apps', ['make_app']],
    ['apps:MyHome.app_factory', 'apps', ['MyHome', 'app_factory']],
    ['./lib/apps.js:make', './lib/apps.js', ['make']],
    ['../shared/apps.mjs:a.b.c', '../shared/apps.mjs', ['a', 'b', 'c']],
    ['pkg.sub.mod:factory', 'pkg.sub.mod', ['factory']],
    ['@scope/pkg/sub:factory', '@scope/pkg/sub', ['factory']],
    ['  apps : Site . make  ', 'apps', ['Site', 'make']],
    ['apps:$make_2', 'apps', ['$make_2']],
    ['apps:größe', 'apps', ['größe']],
    ['apps:make-app', 'apps', ['make-app']],
    ['./my apps.js:make', './my apps.js', ['make']],
  ])('reads %j', (expression, module, path) => {
    expect(parseTarget(expression, null)).toEqual({ module, path });
  });

  it('takes a module alone for its default export', () => {
    expect(parseTarget('apps', null)).toEqual({ module: 'apps', path: ['default'] });
    expect(parseTarget('./apps.js', null)).toEqual({ module: './apps.js', path: ['default'] });
  });

  it('splits at the last colon, and not behind a drive letter', () => {
    expect(parseTarget('C:\\site\\apps.js:make', null)).toEqual({
      module: 'C:\\site\\apps.js',
      path: ['make'],
    });
    expect(parseTarget('C:/site/apps.js', null)).toEqual({ module: 'C:/site/apps.js', path: ['default'] });
  });

  it.each([
    ['', 'names no module'],
    [':make', 'names no module'],
    ['apps:', 'names no export behind its colon'],
    ['apps:Site.', 'has an empty part in "Site."'],
    ['apps:a..b', 'has an empty part in "a..b"'],
    ['apps:make()', 'has "make()", which is no name of an export'],
    ['apps:make [extra]', 'has "make [extra]", which is no name of an export'],
    ['apps:1st', 'has "1st", which is no name of an export'],
  ])('refuses %j, since it %s', async (expression, reason) => {
    const problem = await problemOf(() => parseTarget(expression, placeAt('/srv/site.ini')));
    expect(problem.code).toBe('bad-target');
    expect(problem.message).toBe(`"${expression}" is not module:export: it ${reason}`);
    expect(problem.place?.origin.file).toBe('/srv/site.ini');
    expect(problem.hint).toContain('apps:MyHome.app_factory');
  });
});
