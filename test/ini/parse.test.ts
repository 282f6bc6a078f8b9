import { describe, expect, it } from '@jest/globals';
import type { IniDocument } from '../../src/ini/document.js';
import { parseIni } from '../../src/ini/parse.js';
import { problemIn, problemsOf, textAt, textIn } from '../helpers/texts.js';

const parse = (text: string) => parseIni({ path: '/srv/a.ini', text });

/** Sections as plain data, [DEFAULT] first. */
const plain = ({ defaults, sections }: IniDocument) =>
  [{ name: 'DEFAULT', entries: defaults }, ...sections].map(({ name, entries }) => [
    name,
    entries.map(({ key, value }) => [key, value]),
  ]);

describe('reading an INI text', () => {
  it('gives sections in file order and [DEFAULT] apart', () => {
    expect(plain(parse('[b]\nx = 1\n[DEFAULT]\nd: 2\n[a]\n'))).toEqual([
      ['DEFAULT', [['d', '2']]],
      ['b', [['x', '1']]],
      ['a', []],
    ]);
  });

  it('splits a key from its value at the first "=" or ":"', () => {
    const text = '[s]\na = b:c=d\ne: f=g\nLong key =\n/path: x\n';
    expect(plain(parse(text))[1]).toEqual([
      's',
      [
        ['a', 'b:c=d'],
        ['e', 'f=g'],
        ['Long key', ''],
        ['/path', 'x'],
      ],
    ]);
  });

  it('knows comments only as whole lines, indented ones and those inside values too', () => {
    const text = '# c\n[s] ; rest\n  ; c\na = 1 ; kept # kept\n  # left out\n  2\n';
    expect(plain(parse(text))[1]).toEqual(['s', [['a', '1 ; kept # kept\n2']]]);
  });

  it('continues a value on deeper lines and keeps empty lines between them, not behind them', () => {
    const text = '[s]\n  a = 1\n    2\n\n  \t \n     [3]\n\n  b = x\n c = y\n';
    expect(plain(parse(text))[1]).toEqual([
      's',
      [
        ['a', '1\n2\n\n\n[3]'],
        ['b', 'x'],
        ['c', 'y'],
      ],
    ]);
  });

  it('takes prototype words as ordinary names', () => {
    const text = '[__proto__]\n__proto__ = 1\nconstructor = 2\n[constructor]\ntoString = 3\n';
    expect(plain(parse(text)).slice(1)).toEqual([
      [
        '__proto__',
        [
          ['__proto__', '1'],
          ['constructor', '2'],
        ],
      ],
      ['constructor', [['toString', '3']]],
    ]);
  });

  it('tells where names, keys, values and their lines stand', () => {
    const text = '[DEFAULT]\n[app:main] x\n  pipeline =\n\n    gzip\n    auth app\n\n';
    const [section] = parse(text).sections;
    const entry = section?.entries[0];
    expect(section && textIn(text, section.span)).toBe('app:main');
    expect(entry && textIn(text, entry.keySpan)).toBe('pipeline');
    expect(entry?.value).toBe('\n\ngzip\nauth app');
    expect(entry?.valueSpan).toEqual({ start: { line: 5, column: 5 }, end: { line: 6, column: 13 } });
    expect(entry?.lineStarts).toEqual([
      { line: 3, column: 13 },
      { line: 4, column: 1 },
      { line: 5, column: 5 },
      { line: 6, column: 5 },
    ]);
  });

  it('gives an empty value a place behind its delimiter', () => {
    const entry = parse('[s]\nkey =\n').sections[0]?.entries[0];
    const at = { line: 2, column: 6 };
    expect(entry?.valueSpan).toEqual({ start: at, end: at });
  });
});

describe('a text that is not INI', () => {
  it('is told where a section is there twice, and where the first one is', () => {
    const problem = problemIn(() => parse('[a]\n[b]\n  nonsense\n[a]\n'));
    expect(problem.code).toBe('duplicate-section');
    expect(problem.message).toBe('[a] is already there');
    expect(problem.place?.origin.span?.start).toEqual({ line: 4, column: 2 });
    expect(problem.related.map(({ place }) => place.origin.span?.start.line)).toEqual([1]);
  });

  it('is told where a key is there twice, over all parts of [DEFAULT]', () => {
    const problem = problemIn(() => parse('[DEFAULT]\nk = 1\n[a]\nk = 2\n[DEFAULT]\n  k : 3\n'));
    expect(problem.code).toBe('duplicate-option');
    expect(problem.message).toBe('[DEFAULT] has "k" twice');
    expect(problem.place?.origin.span?.start).toEqual({ line: 6, column: 3 });
    expect(problem.related.map(({ place }) => place.origin.span?.start.line)).toEqual([2]);
  });

  it('takes keys of different case for different keys', () => {
    expect(plain(parse('[a]\nK = 1\nk = 2\n'))[1]).toEqual([
      'a',
      [
        ['K', '1'],
        ['k', '2'],
      ],
    ]);
  });

  it('is told of a line before the first section', () => {
    const problem = problemIn(() => parse('# c\n\n orphan = 1\n[a]\n[a]\n'));
    expect(problem.code).toBe('missing-section-header');
    expect(textAt(problem)).toBe('orphan = 1');
  });

  it('is told of all lines that mean nothing, unless something worse comes', () => {
    const text = '[a]\nx\n= 1\n[]\ny\n';
    const problems = problemsOf(() => parse(text));
    expect(problems.map(({ code }) => code)).toEqual(['syntax', 'syntax', 'syntax', 'syntax']);
    expect(problems.map(textAt)).toEqual(['x', '= 1', '[]', 'y']);
    expect(problemIn(() => parse(`${text}[a]\n`)).code).toBe('duplicate-section');
  });

  it('shows twenty such lines and counts the rest', () => {
    const problems = problemsOf(() => parse(`[a]\n${'nothing\n'.repeat(500)}`));
    expect(problems.length).toBe(20);
    expect(problems.at(-1)?.message).toContain('and 480 more lines like it');
  });

  it('quotes long lines cut', () => {
    expect(problemIn(() => parse(`[a]\n${'x'.repeat(100_000)}\n`)).message.length).toBeLessThan(100);
  });
});

describe('reading a large text', () => {
  it('finds a hundred thousand keys', () => {
    const lines = Array.from({ length: 100_000 }, (_, index) => `key${index} = value ${index}`);
    const entries = parse(`[s]\n${lines.join('\n')}`).sections[0]?.entries;
    expect(entries?.length).toBe(100_000);
    expect(entries?.at(-1)).toMatchObject({ key: 'key99999', value: 'value 99999' });
  });
});
