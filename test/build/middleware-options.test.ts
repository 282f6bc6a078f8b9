import { describe, expect, it } from '@jest/globals';
import { middlewareOptions } from '../../src/build/middleware-options.js';
import { problemOf } from '../helpers/problems.js';

describe('the options of middleware', () => {
  it.each([
    ['true', true],
    ['false', false],
    ['null', null],
    ['60000', 60_000],
    ['-1.5e3', -1500],
    ['["GET", "PUT"]', ['GET', 'PUT']],
    ['{"a": {"b": 1}}', { a: { b: 1 } }],
    ['"true"', 'true'],
    ['', ''],
    ['yes', 'yes'],
    ['0123', '0123'],
    ['[not json]', '[not json]'],
    ['1.2.3', '1.2.3'],
    ['combined', 'combined'],
  ])('take %s as what it says', (text, value) => {
    expect(middlewareOptions({ key: text })).toEqual({ key: value });
  });

  it('make objects of dotted keys', () => {
    const conf = { 'cookie.maxAge': '1', 'cookie.secure': 'true', 'a.b.c': 'x', secret: 's' };
    expect(middlewareOptions(conf)).toEqual({
      cookie: { maxAge: 1, secure: true },
      a: { b: { c: 'x' } },
      secret: 's',
    });
  });

  it('set no prototype', () => {
    const options = middlewareOptions({ '__proto__.polluted': 'yes' });
    expect(Object.getPrototypeOf(options)).toBe(Object.prototype);
    expect(Object.hasOwn(options, '__proto__')).toBe(true);
    expect('polluted' in {}).toBe(false);
  });

  it.each([
    { cookie: '1', 'cookie.maxAge': '2' },
    { 'cookie.maxAge': '2', cookie: '1' },
  ])('are refused where a key is a value and an object: %j', async (conf) => {
    const problem = await problemOf(() => middlewareOptions(conf));
    expect(problem.code).toBe('bad-value');
    expect(problem.message).toContain('"cookie');
  });
});
