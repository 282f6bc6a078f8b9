import { describe, expect, it } from '@jest/globals';
import { decodePath, parseTarget } from '../../src/gateway/target.js';

describe('a request target', () => {
  it.each([
    ['/', { path: '/', query: '', authority: null }],
    ['/a/b?c=d&e', { path: '/a/b', query: 'c=d&e', authority: null }],
    ['/a?', { path: '/a', query: '', authority: null }],
    ['/a?b?c', { path: '/a', query: 'b?c', authority: null }],
    ['/a?%zz%2f+', { path: '/a', query: '%zz%2f+', authority: null }],
    ['//a', { path: '//a', query: '', authority: null }],
    ['*', { path: '', query: '', authority: null }],
    ['http://example.com:81/a?b', { path: '/a', query: 'b', authority: 'example.com:81' }],
    ['HTTPS://Example.com', { path: '/', query: '', authority: 'Example.com' }],
    ['http://example.com?q', { path: '/', query: 'q', authority: 'example.com' }],
    ['http://[::1]:81/a', { path: '/a', query: '', authority: '[::1]:81' }],
  ])('%s is taken apart', (target, parts) => {
    expect(parseTarget(target)).toEqual(parts);
  });

  it.each(['', 'a', 'a/b', 'example.com:443', 'ftp://a/b', 'http://', 'http:///a', 'http://user@a/b', '?q'])(
    '%j is refused',
    (target) => {
      expect(parseTarget(target)).toBeNull();
    },
  );
});

describe('a path', () => {
  it.each([
    ['/a%20b', '/a b'],
    ['/%C3%A9%e2%82%ac', '/\u00e9\u20ac'],
    ['/%F0%9F%98%80', '/\u{1f600}'],
    ['/a%2Fb%3F%25', '/a/b?%'],
    ['/a+b', '/a+b'],
    ['/%zz', '/%zz'],
    ['/%', '/%'],
    ['/%4', '/%4'],
    ['/%%41', '/%A'],
    ['/%zz%41%', '/%zzA%'],
    ['/%2541', '/%41'],
    ['/../%2e%2e/a', '/../../a'],
  ])('%s is %s', (raw, decoded) => {
    expect(decodePath(raw)).toBe(decoded);
  });

  it.each(['/%ff', '/%C3', '/%C3%28', '/%ED%A0%80', '/%C0%AF', '/%F4%90%80%80', '/%00', '/a%00b'])(
    '%s is refused: it is not UTF-8, or holds a NUL',
    (raw) => {
      expect(decodePath(raw)).toBeNull();
    },
  );
});
