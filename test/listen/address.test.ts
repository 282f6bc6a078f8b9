import { describe, expect, it } from '@jest/globals';
import { formatAddress, splitHostPort } from '../../src/listen/address.js';

describe('splitting a host and a port', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1', null],
    ['127.0.0.1:8080', '127.0.0.1', '8080'],
    ['localhost:0', 'localhost', '0'],
    ['::1', '::1', null],
    ['[::1]', '::1', null],
    ['[::1]:8080', '::1', '8080'],
    ['*:80', '*', '80'],
  ])('reads %s', (text, host, port) => {
    expect(splitHostPort(text)).toEqual({ host, port });
  });

  it.each(['', 'a b', 'a:b', '[127.0.0.1]:80', '[::1', 'http://a', 'a:1:2:x'])('refuses %j', (text) => {
    expect(splitHostPort(text)).toBeNull();
  });
});

describe('a formatted address', () => {
  it('is a URL for TCP, with brackets around IPv6', () => {
    expect(formatAddress({ kind: 'tcp', host: '127.0.0.1', port: 80 })).toBe('http://127.0.0.1:80');
    expect(formatAddress({ kind: 'tcp', host: '::1', port: 8080 })).toBe('http://[::1]:8080');
  });

  it('is the path of a unix socket', () => {
    expect(formatAddress({ kind: 'unix', path: '/run/a.sock', mode: 0o600 })).toBe('unix:/run/a.sock');
  });
});
