import { describe, expect, it } from '@jest/globals';
import type { ServerSpec } from '../../src/config/deployment.js';
import { type ReadOptions, readDeployment } from '../../src/config/read-deployment.js';
import { plainValues } from '../../src/config/settings-record.js';
import { targetText } from '../../src/config/targets.js';
import { FOLDER, problemIn, problemsOf, readTexts, textAt } from '../helpers/texts.js';

const read = (texts: string | Record<string, string>, options: ReadOptions = {}) =>
  readDeployment('main.ini', {
    cwd: FOLDER,
    readFile: readTexts(typeof texts === 'string' ? { 'main.ini': texts } : texts),
    ...options,
  });

const summary = ({ name, target, appName, app, options }: ServerSpec) => ({
  name,
  target: target === null ? null : targetText(target),
  app: [appName.value, app.section],
  options: { ...plainValues(options) },
});

const summaries = (...args: Parameters<typeof read>) => read(...args).deployment.servers.map(summary);

describe('the servers of a deployment', () => {
  it('are its server sections, which need not say what serves', () => {
    expect(
      summaries('[server:main]\nport = 8080\n[server:b]\nuse = egg:Paste#http\n[app:main]\nuse = egg:A\n'),
    ).toEqual([
      { name: 'main', target: null, app: ['main', 'app:main'], options: { port: '8080' } },
      { name: 'b', target: 'egg:Paste#http', app: ['main', 'app:main'], options: {} },
    ]);
  });

  it('take over what another server section says', () => {
    const text =
      '[server:main]\nport = 1\nhost = h\n[server:b]\nuse = main\nport = 2\n[server:c]\nuse = config:o.ini\n[app:main]\nuse = egg:A\n';
    const other = '[server:main]\nport = 3\npaste.server_factory = m:s\napp = x\n[app:x]\nuse = egg:X\n';
    expect(summaries({ 'main.ini': `${text}[app:x]\nuse = egg:B\n`, 'o.ini': other })).toMatchObject([
      { options: { port: '1', host: 'h' } },
      { target: null, options: { port: '2', host: 'h' } },
      { target: 'm:s', app: ['x', 'app:x'], options: { port: '3' } },
    ]);
  });

  it('serve the app that they name, else the one that is called like them, else main', () => {
    const apps = '[app:main]\nuse = egg:A\n[pipeline:admin]\npipeline = main\n[app:blog]\nuse = egg:B\n';
    const text = `[server:main]\n[server:admin]\n[server:x]\napp = blog\n[server:y]\napp = egg:E#e\n[server:z]\n${apps}`;
    expect(summaries(text).map(({ app }) => app)).toEqual([
      ['main', 'app:main'],
      ['admin', 'pipeline:admin'],
      ['blog', 'app:blog'],
      ['egg:E#e', null],
      ['main', 'app:main'],
    ]);
  });

  it('share the spec of an app that several of them serve', () => {
    const { servers } = read('[server:a]\n[server:b]\n[app:main]\nuse = egg:A\n').deployment;
    expect(servers[0]?.app).toBe(servers[1]?.app);
  });

  it('may stand without names, as apps may', () => {
    expect(summaries('[server]\nport = 1\n[app]\nuse = egg:A\n')).toEqual([
      { name: 'main', target: null, app: ['main', 'app'], options: { port: '1' } },
    ]);
  });

  it('know where they and their apps are named', () => {
    const { servers } = read('[server:a]\napp = main\n[server:b]\n[app:main]\nuse = egg:A\n').deployment;
    expect(
      servers.map(({ origin, appName }) => [
        origin.span?.start.line,
        appName.origin.key,
        appName.origin.span?.start,
      ]),
    ).toEqual([
      [1, 'app', { line: 2, column: 7 }],
      [3, null, { line: 3, column: 2 }],
    ]);
  });
});

describe('a selection', () => {
  const text =
    '[server:a]\napp = one\n[server:b]\nuse = nope\n[app:one]\nuse = egg:A\n[app:two]\nuse = egg:B\n';

  it('starts one server, whatever is wrong with the others', () => {
    expect(summaries(text, { serverName: 'a' }).map(({ name }) => name)).toEqual(['a']);
  });

  it('serves another app', () => {
    expect(summaries(text, { serverName: 'a', appName: 'two' })[0]?.app).toEqual(['two', 'app:two']);
    const problem = problemIn(() => read(text, { serverName: 'a', appName: 'twoo' }));
    expect(problem).toMatchObject({ code: 'no-section', message: 'there is no app "twoo" in main.ini' });
  });

  it('names the servers that there are where it names none of them', () => {
    const problem = problemIn(() => read(text, { serverName: 'aa' }));
    expect(problem).toMatchObject({
      code: 'no-server',
      hint: 'Servers in main.ini: a, b. Did you mean "a"?',
    });
  });
});

describe('a deployment', () => {
  it('is data alone: JSON can hold it', () => {
    const { deployment } = read('[server:main]\n[app:main]\nuse = egg:A\nk = 1\n');
    expect(JSON.parse(JSON.stringify(deployment))).toMatchObject({
      file: '/srv/site/main.ini',
      files: [{ path: '/srv/site/main.ini' }],
      servers: [{ name: 'main', app: { localConf: { k: { value: '1' } } } }],
    });
  });

  it('lists every file that was read, the named one first', () => {
    const files = {
      'main.ini': '[server:main]\n[app:main]\nuse = config:b.ini\n',
      'b.ini': '[app:main]\nuse = egg:A\n',
    };
    expect(read(files).deployment.files.map(({ path }) => path)).toEqual([
      '/srv/site/main.ini',
      '/srv/site/b.ini',
    ]);
  });

  it('has all its mistakes named at once', () => {
    const problems = problemsOf(() =>
      read('[server:a]\nk = 5%\n[server:b]\n[server:c]\napp = no\n[app:main]\nuse = egf:A\n'),
    );
    expect(problems.map((problem) => [problem.code, textAt(problem)])).toEqual([
      ['interpolation-syntax', '%'],
      ['unknown-scheme', 'egf:A'],
      ['no-section', 'no'],
    ]);
  });

  it('has its apps looked at even where their servers have mistakes', () => {
    const text = '[server:a]\nk = 5%\napp = x\n[server:b]\nk = %(no)s\n[app:x]\n[app:main]\nuse = no\n';
    expect(problemsOf(() => read(text)).map(({ code }) => code)).toEqual([
      'interpolation-syntax',
      'no-loader',
      'interpolation-missing',
      'no-section',
    ]);
  });

  it('needs a server section, and is told what to write', () => {
    const problem = problemIn(() => read('[app:main]\nuse = egg:A\n'));
    expect(problem).toMatchObject({
      code: 'no-server',
      hint: 'Add two lines:\n  [server:main]\n  port = 8080',
    });
    expect(problem.place?.origin.file).toBe('/srv/site/main.ini');
  });

  it('needs the app that its server serves', () => {
    const problem = problemIn(() => read('[server:main]\n[app:home]\nuse = egg:A\n'));
    expect(problem.message).toBe('[server:main] needs the app "main", but main.ini has none of that name');
    expect(problem.hint).toBe('Apps in main.ini: home.');
  });
});
