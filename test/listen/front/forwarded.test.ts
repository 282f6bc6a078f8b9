import { describe, expect, it } from '@jest/globals';
import type { Connection } from '../../../src/gateway/exchange.js';
import { type Unproxied, unproxy } from '../../../src/listen/front/forwarded.js';
import { gate } from '../../../src/listen/front/gate.js';
import { type HostFilter, hostFilter } from '../../../src/listen/front/host.js';
import {
  createProxyPolicy,
  PROXY_FIELDS,
  type ProxyPolicy,
} from '../../../src/listen/front/trusted-proxy.js';

const PEER: Connection = {
  scheme: 'http',
  remoteAddress: '127.0.0.1',
  remotePort: '4711',
  serverName: '127.0.0.1',
  serverPort: '8080',
};

/** Every field that a proxy may set, and with it everything that could be derived. */
const ALL = {
  'X-Forwarded-For': '6.6.6.6, 9.9.9.9:99',
  'X-Forwarded-Host': 'evil.example',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Port': '4443',
  'X-Forwarded-By': '7.7.7.7',
  Forwarded: 'for=5.5.5.5;host=worse.example;proto=https',
};

function policy(headers: string, count = 1, peer = '127.0.0.1'): ProxyPolicy {
  return createProxyPolicy({
    trusted_proxy: peer,
    trusted_proxy_count: count,
    trusted_proxy_headers: headers,
    clear_untrusted_proxy_headers: null,
  });
}

const NOBODY = createProxyPolicy({
  trusted_proxy: null,
  trusted_proxy_count: null,
  trusted_proxy_headers: null,
  clear_untrusted_proxy_headers: null,
});

const EVERY_FIELD = 'x-forwarded-for x-forwarded-host x-forwarded-proto x-forwarded-port x-forwarded-by';

function resolve(
  fields: Readonly<Record<string, string>> | readonly string[],
  proxies: ProxyPolicy,
  peer = PEER,
  allowsHost: HostFilter | null = null,
) {
  const more = Array.isArray(fields) ? fields : Object.entries(fields).flat();
  const rawHeaders = ['Host', 'inner:8080', 'X', '1', ...more];
  const result = gate(
    { method: 'GET', target: '/', httpVersion: '1.1', rawHeaders },
    { maxHeaders: 100, maxBodySize: 0, allowsHost: null },
  );
  if (result.kind === 'refuse') throw new TypeError(result.reason);
  return unproxy(result.request, peer, proxies, allowsHost);
}

/** Fails the test where the request is refused. */
function resolved(...args: Parameters<typeof resolve>): Unproxied {
  const result = resolve(...args);
  if (result.kind === 'refuse') throw new TypeError(`refused: ${result.reason}`);
  return result;
}

describe('a peer that nobody trusts', () => {
  it('is the client, and the app sees none of its claims', () => {
    const { request, connection } = resolved(ALL, NOBODY);
    expect(connection).toEqual(PEER);
    expect(request.rawHeaders).toEqual(['Host', 'inner:8080', 'X', '1']);
    expect(request.host).toBe('inner:8080');
  });

  it.each(Object.entries(ALL))('changes nothing by %s alone', (name, value) => {
    for (const proxies of [NOBODY, policy(EVERY_FIELD, 1, '10.0.0.1'), policy('forwarded', 1, '10.0.0.1')]) {
      const { request, connection } = resolved({ [name]: value }, proxies);
      expect(connection).toEqual(PEER);
      expect([request.host, request.rawHeaders]).toEqual(['inner:8080', ['Host', 'inner:8080', 'X', '1']]);
    }
  });

  it('is not trusted for standing in its own X-Forwarded-For', () => {
    const { connection } = resolved(
      { 'X-Forwarded-For': '10.0.0.1' },
      policy('x-forwarded-for', 1, '10.0.0.1'),
    );
    expect(connection.remoteAddress).toBe('127.0.0.1');
  });

  it('may write nonsense: nobody reads it', () => {
    const nonsense = Object.fromEntries(PROXY_FIELDS.map((name) => [name, '<script>"']));
    expect(resolved(nonsense, NOBODY).connection).toEqual(PEER);
  });

  it('keeps its fields where that is asked for, and is believed no more for it', () => {
    const { request, connection } = resolved(ALL, { ...NOBODY, clearsUntrusted: false });
    expect(connection).toEqual(PEER);
    expect(request.rawHeaders).toEqual(['Host', 'inner:8080', 'X', '1', ...Object.entries(ALL).flat()]);
  });
});

