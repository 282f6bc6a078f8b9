import { describe, expect, it } from '@jest/globals';
import type { ObjectKind, Spec } from '../../src/config/deployment.js';
import { plainValues } from '../../src/config/settings-record.js';
import { openTexts, problemIn, problemsOf, textAt } from '../helpers/texts.js';

/** What `name` stands for in these files. */
function resolve(
  texts: string | Record<string, string>,
  name = 'main',
  kind: ObjectKind = 'app',
  variables = {},
): Spec {
  const files = typeof texts === 'string' ? { 'main.ini': texts } : texts;
  const { resolver, root, globals } = openTexts(files, variables);
  return resolver.resolve(kind, { value: name, origin: { ...NOWHERE } }, root, globals);
}

const NOWHERE = { file: '<api>', section: null, key: null, span: null };

/** Spec kinds, sections and targets, without settings. */
function shape(spec: Spec): unknown {
  switch (spec.kind) {
    case 'factory':
      return [spec.section, spec.target.kind === 'egg' ? spec.target.entry : spec.target.expression];
    case 'pipeline':
      return { pipeline: [...spec.filters.map(shape), shape(spec.app)] };
    case 'filter-app':
    case 'filter-with':
      return { [spec.kind]: [shape(spec.filter), shape(spec.next)] };
  }
}

describe('a section', () => {
  it('points at its factory, and says where that is written', () => {
    const spec = resolve('[app:main]\npaste.app_factory = apps:make\nk = 1\n');
    expect(spec).toMatchObject({
      kind: 'factory',
      objectKind: 'app',
      section: 'app:main',
      origin: { section: 'app:main', key: null, span: { start: { line: 1, column: 2 } } },
      target: { kind: 'factory', protocol: 'paste.app_factory', expression: 'apps:make' },
      scope: { file: '/srv/site/main.ini' },
      protocol: 'paste.app_factory',
    });
    expect(spec.kind === 'factory' && spec.target.origin.span?.start).toEqual({ line: 2, column: 21 });
    expect({ ...plainValues(spec.localConf) }).toEqual({ k: '1' });
  });

  it.each([
    ['app', 'paste.app_factory'],
    ['app', 'paste.composite_factory'],
    ['app', 'paste.composit_factory'],
    ['app', 'paste.app'],
    ['app', 'fetch.app_factory'],
    ['app', 'fetch.app'],
    ['app', 'node.app_factory'],
    ['app', 'node.app'],
    ['filter', 'paste.filter_factory'],
    ['filter', 'paste.filter_app_factory'],
    ['filter', 'node.filter'],
    ['filter', 'node.middleware'],
    ['filter', 'node.filter_factory'],
    ['filter', 'fetch.filter_factory'],
    ['server', 'paste.server_factory'],
    ['server', 'paste.server_runner'],
  ] as const)('of kind %s may say %s', (kind, protocol) => {
    const spec = resolve(`[${kind}:main]\n${protocol} = m:x\n`, 'main', kind);
    expect(spec).toMatchObject({
      objectKind: kind,
      target: { kind: 'factory', protocol, expression: 'm:x' },
    });
    expect(Object.keys(spec.localConf)).toEqual([]);
  });

  it('may not say two of them, unless they are two ways to make the same filter', () => {
    const problem = problemIn(() => resolve('[app:main]\nnode.app = m:a\npaste.app_factory = m:b\n'));
    expect(problem.code).toBe('multiple-protocols');
    expect(problem.message).toBe('[app:main] has both paste.app_factory and node.app');
    expect([textAt(problem), ...problem.related.map(textAt)]).toEqual(['m:a', 'm:b']);
    const spec = resolve(
      '[filter:f]\npaste.filter_app_factory = m:a\npaste.filter_factory = m:b\n',
      'f',
      'filter',
    );
    expect(shape(spec)).toEqual(['filter:f', 'm:b']);
    expect({ ...plainValues(spec.localConf) }).toEqual({ 'paste.filter_app_factory': 'm:a' });
  });

  it('is told what it may have meant where it says nothing', () => {
    const problem = problemIn(() => resolve('[app:main]\npaste.app_factroy = m:b\n'));
    expect(problem).toMatchObject({
      code: 'no-loader',
      hint: 'Did you mean "paste.app_factory" by "paste.app_factroy"?',
    });
    expect(textAt(problem)).toBe('app:main');
    const shadowed = problemIn(() => resolve('[DEFAULT]\nuse = egg:A\n[app:main]\nuse = egg:B\n'));
    expect(shadowed.hint).toBe('Its "use" is left out, because [DEFAULT] has that key too');
  });

  it('keeps the words of require of every section that it uses', () => {
    const spec = resolve('[app:main]\nuse = a\nrequire = one\n[app:a]\nuse = egg:A\nrequire = two three\n');
    expect(spec.requires.map(({ value }) => value)).toEqual(['one', 'two', 'three']);
  });

  it('tells a call: by its section what kind of factory it is, and by the kind where there is no section', () => {
    const protocolOf = (spec: Spec) =>
      spec.kind === 'factory' && spec.target.kind === 'call' ? spec.target.protocol : null;
    expect(protocolOf(resolve('[composit:main]\nuse = call:m:f\n'))).toBe('paste.composite_factory');
    expect(protocolOf(resolve('[app:main]\nuse = call:m:f\n'))).toBe('paste.app_factory');
    const wrapped = resolve('[filter-app:main]\nuse = call:m:f\nnext = call:m:a\n');
    if (wrapped.kind !== 'filter-app') throw new Error(wrapped.kind);
    expect([wrapped.filter, wrapped.next].map(protocolOf)).toEqual([
      'paste.filter_factory',
      'paste.app_factory',
    ]);
  });
});

