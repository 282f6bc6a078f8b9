import { describe, expect, it } from '@jest/globals';
import { createProxyPolicy, type ProxySettings } from '../../../src/listen/front/trusted-proxy.js';
import { problemOf } from '../../helpers/problems.js';

const NOTHING: ProxySettings = {
  trusted_proxy: null,
  trusted_proxy_count: null,
  trusted_proxy_headers: null,
  clear_untrusted_proxy_headers: null,
};

function policy(settings: Partial<ProxySettings>) {
  return createProxyPolicy({ ...NOTHING, ...settings });
}

function trusted(trusted_proxy: string, peers: readonly string[]): readonly string[] {
  return peers.filter(policy({ trusted_proxy }).trusts);
}

describe('trusted proxies', () => {
  it('are nobody where none is named', () => {
    const { trusts, fields, clearsUntrusted } = policy({});
    expect(['127.0.0.1', '::1', '', '10.0.0.1', 'unix'].filter(trusts)).toEqual([]);
    expect([fields.size, clearsUntrusted]).toEqual([0, true]);
  });

  it('are addresses and networks, of either family', () => {
    const peers = ['10.1.2.3', '11.0.0.1', '192.168.1.5', '192.168.1.6', '2001:db8::1', '2001:db9::1', ''];
    expect(trusted('10.0.0.0/8, 192.168.1.5 2001:db8::/32', peers)).toEqual([
      '10.1.2.3',
      '192.168.1.5',
      '2001:db8::1',
    ]);
  });

  it('are known by their IPv4 address on a socket for both families', () => {
    expect(trusted('10.0.0.0/8', ['::ffff:10.0.0.1', '::FFFF:10.0.0.1', '::ffff:11.0.0.1'])).toHaveLength(2);
    expect(trusted('::ffff:10.0.0.1', ['10.0.0.1', '10.0.0.2'])).toEqual(['10.0.0.1']);
  });

  it('are known on whichever interface they are', () => {
    expect(trusted('fe80::/10', ['fe80::1%eth0', 'fe80::2'])).toHaveLength(2);
  });

  it('are peers of a unix socket only where that is said', () => {
    expect(trusted('127.0.0.1', [''])).toEqual([]);
    expect(trusted('unix', ['', '127.0.0.1', 'unix'])).toEqual(['']);
    expect(trusted('*', ['', '127.0.0.1', '::1'])).toHaveLength(3);
  });

  it('are not what is no address at all', () => {
    expect(trusted('127.0.0.1 unix', ['localhost', 'x', '127.0.0.1.evil', '127.0.0.1/8'])).toEqual([]);
  });

  it('set X-Forwarded-Proto where nothing else is said, and stand alone', () => {
    const { fields, count } = policy({ trusted_proxy: '127.0.0.1' });
    expect([[...fields], count]).toEqual([['x-forwarded-proto'], 1]);
  });

  it('set the fields that are named, in any case', () => {
    const { fields } = policy({
      trusted_proxy: '*',
      trusted_proxy_headers: 'X-Forwarded-For, x-forwarded-host',
    });
    expect([...fields]).toEqual(['x-forwarded-for', 'x-forwarded-host']);
  });

  it.each([
    [{ trusted_proxy: '10.0.0.0/33' }, 'trusted_proxy has "10.0.0.0/33", which is no address'],
    [{ trusted_proxy: 'proxy.local' }, 'trusted_proxy has "proxy.local", which is no address'],
    [{ trusted_proxy: '127.0.0.1 10.0.0.0/' }, 'trusted_proxy has "10.0.0.0/", which is no address'],
    [{ trusted_proxy_count: 2 }, 'trusted_proxy_count means nothing without trusted_proxy'],
    [{ trusted_proxy_headers: 'forwarded' }, 'trusted_proxy_headers means nothing without trusted_proxy'],
    [
      { trusted_proxy: '*', trusted_proxy_headers: 'x-forwarded-fro' },
      'trusted_proxy_headers has "x-forwarded-fro", which is no header of a proxy',
    ],
    [
      { trusted_proxy: '*', trusted_proxy_headers: 'forwarded x-forwarded-for' },
      'trusted_proxy_headers has both forwarded and x-forwarded headers',
    ],
  ])('are refused where they are written as %j', async (settings, message) => {
    const problem = await problemOf(() => policy(settings));
    expect([problem.code, problem.message]).toEqual(['bad-value', message]);
  });

  it('are refused with the place of what is wrong, and the name that was meant', async () => {
    const settings = { ...NOTHING, trusted_proxy: '*', trusted_proxy_headers: 'x-forwarded-fro' };
    const place = { origin: { file: '/a.ini', section: 's', key: 'k', span: null }, source: null };
    const problem = await problemOf(() =>
      createProxyPolicy(settings, (option) => (option === 'trusted_proxy_headers' ? place : null)),
    );
    expect(problem.place).toBe(place);
    expect(problem.hint).toContain('Did you mean "x-forwarded-for"?');
  });
});
