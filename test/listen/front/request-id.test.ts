import { describe, expect, it } from '@jest/globals';
import { requestId } from '../../../src/listen/front/request-id.js';

const made = () => 'made';

describe('the id of a request', () => {
  it('is taken from a trusted proxy', () => {
    expect(requestId(['Host', 'a', 'x-REQUEST-id', 'abc-1.2_3~:+/=@'], true, made)).toBe('abc-1.2_3~:+/=@');
  });

  it('is made where the peer is not trusted, or gave none', () => {
    expect(requestId(['X-Request-Id', 'abc'], false, made)).toBe('made');
    expect(requestId(['Host', 'a'], true, made)).toBe('made');
  });

  it.each(['', 'a b', 'a"b', 'a\nb', 'a;b', '\x9b', '<script>', 'x'.repeat(129)])(
    'is made where %j was given',
    (value) => {
      expect(requestId(['X-Request-Id', value], true, made)).toBe('made');
    },
  );

  it('is made where several were given', () => {
    expect(requestId(['X-Request-Id', 'a', 'X-Request-Id', 'a'], true, made)).toBe('made');
  });

  it('is never made twice', () => {
    const ids = Array.from({ length: 1000 }, () => requestId([], false));
    expect(new Set(ids).size).toBe(1000);
    expect(ids.every((id) => /^[\w-]{36}$/.test(id))).toBe(true);
  });
});
