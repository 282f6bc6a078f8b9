import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  ACCESS_LOG_FORMATS,
  type AccessEntry,
  accessLogFormatter,
} from '../../../src/listen/front/access-log.js';

const ENTRY: AccessEntry = {
  time: Date.UTC(2000, 9, 10, 13, 55, 36, 789),
  remoteAddress: '127.0.0.1',
  user: null,
  method: 'GET',
  target: '/a%20b?c=d',
  httpVersion: '1.1',
  host: 'a.example',
  status: 200,
  bytes: 2326,
  referer: 'http://b.example/',
  userAgent: 'Mozilla/4.08 [en] (Win98; I ;Nav)',
  duration: 1.23456,
  requestId: 'r-1',
  aborted: false,
};

const common = accessLogFormatter('common');
const combined = accessLogFormatter('combined');
const json = accessLogFormatter('json');

describe('an access log line', () => {
  it('is what Apache and nginx write', () => {
    const line = '127.0.0.1 - - [10/Oct/2000:13:55:36 +0000] "GET /a%20b?c=d HTTP/1.1" 200 2326';
    expect(common(ENTRY)).toBe(line);
    expect(combined(ENTRY)).toBe(`${line} "http://b.example/" "Mozilla/4.08 [en] (Win98; I ;Nav)"`);
  });

  it('has a dash for what is not there', () => {
    const entry = { ...ENTRY, remoteAddress: '', bytes: 0, referer: null, userAgent: '' };
    expect(combined(entry)).toBe(
      '- - - [10/Oct/2000:13:55:36 +0000] "GET /a%20b?c=d HTTP/1.1" 200 - "-" "-"',
    );
  });

  it('has a dash for a request that could not be read', () => {
    const entry = { ...ENTRY, method: null, target: null, httpVersion: null, status: 400 };
    expect(common(entry)).toContain('] "-" 400 ');
    expect(JSON.parse(json(entry))).toMatchObject({ method: null, target: null, httpVersion: null });
  });

  it('has the time of each second anew', () => {
    const times = [0, 1000, 500, 61_000].map((more) =>
      common({ ...ENTRY, time: ENTRY.time + more }).slice(15, 40),
    );
    expect(times.map((time) => time.slice(12, 20))).toEqual(['13:55:36', '13:55:37', '13:55:37', '13:56:37']);
  });

  it('has every field as JSON', () => {
    expect(JSON.parse(json(ENTRY))).toEqual({ ...ENTRY, time: '2000-10-10T13:55:36.789Z', duration: 1.235 });
  });

  it('escapes what could end a column or a line, or talk to a terminal', () => {
    const userAgent = 'a"b\\c\td\x1b[2Je\x7f\x80\x9b\xff';
    expect(combined({ ...ENTRY, userAgent })).toMatch(/"a\\x22b\\x5Cc\\x09d\\x1B\[2Je\\x7F\\x80\\x9B\\xFF"$/);
    expect(json({ ...ENTRY, userAgent })).toContain(
      '"userAgent":"a\\"b\\\\c\\td\\u001b[2Je\\u007f\\u0080\\u009b\\u00ff"',
    );
  });

  it('shows decoded text as its bytes in UTF-8', () => {
    expect(common({ ...ENTRY, user: 'J\u00fc\u20ac\u{1f600}' })).toContain(
      ' - J\\xFC\\xE2\\x82\\xAC\\xF0\\x9F\\x98\\x80 [',
    );
  });

  it('keeps a user name from making columns', () => {
    expect(common({ ...ENTRY, user: 'a [b] "c' })).toContain(' - a\\x20\\x5Bb\\x5D\\x20\\x22c [10/Oct');
  });

  it('cuts what is long', () => {
    const line = combined({ ...ENTRY, userAgent: 'x'.repeat(10_000_000) });
    expect(line.length).toBeLessThan(2300);
    expect(line).toMatch(/x\.\.\."$/);
    expect(json({ ...ENTRY, target: '"'.repeat(100_000) }).length).toBeLessThan(5000);
  });

  it('is one line of printable ASCII with its columns in place, whatever a client sends', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('"', '\\', '\n', ' ', '\x9b', '\ud800') }),
    );
    const entry = fc.record({ target: text, user: text, referer: text, userAgent: text, host: text });
    fc.assert(
      fc.property(entry, fc.constantFrom(...ACCESS_LOG_FORMATS), (fields, format) => {
        const line = accessLogFormatter(format)({ ...ENTRY, ...fields });
        if (!/^[ -~]+$/.test(line)) return false;
        if (format === 'json') return JSON.parse(line).target === fields.target;
        const columns =
          /^127\.0\.0\.1 - [^ ]+ \[[^\]]+\] "GET [^"]* HTTP\/1\.1" 200 2326(?: "[^"]+" "[^"]+")?$/;
        return columns.test(line);
      }),
    );
  });
});
