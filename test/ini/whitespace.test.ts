import { describe, expect, it } from '@jest/globals';
import { isSpace, splitWords, strip, stripEnd } from '../../src/ini/whitespace.js';

describe('white space', () => {
  it('is what str.isspace of Python says, for every UTF-16 unit', () => {
    const spaces = Array.from({ length: 0x10000 }, (_, unit) => unit).filter(isSpace);
    const expected = [
      0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002,
      0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
    ];
    expect(spaces).toEqual(expected);
  });

  it('is stripped from both ends or from the last one', () => {
    expect(strip(' \u2003\x1cab c\x85\n')).toBe('ab c');
    expect(strip(' \t ')).toBe('');
    expect(stripEnd(' a\u3000')).toBe(' a');
    expect(strip('\ufeffa')).toBe('\ufeffa');
  });

  it('separates words, which know where they begin', () => {
    expect(splitWords('  gzip\n\u2003auth  app ')).toEqual([
      { text: 'gzip', start: 2 },
      { text: 'auth', start: 8 },
      { text: 'app', start: 14 },
    ]);
    expect(splitWords(' \n ')).toEqual([]);
  });
});