describe('a reference', () => {
  it('is a section of another file, in whose folder its own references start', () => {
    const spec = resolve({
      'main.ini': '[app:main]\nuse = config:sub/a.ini#x\n',
      'sub/a.ini': '[app:x]\nuse = config:b.ini\n',
      'sub/b.ini': '[app:main]\nuse = egg:B#b\nat = %(here)s\n',
    });
    expect(shape(spec)).toEqual(['app:main', 'b']);
    expect({ ...plainValues(spec.localConf) }).toEqual({ at: '/srv/site/sub' });
    expect(spec.globalConf['__file__']?.value).toBe('/srv/site/main.ini');
    expect(spec.scope.file).toBe('/srv/site/main.ini');
  });

  it('hands the variables of the command line to every file', () => {
    const spec = resolve(
      {
        'main.ini': '[app:main]\nset v = main\nuse = config:a.ini\n',
        'a.ini': '[DEFAULT]\nv = a\n[app:main]\nuse = egg:A\nk = %(v)s\n',
      },
      'main',
      'app',
      { v: 'line' },
    );
    expect(spec.localConf['k']?.value).toBe('line');
    expect(spec.globalConf['v']?.value).toBe('main');
  });

  it('says where a missing file is named', () => {
    const problem = problemIn(() => resolve('[app:main]\nuse = config:no.ini\n'));
    expect(problem).toMatchObject({ code: 'file-not-found', message: 'there is no file /srv/site/no.ini' });
    expect(textAt(problem)).toBe('config:no.ini');
  });

  it.each([
    ['egf:A', 'unknown-scheme', 'Schemes: config, egg, call. Did you mean "egg:"?'],
    ['call:m', 'bad-call', 'Examples: call:apps:make_app, call:./lib/apps.js:makeApp'],
    ['hom', 'no-section', 'Apps in main.ini: home, main. Did you mean "home"?'],
  ])('%s is told what would be right', (reference, code, hint) => {
    const problem = problemIn(() => resolve(`[app:main]\nuse = ${reference}\n[app:home]\n`));
    expect(problem).toMatchObject({ code, hint });
    expect(textAt(problem)).toBe(reference);
  });

  it('starts in no folder where it stands in the name of an egg', () => {
    const files = (path: string) => ({
      'main.ini': `[app:main]\nuse = egg:A#config:${path}#x\n`,
      'a.ini': '[app:x]\nuse = egg:X#x\n',
    });
    const problem = problemIn(() => resolve(files('a.ini')));
    expect(problem).toMatchObject({
      code: 'file',
      message: "Cannot resolve relative uri 'config:a.ini': no file is around it",
    });
    expect(textAt(problem)).toBe('egg:A#config:a.ini#x');
    expect(shape(resolve(files('/srv/site/a.ini')))).toEqual(['app:main', 'x']);
  });

  it('is told which sections it may mean where there are several', () => {
    const problem = problemIn(() => resolve('[app:main]\nuse = x\n[app:x]\n[composite:x]\n'));
    expect(problem).toMatchObject({
      code: 'ambiguous-section',
      message: '"x" stands for [app:x] and [composite:x]',
    });
    expect(problem.related.map(textAt)).toEqual(['app:x', 'composite:x']);
  });
});

