import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeText } from '../../src/ini/decode.js';
import type { IniDocument } from '../../src/ini/document.js';
import { parseIni } from '../../src/ini/parse.js';
import { anyIniText, unlessProblem } from '../helpers/any-ini-text.js';
import { textIn } from '../helpers/texts.js';

describe('any text', () => {
  it('is a document or a problem, and every span points at what it says', () => {
    fc.assert(
      fc.property(anyIniText, (value) => {
        const document = unlessProblem(() => parseIni({ path: '/a.ini', text: value }));
        if (document !== null) expectTrueSpans(document);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('any bytes', () => {
  it('are text or a problem of encoding', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const source = unlessProblem(() => decodeText(bytes, '/a.ini'));
        if (source !== null)
          expect(Buffer.from(bytes).toString()).toContain(source.text.split('\n')[0] ?? '');
      }),
    );
  });
});

function expectTrueSpans({ source, defaults, sections }: IniDocument): void {
  for (const { name, span } of sections) expect(textIn(source.text, span)).toBe(name);
  for (const entry of [...defaults, ...sections.flatMap(({ entries }) => entries)]) {
    expect(textIn(source.text, entry.keySpan)).toBe(entry.key);
    for (const [index, line] of entry.value.split('\n').entries()) {
      const start = entry.lineStarts[index] ?? entry.keySpan.start;
      const end = { line: start.line, column: start.column + line.length };
      expect(textIn(source.text, { start, end })).toBe(line);
    }
  }
}
