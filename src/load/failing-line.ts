// The lines of modules that an error names, and such a line as a place with its text. Called by module-failed.ts, and by
// syntax-error.ts for what Node says on a terminal. It runs nothing.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Place, Span } from '../source.js';

/** A line of a module that fails, or led there. Lines and columns count from 1. */
export interface FailingLine {
  /** A path. */
  readonly file: string;
  readonly line: number;
  /** Null where the whole line is meant. */
  readonly column: number | null;
}

/** Those in the stack of an error, the one that fails first; down to where Node's loader has begun. */
export function failingLines(error: Error): readonly FailingLine[] {
  const lines: FailingLine[] = [];
  for (const row of (error.stack ?? '').split('\n')) {
    if (row.includes('node:internal/modules')) break;
    const line = lineIn(row);
    if (line !== null) lines.push(line);
  }
  return lines;
}

/** A row of a stack, of a compiler's message, or above the text that Node shows. */
function lineIn(row: string): FailingLine | null {
  const found = /(?:^|[( ])((?:file:\/\/)?(?:[A-Za-z]:[/\\]|\/)[^()]*?):(\d+)(?::(\d+))?\)?(?::|$)/.exec(row);
  if (found === null) return null;
  const [, named = '', line, column] = found;
  // esbuild counts columns from 0.
  const first = /:\d+: (?:ERROR|WARNING): /.test(row) ? 0 : 1;
  return lineAt(named, Number(line), column === undefined ? null : Number(column) + 1 - first);
}

/** `named` is a path or a URL. */
export function lineAt(named: string, line: number, column: number | null): FailingLine {
  return { file: named.startsWith('file:') ? fileURLToPath(named) : named, line, column };
}

/** Null where there is no such line that can be read. `section` names the module. */
export async function placeOf(
  { file, line, column }: FailingLine,
  section: string | null,
): Promise<Place | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  const content = text?.split('\n', line)[line - 1];
  if (text === null || content === undefined) return null;
  const span = spanIn(content.trimEnd(), line, column);
  return { origin: { file, section, key: null, span }, source: { path: file, text } };
}

/** The word that begins in the column, or its one character; without a column all that is written in the line. */
function spanIn(content: string, line: number, column: number | null): Span {
  const start = column ?? content.length - content.trimStart().length + 1;
  const rest = content.slice(start - 1);
  const length = column === null ? rest.length : (/^[\w$]+/.exec(rest)?.[0].length ?? 1);
  return { start: { line, column: start }, end: { line, column: start + Math.max(1, length) } };
}
