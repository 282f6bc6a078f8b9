import { describe, expect, it } from '@jest/globals';
import { collapseSlashes, parsePathExpression } from '../../src/paste/path-expression.js';

describe('a path expression', () => {
  it.each<[string, string | null, string]>([
    ['/', null, ''],
    ['', null, ''],
    ['/foo', null, '/foo'],
    ['/foo/', null, '/foo'],
    ['//foo///bar//', null, '/foo/bar'],
    ['  /foo  ', null, '/foo'],
    ['domain example.com', 'example.com', ''],
    ['domain example.com /', 'example.com', ''],
    ['domain example.com /x', 'example.com', '/x'],
    ['domain example.com x', 'example.com', '/x'],
    ['/x domain example.com', 'example.com', '/x'],
    ['port 8080 /x domain example.com', 'example.com:8080', '/x'],
    ['domain Upper.COM /Case', 'upper.com', '/Case'],
    ['domain [::1] port 8080', '[::1]:8080', ''],
    ['http://Example.com', 'example.com', ''],
    ['https://example.com:81/x/', 'example.com:81', '/x'],
  ])('%j is a mount of %j at %j', (expression, domain, path) => {
    expect(parsePathExpression(expression)).toEqual({ domain, path });
  });

  it.each([
    ['domain', "'domain' must be followed with a domain name"],
    ['/x domain', "'domain' must be followed with a domain name"],
    ['domain a domain b', "'domain' given twice"],
    ['domain a port', "'port' must be followed with a port number"],
    ['domain a port 1 port 2', "'port' given twice"],
    ['domain a port x', "'x' is not a port number"],
    ['/a /b', "more than one path given (have '/a', got '/b')"],
    ['port 80 /a', 'If you give a port, you must also give a domain'],
    ['foo', "URL fragments must start with / or http:// (you gave 'foo')"],
    ['ftp://a/b', "URL fragments must start with / or http:// (you gave 'ftp://a/b')"],
  ])('%j is refused: %s', (expression, message) => {
    expect(() => parsePathExpression(expression)).toThrow(
      expect.objectContaining({ code: 'bad-value', message: `mount "${expression}": ${message}` }),
    );
  });
});

describe('slashes', () => {
  it('are collapsed wherever there are several', () => {
    expect(['/', '//', '/a//b///c//', '/a'].map(collapseSlashes)).toEqual(['/', '/', '/a/b/c/', '/a']);
  });
});
