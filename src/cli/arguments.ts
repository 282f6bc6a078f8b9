// What stands behind a command's options: the deployment file, and name=value variables. Called by every command.
import { WsgiServeError } from '../errors.js';

/** A deployment file as named on the command line. */
export interface FileArgument {
  readonly file: string;
  /** `site.ini#NAME`: the app to serve, null where none is named. */
  readonly appName: string | null;
}

/** Takes `site.ini`, `site.ini#name` and `config:site.ini#name`, as `paster serve` does. */
export function parseFile(word: string): FileArgument {
  const path = word.replace(/^config:/i, '');
  const hash = path.indexOf('#');
  if (hash === -1) return { file: path, appName: null };
  return { file: path.slice(0, hash), appName: path.slice(hash + 1) };
}

/** `name=value` words as a record without a prototype; the last one of a name wins. Throws `bad-variable`. */
export function parseVariables(words: readonly string[]): Readonly<Record<string, string>> {
  const variables: Record<string, string> = Object.create(null);
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals < 1) {
      throw new WsgiServeError('bad-variable', `Variable assignment '${word}' invalid (no "=")`, {
        hint: 'Variables stand behind the file as name=value',
      });
    }
    variables[word.slice(0, equals).trim()] = word.slice(equals + 1);
  }
  return variables;
}
