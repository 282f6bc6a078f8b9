import { symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { findMatches, isPassing, parsePattern } from '../../src/supervise/patterns.js';
import { tempTree } from '../helpers/temp-tree.js';

function matches(pattern: string, path: string): boolean {
  return parsePattern(pattern).some((one) => one.matches(path));
}

describe('parsePattern', () => {
  it.each([
    ['/t/*.html', '/t/a.html', true],
    ['/t/*.html', '/t/a.htm', false],
    ['/t/*.html', '/t/sub/a.html', false],
    ['/t/*.html', '/t/.html', false],
    ['/t/a.html', '/t/axhtml', false],
    ['/t/?.html', '/t/a.html', true],
    ['/t/?.html', '/t/ab.html', false],
    ['/t/**/*.html', '/t/a.html', true],
    ['/t/**/*.html', '/t/b/c/a.html', true],
    ['/t/**/*.html', '/t/.b/a.html', false],
    ['/t/**/*.html', '/t/node_modules/a.html', false],
    ['/t/**', '/t/b/c', true],
    ['/t/*/x/*.html', '/t/b/x/a.html', true],
    ['/t/*/x/*.html', '/t/b/y/a.html', false],
    ['/t/*.{html,css}', '/t/a.css', true],
    ['/t/*.{html,css}', '/t/a.js', false],
    ['/t/{a,b{1,2}}.html', '/t/b2.html', true],
    ['/t/{a,b{1,2}}.html', '/t/b.html', false],
    ['/t/(a)+[b].html', '/t/(a)+[b].html', true],
    ['/t/{a.html', '/t/{a.html', true],
    ['/t/.env*', '/t/.env.local', true],
  ])('%s on %s: %s', (pattern, path, expected) => {
    expect(matches(pattern, path)).toBe(expected);
  });

  it('lets a path stand for a file, or for all that lies below a folder', () => {
    expect(matches('/t/folder', '/t/folder')).toBe(true);
    expect(matches('/t/folder/', '/t/folder/b/c.html')).toBe(true);
    expect(matches('/t/folder', '/t/folder2')).toBe(false);
  });

  it('matches what comes and goes only where it is asked for', () => {
    expect(matches('/t/**', '/t/server.log')).toBe(false);
    expect(matches('/t', '/t/run/server.pid')).toBe(false);
    expect(matches('/t/*.log', '/t/server.log')).toBe(true);
    expect(matches('/t/server.log', '/t/server.log')).toBe(true);
  });

  it('knows the folder below which everything lies', () => {
    expect(parsePattern('/t/a/*.html').map(({ base, depth }) => [base, depth])).toEqual([['/t/a', 0]]);
    expect(parsePattern('/t/*/a/b.html').map(({ base, depth }) => [base, depth])).toEqual([['/t', 2]]);
    expect(parsePattern('/*.html').map(({ base }) => base)).toEqual(['/']);
    expect(parsePattern('/t/**/a.html')[0]?.depth).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('isPassing', () => {
  it('knows logs, pid files, sockets and what editors leave behind', () => {
    const passing = [
      'a.log',
      'a.log.1',
      'a.log.2.gz',
      'a.pid',
      'a.sock',
      '.a.js.swp',
      'a.js~',
      '.#a.js',
      '4913',
    ];
    expect(passing.filter((name) => !isPassing(name))).toEqual([]);
    expect(['a.js', 'log', 'catalog.ts', 'pid.js', '49130'].filter(isPassing)).toEqual([]);
  });
});

describe('findMatches', () => {
  it('finds files, and the folders in which more may come', () => {
    using tree = tempTree({
      'pages/a.html': '',
      'pages/b.css': '',
      'pages/deep/er/c.html': '',
      'pages/.hidden/d.html': '',
      'pages/node_modules/e.html': '',
      'pages/app.log': '',
    });
    symlinkSync('deep', join(tree.folder, 'pages/link'));
    const found = findMatches(parsePattern(join(tree.folder, 'pages/**/*.html')));
    const within = (paths: ReadonlySet<string>): string[] =>
      [...paths].map((path) => relative(tree.folder, path));
    expect(within(found.files)).toEqual(['pages/a.html', 'pages/deep/er/c.html']);
    expect(within(found.folders)).toEqual(['pages', 'pages/deep', 'pages/deep/er']);
    expect(found.isCut).toBe(false);
  });

  it('looks no deeper than a pattern reaches', () => {
    using tree = tempTree({ 'a/b/c/x.html': '', 'a/x.html': '' });
    const found = findMatches(parsePattern(join(tree.folder, 'a/*.html')));
    expect([...found.folders]).toEqual([join(tree.folder, 'a')]);
  });

  it('finds nothing in a folder that is not there, and waits for it', () => {
    const found = findMatches(parsePattern('/no/such/folder/*.html'));
    expect([...found.files]).toEqual([]);
    expect([...found.folders]).toEqual(['/no/such/folder']);
  });

  it('stops somewhere', () => {
    const list = (): { name: string; isFolder: boolean }[] =>
      Array.from({ length: 100 }, (_, index) => ({ name: `again${index}`, isFolder: true }));
    const endless = { list } as unknown as Parameters<typeof findMatches>[1];
    expect(findMatches(parsePattern('/**'), endless).isCut).toBe(true);
  });
});