describe('what is composed', () => {
  const text = [
    '[pipeline:main]',
    'pipeline = f g app',
    '[filter:f]\nuse = egg:F#f\nfilter-with = g',
    '[filter:g]\nuse = egg:G#g',
    '[filter-app:app]\nuse = egg:H#h\nnext = last',
    '[app:last]\nuse = egg:A#a',
  ].join('\n');

  it('is a tree of specs, outermost filters first', () => {
    expect(shape(resolve(text))).toEqual({
      pipeline: [
        {
          'filter-with': [
            ['filter:g', 'g'],
            ['filter:f', 'f'],
          ],
        },
        ['filter:g', 'g'],
        {
          'filter-app': [
            ['filter-app:app', 'h'],
            ['app:last', 'a'],
          ],
        },
      ],
    });
  });

  it('can be used by another section, which is then the one that people see', () => {
    const spec = resolve(`${text}\n[app:over]\nuse = main\nset x = 1\n`, 'over');
    expect(spec).toMatchObject({ kind: 'pipeline', section: 'app:over', protocol: 'paste.app_factory' });
    expect(spec.globalConf['x']?.value).toBe('1');
  });

  it('has all its mistakes named at once, each where it stands', () => {
    const problems = problemsOf(() =>
      resolve(
        '[pipeline:main]\npipeline = gzpi\n   auth app\n[filter:auth]\nk = %(x)s\n[filter:gzip]\n[app:app]\nfilter-with = no\n',
      ),
    );
    expect(problems.map((problem) => [problem.code, textAt(problem)])).toEqual([
      ['no-loader', 'app:app'],
      ['no-section', 'no'],
      ['no-section', 'gzpi'],
      ['interpolation-missing', '%(x)s'],
    ]);
    expect(problems[2]?.message).toBe(
      '[pipeline:main] names the filter "gzpi", but main.ini has none of that name',
    );
    expect(problems[2]?.hint).toBe('Filters in main.ini: auth, gzip. Did you mean "gzip"?');
  });

  it.each([
    ['[pipeline:main]\n', 'missing-pipeline', 'pipeline:main'],
    ['[pipeline:main]\npipeline =\n', 'empty-pipeline', ''],
    ['[pipeline:main]\npipeline = a\ndebug = true\n', 'pipeline-extra', 'true'],
    ['[filter-app:main]\nuse = egg:F\n', 'missing-next', 'filter-app:main'],
  ])('%j is a mistake', (lines, code, at) => {
    const problem = problemIn(() => resolve(lines));
    expect(problem.code).toBe(code);
    expect(textAt(problem)).toBe(at);
    expect(problem.hint).not.toBeNull();
  });
});

