import { describe, expect, it } from '@jest/globals';
import { ModuleGraph, moduleKey } from '../../src/load/module-graph.js';

/** Edges as `importer > imported`, over roots as `section=module`. */
function graphOf(edges: readonly string[], roots: readonly string[] = []): ModuleGraph {
  const graph = new ModuleGraph();
  for (const root of roots) {
    const [section = '', module = ''] = root.split('=');
    graph.addRoot(section, module);
  }
  for (const edge of edges) {
    const [importer = '', imported = ''] = edge.split(' > ');
    graph.add(importer, imported);
  }
  return graph;
}

describe('ModuleGraph', () => {
  it('has every file that was imported or named, once', () => {
    const graph = graphOf(['/a.js > /b.js', '/b.js > /c.js', '/c.js > /b.js'], ['app:main=/a.js']);
    expect(graph.files).toEqual(['/a.js', '/b.js', '/c.js']);
  });

  it('does not count who imports: an importer may be made up', () => {
    expect(graphOf(['/made/up.js > /b.js']).files).toEqual(['/b.js']);
  });

  it('says whether a file is new', () => {
    const graph = new ModuleGraph();
    expect(graph.add(null, '/a.js')).toBe(true);
    expect(graph.add('/a.js', '/b.js')).toBe(true);
    expect(graph.add('/a.js', '/b.js')).toBe(false);
    expect(graph.add('/c.js', '/b.js')).toBe(false);
    expect(graph.add('/a.js', 'node:fs')).toBe(false);
  });

  it('takes a file by its URL or its path, however often it was evaluated', () => {
    const graph = graphOf(
      [
        'file:///a.js > file:///b.js?v=1',
        'file:///b.js?v=2 > file:///with%20space.js#x',
        '/b.js > /c.cts?namespace=7',
      ],
      ['app:main=file:///a.js'],
    );
    expect(graph.files).toEqual(['/a.js', '/b.js', '/with space.js', '/c.cts']);
    expect(graph.why('/c.cts')).toEqual([{ section: 'app:main', path: ['/a.js', '/b.js', '/c.cts'] }]);
  });

  it('leads through modules that are no files', () => {
    const graph = graphOf(
      ['/a.js > data:text/javascript,1', 'data:text/javascript,1 > /b.js'],
      ['app:main=/a.js'],
    );
    expect(graph.files).toEqual(['/a.js', '/b.js']);
    expect(graph.why('/b.js')[0]?.path).toEqual(['/a.js', 'data:text/javascript,1', '/b.js']);
  });
});

describe('entriesOf', () => {
  it('gives what of a place is imported from elsewhere', () => {
    const edges = ['/app.js > /packages/a.js', '/packages/a.js > /packages/inner.js', '/app.js > /lib.js'];
    const graph = graphOf([...edges, '/lib.js > /packages/b.js', '/packages/a.js > /packages/b.js']);
    expect(graph.entriesOf((module) => module.startsWith('/packages/'))).toEqual([
      '/packages/a.js',
      '/packages/b.js',
    ]);
  });
});

describe('why', () => {
  const edges = [
    ...['/a.js > /far.js', '/far.js > /middle.js', '/middle.js > /x.js', '/a.js > /near.js'],
    ...['/near.js > /x.js', '/x.js > /a.js', '/b.js > /x.js', '/other.js > /y.js'],
  ];
  const graph = graphOf(edges, ['app:a=/a.js', 'filter:b=/b.js', 'app:other=/other.js']);

  it('gives each section that leads to a file, by the shortest way', () => {
    expect(graph.why('/x.js')).toEqual([
      { section: 'app:a', path: ['/a.js', '/near.js', '/x.js'] },
      { section: 'filter:b', path: ['/b.js', '/x.js'] },
    ]);
  });

  it('ends at once at the module that a section names', () => {
    expect(graph.why('/other.js')).toEqual([{ section: 'app:other', path: ['/other.js'] }]);
  });

  it('goes round no circle', () => {
    expect(graph.why('/a.js').map(({ path }) => path)).toEqual([['/a.js'], ['/b.js', '/x.js', '/a.js']]);
  });

  it('has nothing to say of a file that nobody loads', () => {
    expect(graph.why('/unknown.js')).toEqual([]);
    expect(graph.why('node:fs')).toEqual([]);
  });

  it('takes the nearest of several modules of one section', () => {
    const both = graphOf(edges, ['app:a=/a.js', 'app:a=/near.js']);
    expect(both.why('/x.js')).toEqual([{ section: 'app:a', path: ['/near.js', '/x.js'] }]);
  });
});

describe('moduleKey', () => {
  it.each([
    ['file:///srv/a%3Fb.js?v=1', '/srv/a?b.js'],
    ['/srv/what?/a.js', '/srv/what?/a.js'],
    ['/srv/a.js?namespace=1', '/srv/a.js'],
    ['data:text/javascript,1', 'data:text/javascript,1'],
    ['node:fs', null],
    ['fs', null],
    ['file://elsewhere/a.js', null],
  ])('makes of %s %s', (module, key) => {
    expect(moduleKey(module)).toBe(key);
  });
});
