// The language of references: what follows `use =`, and the words of a pipeline. Called by resolve.ts.
// Reads words only; whether a file, a section or a package exists is asked later.
import { isAbsolute } from 'node:path';
import { strip } from '../ini/whitespace.js';

/** What a reference says; the scheme tells the kinds apart. */
export type Reference =
  /** A section's name. */
  | { readonly scheme: null; readonly name: string }
  /** `config:FILE#NAME`; the path as written, `main` where no name is. */
  | { readonly scheme: 'config'; readonly path: string; readonly name: string }
  /** `egg:DISTRIBUTION#ENTRY`, `main` where no entry is. */
  | { readonly scheme: 'egg'; readonly distribution: string; readonly name: string }
  /** `call:MODULE:EXPORT`. */
  | { readonly scheme: 'call'; readonly expression: string }
  | { readonly scheme: 'unknown'; readonly word: string };

/** The schemes that are known, in PasteDeploy's order. */
export const SCHEMES: readonly string[] = ['config', 'egg', 'call'];

/** Stands for the file of a scope that has none: there only references with a scheme can be resolved. */
export const NO_FILE = '<api>';

/** Reads a reference; text without letters and a colon at its start is a name, whatever else it holds. */
export function parseReference(text: string): Reference {
  if (!hasScheme(text)) return { scheme: null, name: text };
  const [uri, fragment] = splitOnce(text, '#');
  const [word, rest] = splitOnce(uri, ':');
  const name = fragment ?? 'main';
  switch (word.toLowerCase()) {
    case 'config':
      return { scheme: 'config', path: rest ?? '', name };
    case 'egg':
      return { scheme: 'egg', distribution: rest ?? '', name };
    case 'call':
      return { scheme: 'call', expression: rest ?? '' };
    default:
      return { scheme: 'unknown', word: word.toLowerCase() };
  }
}

/** True where a text begins like `config:`, `egg:` or any other scheme. */
export function hasScheme(text: string): boolean {
  return /^[a-zA-Z]+:/.test(text);
}

/** The two sides of the first `separator`; the right one is null where there is none. */
export function splitOnce(text: string, separator: string): readonly [string, string | null] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + separator.length)];
}

/**
 * The path that a `config:` reference means, seen from `folder`: backslashes are slashes, `%20` and the like are
 * decoded, white space around it goes, as PasteDeploy does. Not normalised: where a folder is a link, `..` is the system's to resolve.
 */
export function configPath(path: string, folder: string): string {
  const slashed = path.replaceAll('\\', '/');
  const whole = isAbsolute(path) ? slashed : `${folder.endsWith('/') ? folder : `${folder}/`}${slashed}`;
  return strip(percentDecode(whole.startsWith('///') ? whole.slice(2) : whole));
}

/** Python's `urllib.parse.unquote`: what is no escape stays, bytes that are not UTF-8 become U+FFFD. */
function percentDecode(text: string): string {
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (escapes) => {
    const bytes = Buffer.from(escapes.replaceAll('%', ''), 'hex');
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  });
}