describe('a circle', () => {
  it.each([
    ['use', '[app:main]\nuse = b\n[app:b]\nuse = main\n', 'app:main -> app:b -> app:main', ['b', 'main']],
    ['use of itself', '[app:main]\nuse = main\n', 'app:main -> app:main', ['main']],
    ['next', '[filter-app:main]\nuse = egg:F\nnext = main\n', 'filter-app:main -> filter-app:main', ['main']],
    [
      'pipeline',
      '[pipeline:main]\npipeline = a\n[app:a]\nuse = main\n',
      'pipeline:main -> app:a -> pipeline:main',
      ['a', 'main'],
    ],
    [
      'filter-with',
      '[app:main]\nuse = egg:A\nfilter-with = f\n[filter:f]\nuse = egg:F\nfilter-with = f\n',
      'filter:f -> filter:f',
      ['f'],
    ],
    [
      'a circle behind a section',
      '[app:main]\nuse = b\n[app:b]\nuse = c\n[app:c]\nuse = b\n',
      'app:b -> app:c -> app:b',
      ['c', 'b'],
    ],
    [
      'config:',
      '[app:main]\nuse = config:../site/main.ini\n',
      'app:main -> app:main',
      ['config:../site/main.ini'],
    ],
  ])('of %s is told with each of its links', (_title, text, chain, links) => {
    const problem = problemIn(() => resolve(text));
    expect(problem).toMatchObject({
      code: 'cycle',
      message: `sections use each other in a circle: ${chain}`,
    });
    expect(problem.related.map(textAt)).toEqual(links);
    expect(textAt(problem)).toBe(links.at(-1));
  });

  it('through several files is told with their names', () => {
    const files = {
      'main.ini': '[app:main]\nuse = config:b.ini#x\n',
      'b.ini': '[app:x]\nuse = config:main.ini\n',
    };
    expect(problemIn(() => resolve(files)).message).toContain(
      'main.ini#app:main -> b.ini#app:x -> main.ini#app:main',
    );
  });

  it('is none where other globals lead out of it', () => {
    const text =
      '[DEFAULT]\nt = b\n[app:main]\nget use = t\n[app:b]\nset t = c\nuse = main\n[app:c]\nuse = egg:C#c\n';
    expect(shape(resolve(text))).toEqual(['app:main', 'c']);
  });

  it('ends where globals grow with every round', () => {
    const text =
      '[app:main]\nset x = a\nuse = config:main.ini#b\n[app:b]\nset x = %(x)sa\nuse = config:main.ini#b\n';
    expect(problemIn(() => resolve(text)).code).toBe('cycle');
  });
});

describe('a deployment without bounds', () => {
  it('is stopped where sections double with every step', () => {
    const filters = Array.from(
      { length: 40 },
      (_, i) => `[filter:f${i + 1}]\nuse = f${i}\nfilter-with = f${i}\n`,
    );
    const text = `[app:main]\nuse = egg:A\nfilter-with = f40\n[filter:f0]\nuse = egg:F\n${filters.join('')}`;
    expect(problemIn(() => resolve(text)).code).toBe('too-many-specs');
  });

  it('is stopped where mistakes double with every step', () => {
    const filters = Array.from(
      { length: 40 },
      (_, i) => `[filter:f${i + 1}]\nuse = f${i}\nfilter-with = f${i}\n`,
    );
    const text = `[app:main]\nuse = egg:A\nfilter-with = f40\n[filter:f0]\nuse = nope\n${filters.join('')}`;
    expect(problemIn(() => resolve(text)).code).toBe('no-section');
  });

  it('is stopped where a way leads through too many sections', () => {
    const apps = Array.from({ length: 2000 }, (_, i) => `[app:a${i}]\nuse = a${i + 1}\n`);
    expect(problemIn(() => resolve(apps.join(''), 'a0')).code).toBe('too-many-specs');
  });

  it('is none where two hundred filters or a hundred files lead to one another', () => {
    const filters = Array.from(
      { length: 200 },
      (_, i) => `[filter:f${i}]\nuse = egg:F\nfilter-with = f${i + 1}\n`,
    );
    const text = `[app:main]\nuse = egg:A\nfilter-with = f0\n${filters.join('')}[filter:f200]\nuse = egg:F\n`;
    expect(JSON.stringify(shape(resolve(text))).match(/filter-with/g)).toHaveLength(201);
    const files = Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [
        `f${i}.ini`,
        `[app:main]\nuse = config:f${i + 1}.ini\nk${i} = 1\n`,
      ]),
    );
    const spec = resolve({
      'main.ini': '[app:main]\nuse = config:f0.ini\n',
      ...files,
      'f100.ini': '[app:main]\nuse = egg:A\n',
    });
    expect(Object.keys(spec.localConf)).toHaveLength(100);
  });
});