describe('the fields of a trusted proxy', () => {
  it('tell the client by what the proxy itself wrote, which is on the right', () => {
    const { request, connection } = resolved(ALL, policy('x-forwarded-for'));
    expect(connection).toEqual({ ...PEER, remoteAddress: '9.9.9.9', remotePort: '99' });
    expect(request.rawHeaders).toEqual(['Host', 'inner:8080', 'X', '1', 'X-Forwarded-For', '9.9.9.9:99']);
  });

  it('tell the client by as many hops as are trusted', () => {
    const fields = { 'X-Forwarded-For': '1.1.1.1, 2.2.2.2, 3.3.3.3' };
    const { request, connection, missingHops } = resolved(fields, policy('x-forwarded-for', 2));
    expect([connection.remoteAddress, connection.remotePort, missingHops]).toEqual(['2.2.2.2', '', 0]);
    expect(request.rawHeaders.at(-1)).toBe('2.2.2.2, 3.3.3.3');
  });

  it('tell the client by the leftmost hop where there are fewer than are trusted, and that is told', () => {
    const { connection, missingHops } = resolved(
      { 'X-Forwarded-For': '1.1.1.1, 2.2.2.2' },
      policy('x-forwarded-for', 4),
    );
    expect([connection.remoteAddress, missingHops]).toEqual(['1.1.1.1', 2]);
  });

  it('are one list over several lines, in their order', () => {
    const lines = ['X-Forwarded-For', '1.1.1.1, 2.2.2.2', 'Y', '2', 'x-forwarded-for', '3.3.3.3'];
    const { request, connection } = resolved(lines, policy('x-forwarded-for', 2));
    expect(connection.remoteAddress).toBe('2.2.2.2');
    expect(request.rawHeaders.slice(4)).toEqual(['X-Forwarded-For', '2.2.2.2, 3.3.3.3', 'Y', '2']);
  });

  it.each(['unknown', '_hidden', '<script>', '', '1.2.3.4, ', '9.9.9.9, nonsense', '1.1.1.1"'])(
    'are refused where X-Forwarded-For is %j',
    (value) => {
      const result = resolve(
        ['X-Forwarded-For', value, 'X-Forwarded-For', 'x'],
        policy('x-forwarded-for', 2),
      );
      expect(result).toMatchObject({
        kind: 'refuse',
        status: 400,
        reason: 'x-forwarded-for is not well formed',
      });
    },
  );

  it('may hold hearsay left of what is trusted', () => {
    const { connection } = resolved(
      { 'X-Forwarded-For': '<script>, unknown, 2.2.2.2' },
      policy('x-forwarded-for'),
    );
    expect(connection.remoteAddress).toBe('2.2.2.2');
  });

  it.each([
    ['HTTPS', 'https', '443'],
    ['http', 'http', '80'],
    ['"https"', 'https', '443'],
  ])('tell the scheme %s, and with it the port', (value, scheme, serverPort) => {
    const { connection } = resolved({ 'X-Forwarded-Proto': value }, policy('x-forwarded-proto'));
    expect(connection).toEqual({ ...PEER, scheme, serverPort });
  });

  it.each(['https, http', 'ftp', 'https,', 'https;'])(
    'are refused where X-Forwarded-Proto is %j',
    (value) => {
      expect(resolve({ 'X-Forwarded-Proto': value }, policy('x-forwarded-proto'))).toMatchObject({
        status: 400,
      });
      expect(
        resolve(['X-Forwarded-Proto', 'http', 'X-Forwarded-Proto', 'http'], policy('x-forwarded-proto')),
      ).toMatchObject({
        status: 400,
      });
    },
  );

  it.each(['99999', '0x50', '80, 80', '-1', 'http'])('are refused where X-Forwarded-Port is %j', (value) => {
    expect(resolve({ 'X-Forwarded-Port': value }, policy('x-forwarded-port'))).toMatchObject({ status: 400 });
  });

  it.each([
    ['a.example', 'a.example', 'a.example', '8080'],
    ['a.example:4443', 'a.example:4443', 'a.example', '4443'],
    ['[::1]:81', '[::1]:81', '[::1]', '81'],
    ['evil, "a.example"', 'a.example', 'a.example', '8080'],
  ])('tell the host %s', (value, host, serverName, serverPort) => {
    const { request, connection } = resolved({ 'X-Forwarded-Host': value }, policy('x-forwarded-host'));
    expect(connection).toEqual({ ...PEER, serverName, serverPort });
    expect(request.host).toBe(host);
    expect(request.rawHeaders).toEqual(['Host', host, 'X', '1', 'X-Forwarded-Host', host]);
  });

  it.each(['a b', 'a/b', 'u@a', '', 'a:99999', '::1'])(
    'are refused where X-Forwarded-Host is %j',
    (value) => {
      const result = resolve(
        ['X-Forwarded-Host', 'a', 'X-Forwarded-Host', value],
        policy('x-forwarded-host', 2),
      );
      expect(result.kind).toBe(value === '' ? 'pass' : 'refuse');
    },
  );

  it('tell a port that is not the usual one of the scheme, which then stands in Host', () => {
    const proxies = policy('x-forwarded-host x-forwarded-proto x-forwarded-port');
    const host = (proto: string, port: string) =>
      resolved({ 'X-Forwarded-Host': 'a', 'X-Forwarded-Proto': proto, 'X-Forwarded-Port': port }, proxies)
        .request.host;
    expect(host('https', '4443')).toBe('a:4443');
    expect(host('https', '443')).toBe('a');
    expect(host('http', '443')).toBe('a:443');
    expect(host('http', '80')).toBe('a');
  });

  it('lead the port of the host before that of X-Forwarded-Port', () => {
    const fields = { 'X-Forwarded-Host': 'a:1', 'X-Forwarded-Port': '2' };
    expect(resolved(fields, policy('x-forwarded-host x-forwarded-port')).connection.serverPort).toBe('1');
  });

  it('count one by one: what is not named is cleared', () => {
    const { request, connection } = resolved(ALL, policy('x-forwarded-by'));
    expect(connection).toEqual(PEER);
    expect(request.rawHeaders).toEqual(['Host', 'inner:8080', 'X', '1', 'X-Forwarded-By', '7.7.7.7']);
  });

  it('that are empty say nothing', () => {
    const fields = Object.fromEntries(PROXY_FIELDS.map((name) => [name, '']));
    expect(resolved(fields, policy(EVERY_FIELD)).connection).toEqual(PEER);
    expect(resolved(fields, policy(EVERY_FIELD)).request.rawHeaders).toEqual([
      'Host',
      'inner:8080',
      'X',
      '1',
    ]);
  });

  it('are taken from the peer of a unix socket where that is said', () => {
    const peer = { ...PEER, remoteAddress: '', remotePort: '' };
    const fields = { 'X-Forwarded-For': '9.9.9.9' };
    expect(resolved(fields, policy('x-forwarded-for', 1, 'unix'), peer).connection.remoteAddress).toBe(
      '9.9.9.9',
    );
    expect(resolved(fields, policy('x-forwarded-for'), peer).connection.remoteAddress).toBe('');
  });
});

