// Where a part of a value stands in its file. For errors that point at one word or one `%(name)s` of a long value.
import type { Span } from '../source.js';
import type { IniEntry } from './document.js';

/** The span of `length` units of `entry.value` from `start` on; a part of several lines ends with its first line. */
export function spanInValue(entry: IniEntry, start: number, length: number): Span {
  const before = entry.value.slice(0, start).split('\n');
  const line = entry.lineStarts[before.length - 1] ?? entry.valueSpan.start;
  const column = line.column + (before.at(-1) ?? '').length;
  const newline = entry.value.indexOf('\n', start);
  const shown = newline === -1 ? length : Math.min(length, newline - start);
  return { start: { line: line.line, column }, end: { line: line.line, column: column + shown } };
}
