import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RequestHead } from '../../../src/gateway/exchange.js';
import { type CleanHead, type GateLimits, gate } from '../../../src/listen/front/gate.js';
import { hostFilter } from '../../../src/listen/front/host.js';

const LIMITS: GateLimits = { maxHeaders: 100, maxBodySize: 1000, allowsHost: null };

function head(more: Partial<RequestHead> & { fields?: readonly string[] } = {}): RequestHead {
  const { fields = [], ...rest } = more;
  return { method: 'GET', target: '/', httpVersion: '1.1', rawHeaders: ['Host', 'a', ...fields], ...rest };
}

/** The head that passed; fails the test where it did not. */
function passed(request: RequestHead, limits = LIMITS): CleanHead {
  const result = gate(request, limits);
  if (result.kind === 'refuse') throw new TypeError(`refused: ${result.status} ${result.reason}`);
  return result.request;
}

/** The status, and 200 for what passes. */
function statusOf(request: RequestHead, limits = LIMITS): number {
  const result = gate(request, limits);
  return result.kind === 'refuse' ? result.status : 200;
}

describe('an ordinary request', () => {
  it('passes as it is, its headers not even copied', () => {
    const request = head({ target: '/a%20b?c=d', fields: ['Connection', 'keep-alive', 'Accept', '*/*'] });
    expect(passed(request)).toEqual({
      ...request,
      host: 'a',
      bodyLength: 0,
      waitsForContinue: false,
      closes: false,
      upgrades: false,
      hasForwarded: false,
    });
    expect(passed(request).rawHeaders).toBe(request.rawHeaders);
  });

  it('has a body of the length that it says, or of one that shows at its end', () => {
    expect(passed(head({ method: 'POST', fields: ['Content-Length', '12'] })).bodyLength).toBe(12);
    expect(passed(head({ method: 'POST', fields: ['content-length', '0'] })).bodyLength).toBe(0);
    expect(
      passed(head({ method: 'POST', fields: ['TRANSFER-ENCODING', ' Chunked\t'] })).bodyLength,
    ).toBeNull();
  });

  it('may say that it closes the connection, in any place of the list', () => {
    for (const value of ['close', 'Close', 'keep-alive, close', 'close\t', ' close ,x']) {
      expect(passed(head({ fields: ['Connection', value] })).closes).toBe(true);
    }
    expect(passed(head({ fields: ['Connection', 'keep-alive', 'connection', 'close'] })).closes).toBe(true);
    expect(passed(head({ fields: ['Connection', 'closed, not-close'] })).closes).toBe(false);
  });

  it('offers to upgrade only where Connection says so too', () => {
    expect(passed(head({ fields: ['Upgrade', 'x', 'Connection', 'keep-alive, Upgrade'] })).upgrades).toBe(
      true,
    );
    expect(passed(head({ fields: ['Upgrade', 'x', 'Connection', 'keep-alive'] })).upgrades).toBe(false);
    expect(passed(head({ fields: ['Connection', 'upgrade'] })).upgrades).toBe(false);
    expect(passed(head({ fields: ['Upgrade', '', 'Connection', 'upgrade'] })).upgrades).toBe(false);
  });

  it.each([
    'Forwarded',
    'X-Forwarded-For',
    'x-forwarded-host',
    'X-FORWARDED-PROTO',
    'X-Forwarded-Port',
    'X-Forwarded-By',
  ])('shows that it has %s', (name) => {
    expect(passed(head({ fields: [name, 'x'] })).hasForwarded).toBe(true);
  });
});