describe('the Forwarded field of a trusted proxy', () => {
  it('is counted from the right, and excludes the others', () => {
    const Forwarded = 'for=6.6.6.6;host=evil, for="[::1]:80";proto=https;host=a.example';
    const { request, connection, missingHops } = resolved({ ...ALL, Forwarded }, policy('forwarded'));
    expect(connection).toEqual({
      scheme: 'https',
      remoteAddress: '::1',
      remotePort: '80',
      serverName: 'a.example',
      serverPort: '443',
    });
    expect(request.rawHeaders).toEqual([
      ...['Host', 'a.example', 'X', '1'],
      ...['Forwarded', 'for="[::1]:80";proto=https;host=a.example'],
    ]);
    expect(missingHops).toBe(0);
  });

  it('is believed of the outermost trusted proxy that says something', () => {
    const fields = { Forwarded: 'for=9.9.9.9;proto=http, for=1.1.1.1;proto=https, for=2.2.2.2;host=b' };
    const { request, connection } = resolved(fields, policy('forwarded', 2));
    expect([connection.remoteAddress, connection.scheme, request.host]).toEqual(['1.1.1.1', 'https', 'b']);
    expect(request.rawHeaders.at(-1)).toBe('for=1.1.1.1;proto=https, for=2.2.2.2;host=b');
  });

  it.each([
    'for',
    'for=',
    'for=1;;',
    'for="1.2.3.4',
    'for=1.2.3.4;for=1.2.3.4',
    'for=unknown',
    'for=_x',
    'proto=ftp',
    'host="a b"',
  ])('is refused where it is %j', (Forwarded) => {
    expect(resolve({ Forwarded }, policy('forwarded'))).toMatchObject({ kind: 'refuse', status: 400 });
  });

  it('may be without any of its parts', () => {
    expect(resolved({ Forwarded: 'by=1.2.3.4' }, policy('forwarded')).connection).toEqual(PEER);
  });
});

describe('a request without such fields', () => {
  it('passes through untouched', () => {
    const { request, connection } = resolved({}, policy(EVERY_FIELD));
    expect(connection).toBe(PEER);
    expect(request.rawHeaders).toEqual(['Host', 'inner:8080', 'X', '1']);
  });
});

describe('a host that a trusted proxy passes on', () => {
  it.each([
    ['x-forwarded-host', 'X-Forwarded-Host', 'a.example', 'evil.example'],
    ['forwarded', 'Forwarded', 'host="a.example:8443"', 'host=evil.example'],
  ])('in %s has to be one that the server answers for', (trusted, field, good, bad) => {
    const proxies = policy(trusted);
    expect(resolve({ [field]: bad }, proxies, PEER, hostFilter(['a.example']))).toMatchObject({
      status: 421,
    });
    expect(resolve({ [field]: good }, proxies, PEER, hostFilter(['a.example'])).kind).toBe('pass');
    expect(resolve({ [field]: bad }, NOBODY, PEER, hostFilter(['a.example'])).kind).toBe('pass');
  });
});
