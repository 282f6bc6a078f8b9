import { describe, expect, it } from '@jest/globals';
import { interpolate, type RawValue } from '../../src/ini/interpolate.js';
import { parseIni } from '../../src/ini/parse.js';
import { problemIn, textAt } from '../helpers/texts.js';

/** The value of `key` in a section of these lines. */
function interpolated(key: string, ...lines: string[]): string {
  const source = { path: '/srv/a.ini', text: `[s]\n${lines.join('\n')}\n` };
  const values = new Map(
    parseIni(source).sections[0]?.entries.map((entry): [string, RawValue] => {
      const origin = { file: source.path, section: 's', key: entry.key, span: entry.valueSpan };
      return [entry.key, { value: entry.value, origin, entry, source }];
    }),
  );
  const raw = values.get(key);
  if (raw === undefined) throw new Error(`no key ${key}`);
  return interpolate(raw, values);
}

/** k0 = end, k1 = %(k0)s and so on. */
const chain = (length: number) => ['k0 = end', ...Array.from({ length }, (_, i) => `k${i + 1} = %(k${i})s`)];

describe('interpolation', () => {
  it('replaces names by values, and those of values too', () => {
    expect(interpolated('a', 'a = <%(b)s> and %(b)s', 'b = [%(c)s]', 'c = x')).toBe('<[x]> and [x]');
  });

  it('makes two percent signs one, once', () => {
    expect(interpolated('a', 'a = 100%% %%(b)s %%%% %(b)s', 'b = 5%%')).toBe('100% %(b)s %% 5%');
  });

  it('takes any text between the parentheses as a name', () => {
    expect(interpolated('a', 'a = %(__proto__)s %(x (y)s', '__proto__ = p', 'x (y = q')).toBe('p q');
  });

  it('leads through ten values and no more, as in Python', () => {
    expect(interpolated('k10', ...chain(10))).toBe('end');
    const problem = problemIn(() => interpolated('k11', ...chain(11)));
    expect(problem.code).toBe('interpolation-depth');
    expect(problem.message).toContain('"k11" of [s] leads through more than 10 values: k10 -> k9 ->');
    expect(textAt(problem)).toBe('%(k10)s');
  });

  it('names the circle that a value leads into', () => {
    const problem = problemIn(() => interpolated('a', 'a = x %(b)s', 'b = %(c)s', 'c = %(b)s'));
    expect(problem.code).toBe('interpolation-depth');
    expect(problem.message).toBe('"a" of [s] leads round in a circle: b -> c -> b');
    expect(problem.related.map(({ note }) => note)).toEqual([
      '"b" of [s] uses %(c)s',
      '"c" of [s] uses %(b)s',
    ]);
  });

  it('points at the name that nothing has, on its own line, and says what it may have meant', () => {
    const problem = problemIn(() => interpolated('a', 'a = 1', '  then %(colr)s', 'color = red'));
    expect(problem.code).toBe('interpolation-missing');
    expect(problem.message).toBe('"a" of [s]: %(colr)s names no key of [s] or [DEFAULT]');
    expect(problem.hint).toContain('Did you mean "color"?');
    expect(problem.place?.origin.span).toEqual({
      start: { line: 3, column: 8 },
      end: { line: 3, column: 16 },
    });
  });

  it('tells through which value a missing name was reached', () => {
    const problem = problemIn(() => interpolated('a', 'a = %(b)s', 'b = %(nope)s'));
    expect(problem.message).toContain('"b" of [s]');
    expect(textAt(problem)).toBe('%(nope)s');
    expect(problem.related.map(textAt)).toEqual(['%(b)s']);
  });

  it.each([
    ['a lone sign', 'a = 100% sure', '%'],
    ['a sign at the end', 'a = 100%', '%'],
    ['a name without its s', 'a = x %(b)', '%('],
    ['an open parenthesis', 'a = %(b', '%('],
    ['an empty name', 'a = %()s', '%('],
  ])('refuses %s and points at it', (_title, line, at) => {
    const problem = problemIn(() => interpolated('a', line, 'b = 1'));
    expect(problem.code).toBe('interpolation-syntax');
    expect(textAt(problem)).toBe(at);
  });

  it('stops a value that grows without bounds, even where nothing is seen of it', () => {
    const lines = (last: string) => [
      `k0 = ${last}`,
      ...Array.from({ length: 9 }, (_, i) => `k${i + 1} = ${`%(k${i})s`.repeat(20)}`),
    ];
    expect(problemIn(() => interpolated('k9', ...lines('x'))).code).toBe('interpolation-size');
    expect(problemIn(() => interpolated('k9', ...lines(''))).code).toBe('interpolation-size');
  });

  it('leaves long values alone that do not grow', () => {
    expect(interpolated('a', `a = ${'%%'.repeat(2_000_000)}`)).toHaveLength(2_000_000);
  });
});
