// Every rule of PEP 3333 has a test that names it: of the 65 rows of the checklist of servers, apps and filters none is
// left out. All apply to a JavaScript server; in these the JavaScript form differs, and the tests hold that form:
//   2: there are no threads; an app is called again while an earlier call of it waits
//   6, 14: PATH_INFO is decoded UTF-8 and not bytes in Latin-1
//   22, 39: the input is read, and chunks are written, by promises
//   30, 43: headers may be any iterable of pairs, and a body or a chunk may be a string
//   56: Date is added, Server is not: a server need not tell what it is
//   59: a filter may wait for several chunks, as waiting blocks nobody
//   65: one request at a time is an option, maxConcurrency, and not a thread
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const TESTS = resolve(import.meta.dirname, '../../../test');
const LAST_RULE = 65;

/** `rule 5:` or `rules 49 and 57:` at the beginning of a title. */
const TITLE = /['"`]rules? (\d+(?:(?:, | and )\d+)*):/g;

/** The rules that each test file names. */
const named = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
  // The titles that this file makes up are no tests.
  .filter((file) => file.endsWith('.test.ts') && !file.endsWith('wsgi-rules-coverage.test.ts'))
  .map((file) => ({ file, rules: rulesIn(readFileSync(join(TESTS, file), 'utf8')) }));

describe('the rules of PEP 3333', () => {
  it('have a test each', () => {
    const covered = new Set(named.flatMap(({ rules }) => rules));
    const missing = Array.from({ length: LAST_RULE }, (_, index) => index + 1).filter(
      (rule) => !covered.has(rule),
    );
    expect(missing).toEqual([]);
  });

  it('are 65: no test names another', () => {
    const strays = named.filter(({ rules }) => rules.some((rule) => rule < 1 || rule > LAST_RULE));
    expect(strays).toEqual([]);
  });

  it('are found in titles of one rule and of several', () => {
    const source = "it('rule 4: a') it(\"rules 9, 13 and 18: b\") it('follows rule 3') // rule 2: c";
    expect(rulesIn(source)).toEqual([4, 9, 13, 18]);
  });
});

function rulesIn(source: string): number[] {
  return [...source.matchAll(TITLE)].flatMap(([, rules = '']) => rules.split(/, | and /).map(Number));
}
