// A deployment file's text -> sections and entries, each with its span. Called by config.
// The dialect is Python's `ConfigParser` (strict) as PasteDeploy sets it up; nothing is interpolated here.
import { severalProblems, WsgiServeError } from '../errors.js';
import type { Position, Source, Span } from '../source.js';
import type { IniDocument, IniEntry, IniSection } from './document.js';
import { skipSpace, skipSpaceBack, stripEnd } from './whitespace.js';

/** How many lines that mean nothing are shown; the last one says how many more there are. */
const SHOWN_SYNTAX_ERRORS = 20;

/**
 * Reads a text whose lines end in `\n`. As Python does, stops at the first duplicate and at a line before the first
 * section (`duplicate-section`, `duplicate-option`, `missing-section-header`), and collects lines that mean nothing
 * (`syntax`) to the end.
 */
export function parseIni(source: Source): IniDocument {
  const { text } = source;
  const reader = new Reader(source);
  for (let start = 0, number = 1; start < text.length; number += 1) {
    const found = text.indexOf('\n', start);
    const stop = found === -1 ? text.length : found;
    const end = skipSpaceBack(text, start, stop);
    reader.take({ number, start, first: skipSpace(text, start, end), end });
    start = stop + 1;
  }
  return reader.finish();
}

/** One line: where it starts, and its part between white space, as offsets into the text. */
interface Line {
  readonly number: number;
  readonly start: number;
  readonly first: number;
  readonly end: number;
}

interface OpenSection {
  readonly name: string;
  readonly span: Span;
  readonly entries: Map<string, OpenEntry>;
}

interface OpenEntry {
  readonly key: string;
  readonly keySpan: Span;
  readonly lines: string[];
  readonly starts: Position[];
}

