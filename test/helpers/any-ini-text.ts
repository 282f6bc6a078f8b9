// Random texts that look like deployment files, for property tests.
import fc from 'fast-check';
import { WsgiServeError } from '../../src/errors.js';

/** Pieces that deployment files are made of, in any order. */
const piece = fc.constantFrom(
  ...[
    '[app:main]',
    '[DEFAULT]',
    '[filter:f]',
    '[pipeline:p]',
    '[server:main]',
    '[',
    ']',
    '\n',
    '\n',
    '\n ',
    '\r\n',
  ],
  ...[
    ' = ',
    ':',
    '=',
    'use',
    'pipeline',
    'filter-with',
    'next',
    'set x',
    'get y',
    'require',
    '__proto__',
    'constructor',
  ],
  ...[
    '%(x)s',
    '%(here)s',
    '%%',
    '%',
    '# ',
    ';',
    ' ',
    '\t',
    '\u2003',
    '\x1c',
    '\ufeff',
    '\u00e9',
    '\ud83d\ude00',
  ],
  ...[
    'main',
    'f',
    'p',
    'egg:A#b',
    'call:m:f',
    'config:main.ini#p',
    'paste.app_factory',
    'paste.filter_factory',
    'x',
  ],
);
/** Text of such pieces, or of any characters. */
export const anyIniText = fc.oneof(
  fc.array(piece, { maxLength: 60 }).map((parts) => parts.join('')),
  fc.string(),
);

/** What `act` gives, or null where it throws a WsgiServeError; any other error is thrown on. */
export function unlessProblem<T>(act: () => T): T | null {
  try {
    return act();
  } catch (error) {
    if (error instanceof WsgiServeError) return null;
    throw error;
  }
}
