import { describe, expect, it } from '@jest/globals';
import type { ObjectKind } from '../../src/config/deployment.js';
import { openDeployment } from '../../src/config/open-deployment.js';
import { readSection, wordsOf } from '../../src/config/settings.js';
import { plainValues } from '../../src/config/settings-record.js';
import { openTexts, problemIn, problemsOf, textAt, textIn } from '../helpers/texts.js';

function read(text: string, variables: Record<string, string> = {}, kind: ObjectKind = 'app') {
  const { view, globals } = openTexts({ 'main.ini': text }, variables);
  const section = view.file.document.sections.at(-1);
  if (section === undefined) throw new Error('no section');
  return readSection(kind, view, section, globals);
}

const valuesOf = (...args: Parameters<typeof read>) => {
  const { globalConf, localConf, additions } = read(...args).settings;
  return [globalConf, localConf, additions].map((settings) => ({ ...plainValues(settings) }));
};

describe('the settings of a section', () => {
  it('are globals, keys of its own, and globals that it adds', () => {
    const text = '[DEFAULT]\na = 1\n[app:main]\nset b = 2\nset a = 3\nget c = b\nd = %(a)s\n';
    const builtIn = { here: '/srv/site', __file__: '/srv/site/main.ini' };
    expect(valuesOf(text)).toEqual([
      { ...builtIn, a: '3', b: '2' },
      { c: '2', d: '1' },
      { a: '3', b: '2' },
    ]);
  });

  it('lose the keys that [DEFAULT] has too, and tell which', () => {
    const { settings } = read('[DEFAULT]\na = 1\n[app:main]\na = %(nope)s\nb = 2\n');
    expect({ ...plainValues(settings.localConf) }).toEqual({ b: '2' });
    expect(settings.shadowed.map(({ key, by }) => [key, by.value])).toEqual([['a', '1']]);
  });

  it('give up filter-with and require, which are not for factories', () => {
    const { settings } = read('[app:main]\nfilter-with = f\nrequire = Foo\n  Bar\nk = 1\n');
    expect({ ...plainValues(settings.localConf) }).toEqual({ k: '1' });
    expect(settings.filterWith?.value).toBe('f');
    expect(settings.requires.map(({ value, origin }) => [value, origin.span?.start.line])).toEqual([
      ['Foo', 3],
      ['Bar', 4],
    ]);
  });

  it('keep filter-with where it is a server', () => {
    expect(valuesOf('[server:main]\nfilter-with = f\n', {}, 'server')[1]).toEqual({ 'filter-with': 'f' });
  });

  it('see the variables of the command line instead of what [DEFAULT] says', () => {
    const text =
      '[DEFAULT]\nport = 1\nurl = :%(port)s\n[app:main]\nport = 2\nown = %(url)s\nset seen = %(rate)s\n';
    const [globals, local] = valuesOf(text, { port: '3', rate: '100%' });
    expect(globals).toMatchObject({ port: '3', url: ':3', rate: '100%', seen: '100%' });
    expect(local).toEqual({ own: ':2' });
  });

  it('see a folder with a percent sign in its name as it is called', () => {
    const readFile = () => Buffer.from('[app:main]\nat = %(here)s\n');
    const { view, globals } = openDeployment('/srv/100%/%(x)s/main.ini', { readFile });
    const [section = fail()] = view.file.document.sections;
    const { settings } = readSection('app', view, section, globals);
    expect(settings.localConf['at']?.value).toBe('/srv/100%/%(x)s');
  });

  it('know where each of them was written', () => {
    const { settings } = read('[DEFAULT]\ng = 1\n[app:main]\nget l = g\nset s = 2\nk = 3\n', { v: '4' });
    const origin = (key: string, from = settings.globalConf) => {
      const { file, section, key: written, span } = from[key]?.origin ?? fail();
      return [file, section, written, span?.start.line ?? null];
    };
    expect(origin('here')).toEqual(['<built in>', null, 'here', null]);
    expect(origin('v')).toEqual(['<command line>', null, 'v', null]);
    expect(origin('g')).toEqual(['/srv/site/main.ini', 'DEFAULT', 'g', 2]);
    expect(origin('s')).toEqual(['/srv/site/main.ini', 'app:main', 'set s', 5]);
    expect(origin('l', settings.localConf)).toEqual(['/srv/site/main.ini', 'DEFAULT', 'g', 2]);
    expect(origin('k', settings.localConf)).toEqual(['/srv/site/main.ini', 'app:main', 'k', 6]);
  });
});

describe('a section with mistakes', () => {
  it('names all values that cannot be interpolated', () => {
    const problems = problemsOf(() => read('[app:main]\na = %(x)s\nset b = 5%\nc = 1\n'));
    expect(problems.map(({ code }) => code)).toEqual(['interpolation-missing', 'interpolation-syntax']);
    expect(problems.map(textAt)).toEqual(['%(x)s', '%']);
  });

  it('fails with [DEFAULT], even where it uses nothing of it', () => {
    const problem = problemIn(() => read('[DEFAULT]\na = %(x)s\n[app:main]\nget b = here\n'));
    expect(problem.message).toBe('"a" of [DEFAULT]: %(x)s names no key of [DEFAULT]');
  });

  it('says which global is not there', () => {
    const problem = problemIn(() => read('[DEFAULT]\ncolor = red\n[app:main]\nget tint = colr\n'));
    expect(problem).toMatchObject({
      code: 'missing-global',
      message: '"get tint" asks for the global "colr", which is not set',
    });
    expect(problem.hint).toContain('Did you mean "color"?');
    expect(textAt(problem)).toBe('colr');
  });
});

describe('the words of a value', () => {
  it('have places of their own, interpolated words that of their %(name)s', () => {
    const text = '[app:main]\nf = gzip\np =\n  %(f)s\n  # c\n  auth  app\n';
    const { view, settings } = read(text);
    const words = wordsOf(view, settings.localConf['p'] ?? fail());
    const places = words.map(({ value, origin }) => [value, textIn(text, origin.span ?? fail())]);
    expect(places).toEqual([
      ['gzip', '%(f)s'],
      ['auth', 'auth'],
      ['app', 'app'],
    ]);
  });

  it('have the place of the whole value where one name became several words', () => {
    const text = '[app:main]\nf = gzip auth\np = %(f)s app\n';
    const { view, settings } = read(text);
    const spans = wordsOf(view, settings.localConf['p'] ?? fail()).map(({ origin }) =>
      textIn(text, origin.span ?? fail()),
    );
    expect(spans).toEqual(['%(f)s app', '%(f)s app', '%(f)s app']);
  });
});

function fail(): never {
  throw new Error('not there');
}