class Reader {
  readonly #source: Source;
  readonly #defaults = new Map<string, OpenEntry>();
  readonly #sections = new Map<string, OpenSection>();
  readonly #wrong: WsgiServeError[] = [];
  #wrongLines = 0;
  #section: OpenSection | null = null;
  /** What a deeper line continues. */
  #entry: OpenEntry | null = null;
  #indent = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  take(line: Line): void {
    const { number, start, first, end } = line;
    const content = this.#source.text.slice(first, end);
    const indent = first - start;
    if (content === '') this.#continue('', { line: number, column: 1 });
    else if (content.startsWith('#') || content.startsWith(';')) return;
    else if (this.#entry !== null && indent > this.#indent) {
      this.#continue(content, { line: number, column: indent + 1 });
    } else {
      this.#indent = indent;
      this.#begin(content, line);
    }
  }

  finish(): IniDocument {
    const last = this.#wrong.at(-1);
    const hidden = this.#wrongLines - this.#wrong.length;
    if (last !== undefined && hidden > 0) this.#wrong.splice(-1, 1, withCount(last, hidden));
    const [first, ...others] = this.#wrong;
    if (first !== undefined) throw severalProblems([first, ...others]);
    return {
      source: this.#source,
      defaults: closeEntries(this.#defaults),
      sections: Array.from(this.#sections.values(), closeSection),
    };
  }

  #continue(content: string, start: Position): void {
    this.#entry?.lines.push(content);
    this.#entry?.starts.push(start);
  }

  /** A line that continues nothing: a header, or a key with its value. */
  #begin(content: string, line: Line): void {
    const close = content.startsWith('[') ? content.lastIndexOf(']') : -1;
    const delimiter = firstDelimiter(content);
    if (close > 1) this.#open(content.slice(1, close), spanOf(line, line.first + 1, close - 1));
    else if (this.#section === null) throw this.#missingHeader(content, line);
    else if (delimiter === -1) this.#addWrong(content, line, 'has no "=" or ":"');
    else this.#option(this.#section, content, delimiter, line);
  }

  #open(name: string, span: Span): void {
    const first = this.#sections.get(name);
    if (first !== undefined) throw this.#duplicateSection(name, span, first);
    this.#section = { name, span, entries: name === 'DEFAULT' ? this.#defaults : new Map() };
    if (name !== 'DEFAULT') this.#sections.set(name, this.#section);
    this.#entry = null;
  }

  #option(section: OpenSection, content: string, delimiter: number, line: Line): void {
    const key = stripEnd(content.slice(0, delimiter));
    if (key === '') this.#addWrong(content, line, 'has no key before its "=" or ":"');
    const keySpan = spanOf(line, line.first, key.length);
    const first = section.entries.get(key);
    if (first !== undefined) throw this.#duplicateOption(section.name, key, keySpan, first);
    const valueStart = skipSpace(content, delimiter + 1, content.length);
    const entry = {
      key,
      keySpan,
      lines: [content.slice(valueStart)],
      starts: [spanOf(line, line.first + valueStart, 0).start],
    };
    section.entries.set(key, entry);
    // A line without a key is wrong already; what is indented below it is read as if it stood alone, as in Python.
    this.#entry = key === '' ? null : entry;
  }

  #addWrong(content: string, line: Line, why: string): void {
    this.#wrongLines += 1;
    if (this.#wrong.length === SHOWN_SYNTAX_ERRORS) return;
    const span = spanOf(line, line.first, content.length);
    this.#wrong.push(
      new WsgiServeError('syntax', `${quote(content)} ${why}`, {
        place: this.#place(span, null),
        hint: 'A line is a [section], "key = value", or indented deeper than the value that it continues',
      }),
    );
  }

  #missingHeader(content: string, line: Line): WsgiServeError {
    return new WsgiServeError('missing-section-header', `${quote(content)} stands before any [section]`, {
      place: this.#place(spanOf(line, line.first, content.length), null),
      hint: 'Begin with a section such as [app:main], or [DEFAULT] for values that all sections share',
    });
  }

  #duplicateSection(name: string, span: Span, first: OpenSection): WsgiServeError {
    return new WsgiServeError('duplicate-section', `[${name}] is already there`, {
      place: this.#place(span, null, name),
      related: [{ note: `the first [${name}]`, place: this.#place(first.span, null, name) }],
      hint: 'Rename one of the two, or put all its keys into one section',
    });
  }

  #duplicateOption(section: string, key: string, span: Span, first: OpenEntry): WsgiServeError {
    return new WsgiServeError('duplicate-option', `[${section}] has ${quote(key)} twice`, {
      place: this.#place(span, key),
      related: [{ note: `the first ${quote(key)}`, place: this.#place(first.keySpan, key) }],
      hint: 'Keep one of the two; further lines of one value are indented',
    });
  }

  #place(span: Span, key: string | null, section = this.#section?.name ?? null) {
    return { origin: { file: this.#source.path, section, key, span }, source: this.#source };
  }
}

function spanOf(line: Line, from: number, length: number): Span {
  const column = from - line.start + 1;
  return { start: { line: line.number, column }, end: { line: line.number, column: column + length } };
}

function firstDelimiter(content: string): number {
  const equals = content.indexOf('=');
  const colon = content.indexOf(':');
  if (equals === -1) return colon;
  return colon === -1 ? equals : Math.min(equals, colon);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}

function withCount(problem: WsgiServeError, hidden: number): WsgiServeError {
  const { place, hint } = problem;
  return new WsgiServeError('syntax', `${problem.message}, and ${hidden} more lines like it`, {
    place,
    hint,
  });
}

function closeSection({ name, span, entries }: OpenSection): IniSection {
  return { name, span, entries: closeEntries(entries) };
}

function closeEntries(entries: ReadonlyMap<string, OpenEntry>): readonly IniEntry[] {
  return Array.from(entries.values(), closeEntry);
}

function closeEntry({ key, keySpan, lines, starts }: OpenEntry): IniEntry {
  let last = lines.length - 1;
  while (last > 0 && lines[last] === '') last -= 1;
  let first = 0;
  while (first < last && lines[first] === '') first += 1;
  const lineStarts = starts.slice(0, last + 1);
  const start = lineStarts[first] ?? keySpan.end;
  const { line, column } = lineStarts[last] ?? start;
  const end = { line, column: column + (lines[last] ?? '').length };
  return { key, keySpan, value: lines.slice(0, last + 1).join('\n'), valueSpan: { start, end }, lineStarts };
}
