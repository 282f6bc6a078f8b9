import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { dumpDeployment } from '../../src/config/dump.js';
import { dumpDifferences } from '../helpers/dump-differences.js';
import { readTexts } from '../helpers/texts.js';

const ROOT = resolve(import.meta.dirname, '../../..');
const CORPUS = resolve(ROOT, '../shared/corpus');

describe.each(['generated', 'pastedeploy'])('the golden files of test/golden/%s', (kind) => {
  const folder = join(ROOT, 'test/golden', kind);

  it.each(readdirSync(folder))('resolve as in PasteDeploy: %s', (name) => {
    expectAsExpected(join(folder, name, 'main.expected.json'), join(folder, name, 'main.ini'), folder);
  });
});

describe('deployment files of public repositories', () => {
  const expected = join(CORPUS, 'expected');
  if (!existsSync(expected)) {
    process.stderr.write(`not tested, for it lies beside the repository only: ${relative(ROOT, CORPUS)}\n`);
    it.todo(`resolve as in PasteDeploy (not tested: there is no ${relative(ROOT, CORPUS)})`);
    return;
  }
  const names = readdirSync(expected, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.json$/.test(name),
  );

  it.each(names)('resolve as in PasteDeploy: %s', (name) => {
    const files = join(CORPUS, 'files');
    expectAsExpected(join(expected, name), join(files, dirname(name), basename(name, '.json')), files);
  });
});

describe('the dump of a deployment file', () => {
  const dump = (text: string) =>
    dumpDeployment('/srv/site/main.ini', { readFile: readTexts({ 'main.ini': text }) });

  it('is one entry for each loadable section, in file order', () => {
    const { sections } = sectionsOf(
      dump('[x]\n[filter:f]\nuse = egg:F\n[app: a ]\nuse = egg:A\n[server]\nuse = egg:S\n'),
    );
    expect(sections.map(({ section, kind, name }) => [section, kind, name])).toEqual([
      ['filter:f', 'filter', 'f'],
      ['app: a ', 'app', 'a'],
      ['server', 'server', null],
    ]);
  });

  it('has keys that are words of the prototype, as JSON text too', () => {
    const text = JSON.stringify(dump('[app:main]\nuse = egg:A\n__proto__ = 1\nconstructor = 2\n'));
    expect(text).toContain('"local_conf":{"__proto__":"1","constructor":"2"}');
  });

  it('tells of a problem its code, its place, and what would be right', () => {
    const { sections } = sectionsOf(dump('[app:main]\nuse = hme\n[app:home]\nuse = egg:A\n'));
    expect(sections[0]?.error).toEqual({
      code: 'no-section',
      file: '/srv/site/main.ini',
      line: 2,
      column: 7,
      message: '[app:main] names the app "hme", but main.ini has none of that name',
      hint: 'Apps in main.ini: home, main. Did you mean "home"?',
    });
  });

  it('is a problem alone where the file cannot be read', () => {
    expect(dump('[app:main]\nnonsense\n')).toMatchObject({ error: { code: 'syntax', line: 2 } });
    expect(dumpDeployment('/srv/site/no.ini', { readFile: readTexts({}) })).toMatchObject({
      error: { code: 'file-not-found', line: null },
    });
  });
});

function expectAsExpected(expectedFile: string, iniFile: string, folder: string): void {
  const expected: unknown = JSON.parse(readFileSync(expectedFile, 'utf8'));
  const actual: unknown = JSON.parse(JSON.stringify(dumpDeployment(iniFile)));
  expect(dumpDifferences(expected, actual, folder)).toEqual([]);
}

function sectionsOf(dump: ReturnType<typeof dumpDeployment>) {
  if ('error' in dump) throw new Error(dump.error.message);
  return dump;
}
