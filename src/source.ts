// Where text comes from: files, places in them, and the frame that shows a place to a person.
// Everything else builds on this file; it imports nothing of ours and touches no disk.

/** One text that was read, whole. */
export interface Source {
  /** Absolute path, or a word in angle brackets such as `<command line>` where there is no file. */
  readonly path: string;
  readonly text: string;
}

/** A place in a text. Lines and columns count from 1; a column counts UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** From the first character to just behind the last one. */
export interface Span {
  readonly start: Position;
  readonly end: Position;
}

/** Where a value was written. Every value in a Deployment has one. */
export interface Origin {
  /** Absolute path of the file, or `<command line>`, `<built in>`, `<api>` where the value stands in no file. */
  readonly file: string;
  readonly section: string | null;
  readonly key: string | null;
  /** Null where the value stands in no file. */
  readonly span: Span | null;
}

/** An Origin together with the text it points into, for those who print it. */
export interface Place {
  readonly origin: Origin;
  readonly source: Source | null;
}

/** An origin with the text of its file, where that is among `sources`. */
export function locate(origin: Origin, sources: readonly Source[]): Place {
  return { origin, source: sources.find(({ path }) => path === origin.file) ?? null };
}

/**
 * `file:line:column` of an origin, the file relative to `cwd` where it lies below it.
 * An origin without a span gives the file alone.
 */
export function formatOrigin(origin: Origin, cwd: string): string {
  const prefix = cwd.endsWith('/') ? cwd : `${cwd}/`;
  const file = origin.file.startsWith(prefix) ? origin.file.slice(prefix.length) : origin.file;
  return origin.span === null ? file : `${file}:${origin.span.start.line}:${origin.span.start.column}`;
}

/**
 * The lines around a span, the first one marked: one line before, the line, and carets below it.
 * Lines longer than `width` are cut around the span. Empty where the text has no such line.
 */
export function codeFrame(text: string, span: Span, width = 100): string {
  const lines = linesAround(text, span.start.line);
  const [before, line] = lines;
  if (line === undefined) return '';
  const gutter = String(span.start.line).length;
  const shift = Math.max(0, span.start.column - Math.floor(width / 2));
  const shown = (one: string) => visible(one.slice(shift, shift + width));
  const length = span.end.line === span.start.line ? span.end.column - span.start.column : line.length;
  const start = span.start.column - 1 - shift;
  const carets = '^'.repeat(
    Math.max(1, Math.min(length, line.length - span.start.column + 1, width - start)),
  );
  const rows = [
    `${' '.repeat(gutter)} | ${' '.repeat(start)}${carets}`,
    `${span.start.line} | ${shown(line)}`,
  ].reverse();
  const head =
    before === undefined ? [] : [`${String(span.start.line - 1).padStart(gutter)} | ${shown(before)}`];
  return [...head.map((row) => `   ${row}`), ` > ${rows[0]}`, `   ${rows[1]}`].join('\n');
}

/** The line before `number` (undefined for the first) and the line itself, found without splitting the whole text. */
function linesAround(text: string, number: number): [string | undefined, string | undefined] {
  let start = 0;
  let before: string | undefined;
  for (let line = 1; ; line += 1) {
    const found = text.indexOf('\n', start);
    const end = found === -1 ? text.length : found;
    const content = text.slice(start, end).replace(/\r$/, '');
    if (line === number) return [before, content];
    if (found === -1) return [undefined, undefined];
    before = content;
    start = found + 1;
  }
}

/** Tabs as one space and control characters as dots, so that carets stand where they point and a terminal is safe. */
function visible(text: string): string {
  return text.replace(/\t/g, ' ').replace(/[\x00-\x1f\x7f-\x9f]/g, '·');
}
