// Deployment files that exist only in a test, and the problems that they give.
import { join } from 'node:path';
import { type OpenedDeployment, openDeployment } from '../../src/config/open-deployment.js';
import type { ReadFile } from '../../src/config/read.js';
import { WsgiServeError } from '../../src/errors.js';
import type { Span } from '../../src/source.js';

/** The folder that the files of readTexts lie in. */
export const FOLDER = '/srv/site';

/** Reads `main.ini`, `sub/other.ini` and so on out of a record; any other file does not exist. */
export function readTexts(texts: Readonly<Record<string, string>>): ReadFile {
  return (path) => {
    const found = Object.entries(texts).find(([name]) => join(FOLDER, name) === join(path));
    if (found === undefined) throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' });
    return Buffer.from(found[1]);
  };
}

/** Opens `main.ini` of these files. */
export function openTexts(
  texts: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string>> = {},
): OpenedDeployment {
  return openDeployment(`${FOLDER}/main.ini`, { readFile: readTexts(texts), variables });
}

/** Every problem that `act` throws; fails where it throws none, or something else. */
export function problemsOf(act: () => unknown): readonly WsgiServeError[] {
  try {
    act();
  } catch (error) {
    if (error instanceof WsgiServeError) return error.problems;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** The one problem that `act` throws. */
export function problemIn(act: () => unknown): WsgiServeError {
  const [problem, ...others] = problemsOf(act);
  if (problem === undefined || others.length > 0)
    throw new Error(`${others.length + 1} problems were thrown`);
  return problem;
}

/** The text that a problem points at, in the first line of its span; null where it points at none. */
export function textAt({ place }: Pick<WsgiServeError, 'place'>): string | null {
  if (place === null || place.source === null || place.origin.span === null) return null;
  return textIn(place.source.text, place.origin.span);
}

/** What a span covers, in its first line. */
export function textIn(text: string, { start, end }: Span): string {
  const line = text.split('\n')[start.line - 1] ?? '';
  return line.slice(start.column - 1, end.line === start.line ? end.column - 1 : undefined);
}
