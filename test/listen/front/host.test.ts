import { describe, expect, it } from '@jest/globals';
import { hostFilter, isHost, isPort, isSameHost, splitHost } from '../../../src/listen/front/host.js';

describe('a host', () => {
  it.each([
    'a',
    'A',
    'localhost:8080',
    'www.abcd-ef.g02.xyz',
    'www.abcd-ef.g02.xyz.',
    'abcd-ef.g02.xyz.:88',
    'abcd-ef.g02.xyz:',
    'my_service',
    'a~b',
    '123.40.56.78',
    '123.49.0.78:987',
    'a:0',
    'a:65535',
    '[::1]',
    '[abcd::ef98:0:7654:321]:80',
    '[::ffff:12.30.67.89]',
  ])('may be %s', (host) => {
    expect(isHost(host)).toBe(true);
  });

  it.each([
    '',
    '.',
    '..',
    '.a',
    'a..b',
    '..example.com',
    'com.exa-m.45..:',
    ':80',
    'a:65536',
    'a:99999',
    'a:123456',
    'a:1.2',
    'a:-1',
    'a:9000:80',
    'a b',
    ' a',
    'a,b',
    'a, b',
    'u@a',
    'a/x',
    'example.com/\\:552',
    'a?x',
    'a#x',
    'a%41',
    'a\x00b',
    'a\tb',
    'a\x7f',
    'b\xfccher',
    'localhost\n',
    '[::1',
    '::1',
    '[::1]x',
    '[::1].',
    '[::1]..:98',
    '[::1]:99999',
    'extra[::1]',
    '[]',
    '[1.2.3.4]',
    '[fe80::1%eth0]',
    '[ab..cd::1]',
    '[v1.a]',
  ])('is not %j', (host) => {
    expect(isHost(host)).toBe(false);
  });

  it('is the same in any case, and with or without the port of its scheme', () => {
    expect(isSameHost('A.b', 'a.B', 'http')).toBe(true);
    expect(isSameHost('a:80', 'a', 'http')).toBe(true);
    expect(isSameHost('a:', 'a', 'http')).toBe(true);
    expect(isSameHost('[::1]:443', '[::1]', 'https')).toBe(true);
    expect(isSameHost('a:80', 'a', 'https')).toBe(false);
    expect(isSameHost('a', 'b', 'http')).toBe(false);
  });

  it('comes apart into name and port', () => {
    expect(splitHost('a:80')).toEqual({ name: 'a', port: '80' });
    expect(splitHost('a:')).toEqual({ name: 'a', port: null });
    expect(splitHost('[::1]')).toEqual({ name: '[::1]', port: null });
    expect(splitHost('[::1]:8080')).toEqual({ name: '[::1]', port: '8080' });
  });
});

describe('a list of hosts', () => {
  const allows = hostFilter(['a.example', '.b.example']);

  it('has exactly the names in it, whatever the port, the case and a dot at the end', () => {
    expect(['a.example', 'A.EXAMPLE:8080', 'a.example.'].every(allows)).toBe(true);
    expect(['x.a.example', 'aa.example', 'a.example.evil', 'evil'].some(allows)).toBe(false);
  });

  it('has everything below a name that begins with a dot', () => {
    expect(['b.example', 'x.b.example:1', 'x.y.B.example'].every(allows)).toBe(true);
    expect(allows('evilb.example')).toBe(false);
  });
});

describe('a port', () => {
  it('is a number from 0 to 65535, as people write it', () => {
    expect(['0', '80', '65535'].every(isPort)).toBe(true);
    expect(['', '65536', '99999', '080', '+80', '8 0', '1e3', '-1'].some(isPort)).toBe(false);
  });
});
