// Where a part of a value stands in its file. For errors that point at one word or one `%(name)s` of a long value.
import type { Span } from '../source.js';
import type { IniEntry } from './document.js';
import type { Word } from './whitespace.js';

/** The span of `length` units of `entry.value` from `start` on; a part of several lines ends with its first line. */
export function spanInValue(entry: IniEntry, start: number, length: number): Span {
  const before = entry.value.slice(0, start).split('\n');
  const line = entry.lineStarts[before.length - 1] ?? entry.valueSpan.start;
  const column = line.column + (before.at(-1) ?? '').length;
  const newline = entry.value.indexOf('\n', start);
  const shown = newline === -1 ? length : Math.min(length, newline - start);
  return { start: { line: line.line, column }, end: { line: line.line, column: column + shown } };
}

/** The spans of words of `entry.value`, which come in order and lie in one line each: one walk however many there are. */
export function spansOfWords(entry: IniEntry, words: readonly Word[]): readonly Span[] {
  const { value, lineStarts } = entry;
  let index = 0;
  let lineStart = 0;
  let newline = value.indexOf('\n');
  return words.map(({ text, start }) => {
    while (newline !== -1 && newline < start) {
      index += 1;
      lineStart = newline + 1;
      newline = value.indexOf('\n', lineStart);
    }
    const { line, column } = lineStarts[index] ?? entry.valueSpan.start;
    const from = column + start - lineStart;
    return { start: { line, column: from }, end: { line, column: from + text.length } };
  });
}
