import { describe, expect, it } from '@jest/globals';
import { decodeText } from '../../src/ini/decode.js';
import { problemIn } from '../helpers/texts.js';

const decode = (...parts: readonly (string | readonly number[])[]) =>
  decodeText(
    Buffer.concat(
      parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([...part]))),
    ),
    '/srv/a.ini',
  );

describe('decoding a file', () => {
  it('leaves a byte order mark out', () => {
    expect(decode([0xef, 0xbb, 0xbf], '[app:main]').text).toBe('[app:main]');
  });

  it('makes every line end a line feed, as text mode does in Python', () => {
    expect(decode('a\r\nb\rc\n\r\r\n').text).toBe('a\nb\nc\n\n\n');
  });

  it('keeps a replacement character that the file itself spells out', () => {
    expect(decode('a\ufffdb').text).toBe('a\ufffdb');
  });

  it('says where the first byte is that is not UTF-8', () => {
    const problem = problemIn(() => decode('[app:main]\r\nk = \ufffd\u00e9', [0xe9], 'x\n'));
    expect(problem.code).toBe('encoding');
    expect(problem.message).toBe(
      '/srv/a.ini is not UTF-8 text: byte 0xe9 at offset 21 is part of no character',
    );
    expect(problem.place?.origin.span?.start).toEqual({ line: 2, column: 7 });
  });

  it('says so where a character is cut off at the end', () => {
    expect(problemIn(() => decode('ab', [0xe2, 0x82])).message).toContain('byte 0xe2 at offset 2');
  });

  it('refuses encoded surrogates', () => {
    expect(problemIn(() => decode('a', [0xed, 0xa0, 0x80])).message).toContain('byte 0xed at offset 1');
  });

  it.each([
    ['with a mark, little end first', Buffer.from('\ufeff[app:main]\n', 'utf16le')],
    ['with a mark, big end first', Buffer.from('\ufeff[app:main]\n', 'utf16le').swap16()],
    ['without a mark', Buffer.from('[app:main]\n', 'utf16le')],
  ])('knows UTF-16 %s', (_title, bytes) => {
    const problem = problemIn(() => decodeText(bytes, '/srv/a.ini'));
    expect(problem.code).toBe('encoding');
    expect(problem.message).toContain('looks like UTF-16');
    expect(problem.hint).toBe('Save the file as UTF-8');
  });

  it('refuses a NUL, which no text holds', () => {
    const problem = problemIn(() => decode('[app:main]\nk = ', [0], 'ELF'));
    expect(problem.message).toContain('NUL byte at offset 15');
    expect(problem.place?.origin.span?.start).toEqual({ line: 2, column: 5 });
  });
});
