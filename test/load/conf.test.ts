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

class Base {
  readonly conf: Record<string, string>;
  constructor(conf: Record<string, string>) {
    this.conf = conf;
  }
  first() {
    return this.conf['a'];
  }
}
class Derived extends Base {
  static make(conf: Record<string, string>) {
    return new Derived(conf);
  }
  second({ b } = this.conf) {
    return b;
  }
}

describe('what is read when a request comes', () => {
  const unread = (...code: readonly unknown[]): readonly string[] => {
    const reads = new ConfReads();
    reads.watch(settingsIn('/srv/site.ini', { a: '1', b: '2', 'c-d': '3' }), code);
    return reads.unread.map(({ key }) => key);
  };

  it('counts, as far as the factory names it', () => {
    expect(unread((conf: { a: string }) => () => conf.a)).toEqual(['b', 'c-d']);
    expect(unread((conf: Record<string, string>) => () => conf['c-d'])).toEqual(['a', 'b']);
    expect(unread((conf: { a: string; b: string }) => () => ({ ...[conf.a], b: 1 }))).toEqual(['c-d']);
  });

  it('counts in a class and in what it extends', () => {
    expect(unread(Derived.make, Derived)).toEqual(['c-d']);
  });

  it('is not what only looks like a key', () => {
    expect(unread((conf: { ab: string }) => () => conf.ab)).toEqual(['a', 'b', 'c-d']);
    expect(unread(undefined, { a: 1 })).toEqual(['a', 'b', 'c-d']);
  });
});

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
