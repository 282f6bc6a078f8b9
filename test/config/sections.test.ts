import { describe, expect, it } from '@jest/globals';
import { headerOrigin, prefixOf, SectionIndex } from '../../src/config/sections.js';
import { parseIni } from '../../src/ini/parse.js';

const indexOf = (...headers: string[]) =>
  new SectionIndex(parseIni({ path: '/a.ini', text: headers.map((header) => `[${header}]\n`).join('') }));
const found = (index: SectionIndex, kind: 'app' | 'filter' | 'server', name: string | null) =>
  index.find(kind, name).map((section) => section.name);

describe('the sections of a file', () => {
  it('are found by kind and name, white space around names aside', () => {
    const index = indexOf('app:a', 'filter: a ', 'server:a', 'App:a', 'app :a');
    expect(found(index, 'app', 'a')).toEqual(['app:a']);
    expect(found(index, 'filter', 'a')).toEqual(['filter: a ']);
    expect(found(index, 'server', 'b')).toEqual([]);
  });

  it('count the first of two words for the same thing, and every different thing', () => {
    const index = indexOf('application:a', 'app:a', 'composit:a', 'pipeline:a');
    expect(found(index, 'app', 'a')).toEqual(['app:a', 'composit:a', 'pipeline:a']);
  });

  it('mean main where no name is given, written or not', () => {
    const index = indexOf('app', 'app:main', 'filter');
    expect(found(index, 'app', null)).toEqual(['app', 'app:main']);
    expect(found(index, 'app', 'main')).toEqual(['app:main']);
    expect(found(index, 'filter', 'main')).toEqual([]);
  });

  it('are loadable by their prefix, and known by their whole name', () => {
    const index = indexOf('filter:f', 'logger_root', 'composit: x', 'pipeline');
    expect(index.loadable.map(({ kind, name }) => [kind, name])).toEqual([
      ['filter', 'f'],
      ['app', 'x'],
      ['app', null],
    ]);
    expect(index.names('app')).toEqual(['x']);
    expect(index.named('logger_root')?.name).toBe('logger_root');
    expect(index.named('root')).toBeNull();
  });

  it('have a place and a prefix', () => {
    const [section] = parseIni({ path: '/a.ini', text: '\n[app:x]\n' }).sections;
    if (section === undefined) throw new Error('no section');
    expect(headerOrigin('/a.ini', section)).toMatchObject({
      section: 'app:x',
      key: null,
      span: { start: { line: 2 } },
    });
    expect([prefixOf('app:a:b'), prefixOf('app')]).toEqual(['app', 'app']);
  });
});
