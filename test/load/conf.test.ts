import { describe, expect, it } from '@jest/globals';
import { plainValues } from '../../src/config/settings-record.js';
import { ConfReads } from '../../src/load/conf.js';
import { settingsIn } from '../helpers/origins.js';

const SETTINGS = settingsIn('/srv/site.ini', { a: '1', b: '2', ['__proto__']: '3', constructor: '4' });

function unreadAfter(use: (conf: Record<string, string>) => unknown): readonly string[] {
  const reads = new ConfReads();
  use(reads.watch(settingsIn('/srv/site.ini', { a: '1', b: '2', c: '3' })));
  return reads.unread.map(({ key }) => key);
}

describe('ConfReads', () => {
  it.each([
    ['nothing', () => undefined, ['a', 'b', 'c']],
    ['one value', (conf) => conf['a'], ['b', 'c']],
    ['some by destructuring', ({ a, b }) => [a, b], ['c']],
    ['the rest by destructuring', ({ a: _a, ...rest }) => rest, []],
    ['a copy', (conf) => ({ ...conf }), []],
    ['the list of keys', (conf) => Object.keys(conf), []],
    ['the entries', (conf) => Object.entries(conf), []],
    [
      'each key in a loop',
      (conf) => {
        for (const _key in conf);
      },
      [],
    ],
    ['JSON', (conf) => JSON.stringify(conf), []],
    ['whether a key is in it', (conf) => 'b' in conf, ['a', 'c']],
    ['whether it has an own key', (conf) => Object.hasOwn(conf, 'b'), ['a', 'c']],
    ['a key that is not there', (conf) => conf['d'] ?? 'default', ['a', 'b', 'c']],
    [
      'a value that is written over',
      (conf) => {
        conf['a'] = '9';
      },
      ['a', 'b', 'c'],
    ],
    [
      'a value that is deleted',
      (conf) => {
        delete conf['a'];
      },
      ['a', 'b', 'c'],
    ],
  ] satisfies [string, (conf: Record<string, string>) => unknown, string[]][])(
    'notices who reads %s',
    (_what, use, unread) => {
      expect(unreadAfter(use)).toEqual(unread);
    },
  );

  it('gives a record that can be used like a plain one', () => {
    const conf = new ConfReads().watch(SETTINGS);
    expect({ ...conf }).toEqual({ ...plainValues(SETTINGS) });
    conf['new'] = 'x';
    delete conf['a'];
    expect(Object.keys(conf)).toEqual(['b', '__proto__', 'constructor', 'new']);
    expect(conf['toString']).toBeUndefined();
    expect(String(Object.getPrototypeOf(conf))).toBe('null');
  });

  it('counts a setting as read once any of several calls has read it', () => {
    const reads = new ConfReads();
    reads.watch(settingsIn('/srv/site.ini', { a: '1', b: '2' }));
    expect(reads.watch(settingsIn('/srv/site.ini', { a: '1', b: '2' }))['a']).toBe('1');
    expect(reads.unread.map(({ key }) => key)).toEqual(['b']);
    expect(reads.unread[0]?.setting.origin.span?.start.line).toBe(2);
  });

  it('tells settings of the same key in different files apart', () => {
    const reads = new ConfReads();
    expect(reads.watch(settingsIn('/srv/a.ini', { a: '1' }))['a']).toBe('1');
    reads.watch(settingsIn('/srv/b.ini', { a: '1' }));
    expect(reads.unread.map(({ setting }) => setting.origin.file)).toEqual(['/srv/b.ini']);
  });
});
