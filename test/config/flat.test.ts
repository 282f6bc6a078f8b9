import { describe, expect, it } from '@jest/globals';
import { parse } from 'ini';
import { flatDeployment } from '../../src/config/flat.js';
import { openTexts } from '../helpers/texts.js';

const flat = (main: string, others: Record<string, string> = {}) =>
  flatDeployment(openTexts({ 'main.ini': main, ...others }));

describe('a flat deployment', () => {
  it('has the effective keys of every section, and what it points at', () => {
    const text = [
      '[DEFAULT]\ncolor = red',
      '[server:main]\nport = 80\nuse = egg:Paste#http',
      '[server:plain]\nport = 81',
      '[app:base]\npaste.app_factory = m:f\na = %(color)s\nb = 1',
      '[app:main]\nuse = base\nb = 2',
    ].join('\n');
    expect(parse(flat(text))).toEqual({
      'server:main': { use: 'egg:Paste#http', port: '80' },
      'server:plain': { port: '81' },
      'app:base': { 'paste.app_factory': 'm:f', a: 'red', b: '1' },
      'app:main': { 'paste.app_factory': 'm:f', a: 'red', b: '2' },
    });
  });

  it('names the parts of what is composed', () => {
    const text = [
      '[pipeline:main]\npipeline = f egg:G config:o.ini#x',
      '[filter:f]\npaste.filter_factory = m:f\nk = 1',
      '[filter-app:fa]\nuse = f\nnext = a',
      '[app:a]\nuse = call:m:a\nfilter-with = f',
    ].join('\n');
    expect(parse(flat(text, { 'o.ini': '[app:x]\nuse = egg:X' }))).toEqual({
      'pipeline:main': { pipeline: 'f egg:G#main config:/srv/site/o.ini#x' },
      'filter:f': { 'paste.filter_factory': 'm:f', k: '1' },
      'filter-app:fa': { next: 'a', 'paste.filter_factory': 'm:f', k: '1' },
      'app:a': { 'filter-with': 'f', use: 'call:m:a' },
    });
  });

  it.each([
    '"quoted"',
    "'single'",
    'a ; b # c',
    '[section]',
    'a=b',
    'line\n  and line',
    'C:\\path\\to',
    '',
    '\u00e9\ud83d\ude00',
  ])('has %j survive the reader of npm ini', (value) => {
    const text = flat(`[app:a.b "c"]\nuse = egg:A\nk = ${value}\nlast = 1\n`);
    expect(parse(text)).toEqual({
      'app:a.b "c"': { use: 'egg:A#main', k: value.replace('\n  ', '\n'), last: '1' },
    });
    expect(text).not.toContain('otherwise');
  });

  it('says in its head what npm ini reads otherwise', () => {
    const text = flat(
      '[app:a]\nuse = egg:A\n__proto__ = x\nflag = true\nlist[] = 1\npath = a\\\\b\nok = 1\n',
    );
    const notes = text.split('\n').filter((line) => line.includes('otherwise'));
    expect(notes).toEqual([
      '; npm ini reads this otherwise: [app:a] "__proto__" = "x"',
      '; npm ini reads this otherwise: [app:a] "flag" = "true"',
      '; npm ini reads this otherwise: [app:a] "list[]" = "1"',
      '; npm ini reads this otherwise: [app:a] "path" = "a\\\\\\\\b"',
    ]);
    expect(text).toContain('__proto__=x');
  });

  it('says which sections cannot be resolved', () => {
    const text = flat('[app:a]\nuse = nope\n[app:b]\nuse = egg:B\n');
    expect(text).toContain('; [app:a] cannot be resolved: [app:a] names the app "nope"');
    expect(parse(text)).toEqual({ 'app:b': { use: 'egg:B#main' } });
  });

  it('names the first of several problems of a section, and how many more there are', () => {
    expect(flat('[app:a]\nx = %(no)s\ny = %(no)s\nz = %(no)s\n')).toContain(
      '; [app:a] cannot be resolved: "x" of [app:a]: %(no)s names no key of [app:a] or [DEFAULT] (and 2 more)\n',
    );
  });
});
