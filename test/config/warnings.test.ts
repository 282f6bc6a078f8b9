import { describe, expect, it } from '@jest/globals';
import { readDeployment } from '../../src/config/read-deployment.js';
import { unreachedSections } from '../../src/config/warnings.js';
import { FOLDER, readTexts, textAt } from '../helpers/texts.js';

const read = (main: string, variables: Record<string, string> = {}, others: Record<string, string> = {}) =>
  readDeployment(`${FOLDER}/main.ini`, { variables, readFile: readTexts({ 'main.ini': main, ...others }) });

describe('a warning', () => {
  it('tells of a key that [DEFAULT] takes away', () => {
    const { warnings } = read(
      '[DEFAULT]\ndebug = true\n[server:main]\n[app:main]\nuse = egg:A\ndebug = false\n',
    );
    expect(warnings).toHaveLength(1);
    const [warning] = warnings;
    expect(warning).toMatchObject({
      code: 'shadowed-key',
      exitCode: 0,
      message: '"debug" of [app:main] is left out, because [DEFAULT] has it too',
    });
    expect(warning && [textAt(warning), ...warning.related.map(textAt)]).toEqual(['debug', 'true']);
    expect(warning?.related[0]?.note).toBe('"debug" = "true" counts');
  });

  it.each([
    ['the same value', 'true'],
    ['a value that comes out the same', '%(yes)s'],
    ['the default itself', '%(debug)s'],
  ])('does not tell of %s', (_title, value) => {
    const text = `[DEFAULT]\ndebug = true\nyes = true\n[server:main]\n[app:main]\nuse = egg:A\ndebug = ${value}\n`;
    expect(read(text).warnings).toEqual([]);
  });

  it('names the command line, or the file that hands a global down', () => {
    const text = '[server:main]\nport = 1\n[app:main]\nset level = 1\nuse = config:b.ini\n';
    const other = '[app:main]\nuse = egg:A\nlevel = 2\n';
    const { warnings } = read(text, { port: '2' }, { 'b.ini': other });
    expect(warnings.map(({ message }) => message)).toEqual([
      '"port" of [server:main] is left out, because the command line has it too',
      '"level" of [app:main] is left out, because [app:main] has it too',
    ]);
    expect(warnings[1]?.place?.origin.file).toBe('/srv/site/b.ini');
  });

  it('does not tell of sections that nothing reaches', () => {
    expect(
      read('[DEFAULT]\na = 1\n[server:main]\n[app:main]\nuse = egg:A\n[app:b]\na = 2\n').warnings,
    ).toEqual([]);
  });
});

describe('the sections that no server reaches', () => {
  it('are the loadable ones that nothing led to', () => {
    const text =
      '[server:main]\n[pipeline:main]\npipeline = f a\n[filter:f]\nuse = egg:F\n[app:a]\nuse = egg:A\n';
    const { opened } = read(`${text}[app:b]\nuse = a\n[loggers]\n[filter:g]\n`);
    const found = unreachedSections(opened);
    expect(found.map((warning) => [warning.code, textAt(warning)])).toEqual([
      ['unreached-section', 'app:b'],
      ['unreached-section', 'filter:g'],
    ]);
  });

  it('grow fewer while composites look things up', () => {
    const { opened, resolver } = read('[server:main]\n[app:main]\nuse = egg:A\n[app:b]\nuse = egg:B\n');
    const { root, globals } = opened;
    resolver.resolve(
      'app',
      { value: 'b', origin: { file: '<api>', section: null, key: null, span: null } },
      root,
      globals,
    );
    expect(unreachedSections(opened)).toEqual([]);
  });
});
