import { describe, expect, it } from '@jest/globals';
import type { Header } from '../../../src/gateway/wsgi-types.js';
import { isPageHead, withRoom } from '../../../src/supervise/live/page-head.js';

const HTML: Header = ['Content-Type', 'text/html'];

describe('the head of a page', () => {
  it.each([['200 OK'], ['404 Not Found'], ['500 Internal Server Error'], ['599 X']])(
    'has a status such as %s',
    (status) => {
      expect(isPageHead(status, [HTML])).toBe(true);
    },
  );

  it.each([['204 No Content'], ['205 Reset Content'], ['206 Partial Content'], ['304 Not Modified']])(
    'has not the status %s, which has no body or a piece of one',
    (status) => {
      expect(isPageHead(status, [HTML])).toBe(false);
    },
  );

  it.each([
    ['text/html'],
    ['TEXT/HTML; charset=UTF-8'],
    ['text/html;charset="iso-8859-1"'],
    ['text/html; charset=shift_jis'],
  ])('has the type %s', (type) => {
    expect(isPageHead('200 OK', [['content-type', type]])).toBe(true);
  });

  it.each([
    ['text/plain'],
    ['text/htmlx'],
    ['application/xhtml+xml'],
    ['text/html; charset=utf-16'],
    ['text/html; charset=UTF-16LE'],
    ['text/html; charset="utf-32"'],
    ['text/html; charset=ucs-2'],
    ['text/html; charset=iso-10646-ucs-2'],
    ['text/html; charset=csUnicode'],
  ])('has not the type %s', (type) => {
    expect(isPageHead('200 OK', [['Content-Type', type]])).toBe(false);
  });

  it.each<[Header, boolean]>([
    [['Content-Encoding', 'gzip'], false],
    [['content-encoding', 'identity'], true],
    [['Content-Disposition', 'attachment; filename="a.html"'], false],
    [['Content-Disposition', 'inline; filename="attachment.html"'], true],
    [['Content-Security-Policy', "default-src 'none'"], false],
    [['Content-Security-Policy', "default-src 'self'"], true],
    [['Content-Security-Policy-Report-Only', "default-src 'none'"], true],
    [['Integrity-Policy', 'blocked-destinations=(style script)'], false],
    [['Integrity-Policy', 'blocked-destinations=(style)'], true],
    [['Integrity-Policy-Report-Only', 'blocked-destinations=(script)'], true],
  ])('with %j besides is one: %s', (header, expected) => {
    expect(isPageHead('200 OK', [HTML, header])).toBe(expected);
  });

  it('obeys every policy that it names', () => {
    const policies = ["default-src 'self'", "script-src 'none'"];
    const headers = policies.map((value): Header => ['Content-Security-Policy', value]);
    expect(isPageHead('200 OK', [HTML, ...headers])).toBe(false);
  });

  it('is none without a type, and none that breaks the contract', () => {
    expect(isPageHead('200 OK', [])).toBe(false);
    for (const wrong of [null, 'a: b', ['a'], ['a', 1], [1, 'a']]) {
      expect(isPageHead('200 OK', [HTML, wrong as unknown as Header])).toBe(false);
    }
  });
});

describe('the head with room', () => {
  it('has a greater length, no word on the old body, and all else as it was', () => {
    const headers: Header[] = [
      ['Set-Cookie', 'a=1'],
      ['ETag', '"x"'],
      ['content-length', '10'],
      ['Last-Modified', 'Mon, 01 Jan 2024 00:00:00 GMT'],
      ['Content-Digest', 'sha-256=:x:'],
      HTML,
      ['set-cookie', 'b=2'],
    ];
    expect(withRoom(headers, 5)).toEqual([
      ['Set-Cookie', 'a=1'],
      ['content-length', '15'],
      HTML,
      ['set-cookie', 'b=2'],
    ]);
  });

  it('leaves a length that is none to whoever refuses it', () => {
    expect(withRoom([['Content-Length', 'ten']], 5)).toEqual([['Content-Length', 'ten']]);
  });
});