describe('the request line', () => {
  it.each(['0.9', '2.0', '3.0', '1.2', ''])('is refused with 505 for HTTP/%s', (httpVersion) => {
    expect(statusOf(head({ httpVersion }))).toBe(505);
  });

  it('lets through the methods that are registered, and no other', () => {
    for (const method of ['GET', 'HEAD', 'QUERY', 'PROPFIND', 'VERSION-CONTROL']) {
      expect(statusOf(head({ method }))).toBe(200);
    }
    for (const method of ['SOURCE', 'M-SEARCH', 'PURGE', 'DESCRIBE', 'get', 'PRI', '']) {
      expect(statusOf(head({ method }))).toBe(501);
    }
    expect(statusOf(head({ method: 'CONNECT', target: 'a:443' }))).toBe(405);
    expect(statusOf(head({ method: 'TRACE' }))).toBe(405);
  });

  it.each([
    '',
    '*',
    'a/b',
    '!',
    '?',
    'a:443',
    'ftp://a/',
    'http:/a',
    'http:///x',
    'http://u@a/',
    'http://a b/',
    '/a#b',
    '/a b',
  ])('is refused with 400 for the target %j', (target) => {
    expect(statusOf(head({ target }))).toBe(400);
  });

  it.each(['/\x00', '/\t', '/\x7f', '/\xe9', '/\u2028'])(
    'is refused with 400 for the target %j, which no URI has',
    (target) => {
      expect(statusOf(head({ target }))).toBe(400);
    },
  );

  it.each(['//evil/x', '/a\\b', '/%zz%c0%af', '/"<x>\'', '/..', '/?a=%00'])(
    'leaves the target %j to the app',
    (target) => {
      expect(passed(head({ target })).target).toBe(target);
    },
  );

  it('takes * for OPTIONS alone', () => {
    expect(passed(head({ method: 'OPTIONS', target: '*' })).target).toBe('*');
    expect(statusOf(head({ method: 'GET', target: '*' }))).toBe(400);
  });

  it('reduces an absolute target to its path', () => {
    expect(passed(head({ target: 'http://a/x?q=http://b/' })).target).toBe('/x?q=http://b/');
    expect(passed(head({ target: 'HTTP://A' })).target).toBe('/');
    expect(passed(head({ target: 'http://a?q' })).target).toBe('/?q');
    expect(passed(head({ target: 'http://a:80/x' })).target).toBe('/x');
    expect(passed(head({ target: 'https://a:443/x' })).target).toBe('/x');
  });

  it('refuses an absolute target for another host than Host says', () => {
    expect(statusOf(head({ target: 'http://b/x' }))).toBe(400);
    expect(statusOf(head({ target: 'http://a:8080/x' }))).toBe(400);
    expect(statusOf(head({ target: 'https://a:80/x' }))).toBe(400);
  });

  it('takes the host of an absolute target where HTTP/1.0 has no Host', () => {
    const request = passed({
      method: 'GET',
      target: 'http://b/x',
      httpVersion: '1.0',
      rawHeaders: ['X', '1'],
    });
    expect(request).toMatchObject({ target: '/x', host: 'b', rawHeaders: ['X', '1', 'Host', 'b'] });
  });
});

