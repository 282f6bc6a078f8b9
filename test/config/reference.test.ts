import { describe, expect, it } from '@jest/globals';
import { configPath, parseReference } from '../../src/config/reference.js';

describe('a reference', () => {
  it.each([
    ['home', { scheme: null, name: 'home' }],
    ['', { scheme: null, name: '' }],
    ['a1:b', { scheme: null, name: 'a1:b' }],
    [' egg:A', { scheme: null, name: ' egg:A' }],
    ['config:other.ini', { scheme: 'config', path: 'other.ini', name: 'main' }],
    ['CONFIG:a#b#c', { scheme: 'config', path: 'a', name: 'b#c' }],
    ['config:a#', { scheme: 'config', path: 'a', name: '' }],
    ['egg:Paste', { scheme: 'egg', distribution: 'Paste', name: 'main' }],
    ['egg:@scope/p#x', { scheme: 'egg', distribution: '@scope/p', name: 'x' }],
    ['call:apps:make#x', { scheme: 'call', expression: 'apps:make' }],
    ['call:nothing', { scheme: 'call', expression: 'nothing' }],
    ['Ftp://x', { scheme: 'unknown', word: 'ftp' }],
  ])('%j is read as PasteDeploy reads it', (text, reference) => {
    expect(parseReference(text)).toEqual(reference);
  });
});

describe('the path of a config: reference', () => {
  it.each([
    ['other.ini', '/srv/other.ini'],
    ['sub/../other.ini', '/srv/sub/../other.ini'],
    ['sub\\other.ini', '/srv/sub/other.ini'],
    ['/etc/a.ini', '/etc/a.ini'],
    ['///etc/a.ini', '/etc/a.ini'],
    ['a%20b%2Eini ', '/srv/a b.ini'],
    ['%C3%A9.ini', '/srv/\u00e9.ini'],
    ['%ff%zz%', '/srv/\ufffd%zz%'],
  ])('%j starts from the folder of the file', (path, whole) => {
    expect(configPath(path, '/srv')).toBe(whole);
  });

  it('has one slash behind the root folder', () => {
    expect(configPath('a.ini', '/')).toBe('/a.ini');
  });
});
