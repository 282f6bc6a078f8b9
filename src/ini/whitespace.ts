// White space as Python's `str` sees it, which is not JavaScript's `\s`: U+001C to U+001F and U+0085 count, U+FEFF does not.
// For the readers of deployment files (ini, config); works on UTF-16 units, since all white space lies in the BMP.

/** A word of a text, and where it begins in it (UTF-16 units, from 0). */
export interface Word {
  readonly text: string;
  readonly start: number;
}

/** Python's `str.isspace` for one UTF-16 unit. */
export function isSpace(unit: number): boolean {
  if (unit < 0x80) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d) || (unit >= 0x1c && unit <= 0x1f);
  if (unit >= 0x2000 && unit <= 0x200a) return true;
  return WIDE_SPACES.has(unit);
}

/** The index of the first unit from `start` on that is no white space; `end` where there is none. */
export function skipSpace(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

/** The index just behind the last unit before `end` that is no white space; `start` where there is none. */
export function skipSpaceBack(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && isSpace(text.charCodeAt(at - 1))) at -= 1;
  return at;
}

/** Python's `str.strip()`. */
export function strip(text: string): string {
  const end = skipSpaceBack(text, 0, text.length);
  return text.slice(skipSpace(text, 0, end), end);
}

/** Python's `str.rstrip()`. */
export function stripEnd(text: string): string {
  return text.slice(0, skipSpaceBack(text, 0, text.length));
}

/** Python's `str.split()`, each word with its place. */
export function splitWords(text: string): readonly Word[] {
  const words: Word[] = [];
  let at = skipSpace(text, 0, text.length);
  while (at < text.length) {
    const start = at;
    while (at < text.length && !isSpace(text.charCodeAt(at))) at += 1;
    words.push({ text: text.slice(start, at), start });
    at = skipSpace(text, at, text.length);
  }
  return words;
}

const WIDE_SPACES: ReadonlySet<number> = new Set([
  0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
]);