describe('the fields', () => {
  it('may be as many as the limit says', () => {
    const fields = (count: number) => Array.from({ length: count - 1 }, () => ['X', '1']).flat();
    expect(statusOf(head({ fields: fields(100) }))).toBe(200);
    expect(statusOf(head({ fields: fields(101) }))).toBe(431);
  });

  it.each(['Host', 'Content-Length', 'Transfer-Encoding', 'Content-Type', 'Authorization'])(
    'are refused with 400 where %s comes twice, even with the same value',
    (name) => {
      const value = { Host: 'a', 'Content-Length': '3', 'Transfer-Encoding': 'chunked' }[name] ?? 'x';
      const fields = [name, value, name.toLowerCase(), value];
      const result = gate(
        { ...head(), rawHeaders: name === 'Host' ? fields : ['Host', 'a', ...fields] },
        LIMITS,
      );
      expect(result).toMatchObject({ status: 400, reason: `${name} is given twice` });
    },
  );

  it('lose those whose names have an underscore, and nothing else', () => {
    const fields = [
      'X_Forwarded_For',
      '1.2.3.4',
      'X-Forwarded-For',
      'a_b',
      'Content_Length',
      '9',
      '__proto__',
      'x',
    ];
    expect(passed(head({ fields }))).toMatchObject({
      rawHeaders: ['Host', 'a', 'X-Forwarded-For', 'a_b'],
      bodyLength: 0,
    });
  });

  it('refuse what is no host, and the lack of one in HTTP/1.1', () => {
    expect(statusOf({ ...head(), rawHeaders: ['Host', 'a, b'] })).toBe(400);
    expect(statusOf({ ...head(), rawHeaders: [] })).toBe(400);
    expect(passed({ ...head({ httpVersion: '1.0' }), rawHeaders: [] }).host).toBeNull();
  });

  it('refuse hosts that the server does not answer for with 421', () => {
    const limits = { ...LIMITS, allowsHost: hostFilter(['a.example']) };
    expect(statusOf({ ...head(), rawHeaders: ['Host', 'A.example:8080'] }, limits)).toBe(200);
    expect(statusOf({ ...head(), rawHeaders: ['Host', 'b.example'] }, limits)).toBe(421);
    expect(
      statusOf({ ...head({ target: 'http://b.example/' }), rawHeaders: ['Host', 'b.example'] }, limits),
    ).toBe(421);
    expect(statusOf({ ...head({ httpVersion: '1.0' }), rawHeaders: [] }, limits)).toBe(200);
  });

  it.each(['+3', '-1', '', '0x3', '1 0', '3, 3', '3;', '1e1', '\x0b3', '\xa03', '3.0'])(
    'refuse the Content-Length %j with 400',
    (value) => {
      expect(statusOf(head({ method: 'POST', fields: ['Content-Length', value] }))).toBe(400);
    },
  );

  it('refuse a body over the limit with 413, before it is sent', () => {
    const post = (length: string) => head({ method: 'POST', fields: ['Content-Length', length] });
    expect(statusOf(post('1000'))).toBe(200);
    expect(statusOf(post('1001'))).toBe(413);
    expect(statusOf(post('99999999999999999999'))).toBe(413);
  });

  it.each([
    ['gzip, chunked', 501],
    ['identity', 501],
    ['xchunked', 501],
    ['chunked;q=1', 501],
    ['gzip;a="b, c"', 400],
    ['chunked, gzip', 400],
    ['chunked, chunked', 400],
    [',chunked', 400],
    ['chunked,', 400],
    ['', 400],
    ['"chunked"', 400],
    ['\xa0chunked', 400],
    ['\x0bchunked', 400],
  ])('refuse the Transfer-Encoding %j with %d', (value, status) => {
    expect(statusOf(head({ method: 'POST', fields: ['Transfer-Encoding', value] }))).toBe(status);
  });

  it('refuse Transfer-Encoding in HTTP/1.0, and next to Content-Length', () => {
    const fields = ['Transfer-Encoding', 'chunked'];
    expect(statusOf(head({ httpVersion: '1.0', fields }))).toBe(400);
    expect(statusOf(head({ fields: [...fields, 'Content-Length', '3'] }))).toBe(400);
  });

  it('take one expectation only, and none at all from HTTP/1.0', () => {
    const post = (value: string, httpVersion = '1.1') =>
      head({ method: 'POST', httpVersion, fields: ['Expect', value, 'Content-Length', '3'] });
    expect(passed(post('100-Continue')).waitsForContinue).toBe(true);
    expect(statusOf(post('token=param'))).toBe(417);
    expect(statusOf(post('x-100-continue'))).toBe(417);
    expect(passed(post('100-continue', '1.0')).waitsForContinue).toBe(false);
    expect(passed(head({ fields: ['Expect', '100-continue'] })).waitsForContinue).toBe(false);
  });
});

describe('any request at all', () => {
  it('passes or is refused, with one Host, one length and no underscore where it passes', () => {
    const name = fc.constantFrom(
      'Host',
      'host',
      'Content-Length',
      'Transfer-Encoding',
      'X_a',
      'Expect',
      'Connection',
      'X',
    );
    const value = fc.oneof(
      fc.constantFrom('a', '3', 'chunked', 'close', '100-continue'),
      fc.string({ maxLength: 12 }),
    );
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST', 'OPTIONS', 'CONNECT', 'X'),
      target: fc.oneof(fc.constantFrom('/', '*', 'http://a/', '//'), fc.string({ maxLength: 12 })),
      httpVersion: fc.constantFrom('1.0', '1.1', '2.0'),
      rawHeaders: fc.array(fc.tuple(name, value), { maxLength: 5 }).map((fields) => fields.flat()),
    });
    fc.assert(
      fc.property(request, (one) => {
        const result = gate(one, LIMITS);
        if (result.kind === 'refuse') return result.status >= 400 && result.status < 600;
        const names = result.request.rawHeaders
          .filter((_, at) => at % 2 === 0)
          .map((text) => text.toLowerCase());
        const times = (lower: string) => names.filter((text) => text === lower).length;
        return (
          times('host') <= 1 &&
          times('content-length') + times('transfer-encoding') <= 1 &&
          names.every((text) => !text.includes('_')) &&
          /^[/*]/.test(result.request.target)
        );
      }),
    );
  });
});
