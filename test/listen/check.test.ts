import { describe, expect, it } from '@jest/globals';
import { isWarning } from '../../src/errors.js';
import { checkDeployment } from '../../src/listen/check.js';
import { DeploymentFolder } from '../helpers/deployment-folder.js';

const APPS = `
const app = () => [];
export const makes = (globalConf, { used }) => app;
export const takesAll = (globalConf, localConf) => Object.assign(() => [], { conf: { ...localConf } });
export const later = (globalConf, localConf) => () => [localConf.used];
export const throws = () => { throw new TypeError('no database'); };
export const nothing = () => undefined;
export const filter = () => (next) => next;
export const serves = () => () => { throw new Error('it serves'); };
export const runs = serves();
`;

/** What check finds in a file: code, line and message. */
async function check(ini: string, variables: Record<string, string> = {}): Promise<readonly string[]> {
  using folder = new DeploymentFolder({ 'apps.cjs': commonJs(APPS), 'site.ini': ini });
  const problems = await checkDeployment(folder.file('site.ini'), { variables });
  return problems.map((problem) => {
    const line = problem.place?.origin.span?.start.line;
    return `${isWarning(problem) ? 'warning ' : ''}${problem.code}:${line ?? '-'}`;
  });
}

/** Jest's own import() would not see ES modules of a temporary folder as they are. */
function commonJs(text: string): string {
  return text.replace(/^export const (\w+)/gm, 'const $1 = exports.$1');
}

const SERVER = '[server:main]\nport = 0\n';

describe('check', () => {
  it('finds nothing in a file where all is well', async () => {
    expect(await check(`[app:main]\npaste.app_factory = apps:makes\nused = 1\n${SERVER}`)).toEqual([]);
  });

  it('goes on after each problem of building, and tells each once', async () => {
    const ini = `${SERVER}[server:again]\nport = 0\n[composite:main]\nuse = egg:Paste#urlmap
/a = a\n/b = b\n/c = c\n/d = d\n/e = e
[app:a]\npaste.app_factory = apps:throws
[app:b]\npaste.app_factory = apps:makse
[app:c]\npaste.app_factory = nope:makes
[app:d]\npaste.app_factory = apps:nothing
[pipeline:e]\npipeline = x y a
[filter:x]\npaste.filter_factory = apps:nothing
[filter:y]\nuse = egg:Paste#nope
`;
    expect(await check(ini)).toEqual([
      'factory-failed:13',
      'export-not-found:15',
      'module-not-found:17',
      'bad-app:19',
      'bad-app:23',
      'entry-point-not-found:25',
    ]);
  });

  it('tells the problems of one server although another cannot be resolved', async () => {
    const ini = `[app:main]\npaste.app_factory = apps:throws\n[server:a]\napp = nope\nport = 0\n[server:b]\nport = x\n`;
    expect(await check(ini)).toEqual(['no-section:4', 'bad-value:7', 'factory-failed:2']);
  });

  it('tells what cannot be read, and that there is no server', async () => {
    expect(await check('[app:main\n')).toEqual(['missing-section-header:1']);
    expect(await check('[app:main]\npaste.app_factory = apps:makes\n')).toEqual(['no-server:-']);
  });

  it('tells the problems of every app where there is no server', async () => {
    const ini = `[app:main]\npaste.app_factory = apps:throws\n[pipeline:b]\npipeline = f main\n[app:c]\nuse = maim\n`;
    expect(await check(ini)).toEqual(['no-server:-', 'no-section:4', 'no-section:6', 'factory-failed:2']);
  });

  it('makes servers of another make, and lets them serve nothing', async () => {
    const app = '[app:main]\npaste.app_factory = apps:makes\n';
    const servers = `[server:a]\npaste.server_factory = apps:serves\nport = 1\n
[server:b]\npaste.server_runner = apps:runs\n[server:c]\npaste.server_factory = apps:srves
[server:d]\nuse = egg:Paste#htpp\n`;
    expect(await check(app + servers)).toEqual(['export-not-found:10', 'entry-point-not-found:12']);
  });

  it('warns of keys that [DEFAULT] shadows, unless both say the same', async () => {
    const app = 'paste.app_factory = apps:makes\n';
    expect(await check(`[DEFAULT]\nk = 1\n[app:main]\n${app}k = 2\n${SERVER}`)).toEqual([
      'warning shadowed-key:5',
    ]);
    expect(await check(`[DEFAULT]\nk = 1\n[app:main]\n${app}k = 1\n${SERVER}`)).toEqual([]);
  });

  it('warns of sections that no server reaches', async () => {
    const ini = `[app:main]\npaste.app_factory = apps:makes\n[filter:f]\npaste.filter_factory = apps:filter\n${SERVER}`;
    expect(await check(ini)).toEqual(['warning unreached-section:3']);
  });

  it('warns of keys that no factory read', async () => {
    const ini = `[app:main]\npaste.app_factory = apps:makes\nused = 1\nunsed = 2\n${SERVER}`;
    expect(await check(ini)).toEqual(['warning unread-key:4']);
    expect(await check(ini.replace('makes', 'takesAll'))).toEqual([]);
    expect(await check(ini.replace('makes', 'later'))).toEqual(['warning unread-key:4']);
  });

  it('does not guess at unread keys where a factory could not be called', async () => {
    expect(await check(`[app:main]\npaste.app_factory = apps:throws\nkey = 1\n${SERVER}`)).toEqual([
      'factory-failed:2',
    ]);
  });

  it('warns of mounts that no request can reach', async () => {
    const ini = `[app:a]\npaste.app_factory = apps:makes\n[composite:main]\nuse = egg:Paste#urlmap\n/x = a\n/x/ = a\n${SERVER}`;
    expect(await check(ini)).toEqual(['warning unreachable-mount:5']);
  });

  it('points at each mount that is no path, and goes on', async () => {
    const app = '[app:a]\npaste.app_factory = apps:throws\n';
    const ini = `${app}[composite:main]\nuse = egg:Paste#urlmap\nblog = a\n/x = nope\nport 80 /y = a\n${SERVER}`;
    expect(await check(ini)).toEqual(['factory-failed:2', 'no-section:6', 'bad-value:5', 'bad-value:7']);
  });

  it('finds two servers on one address', async () => {
    const app = '[app:main]\npaste.app_factory = apps:makes\n';
    expect(await check(`${app}[server:a]\nport = 8123\n[server:b]\nport = 8123\n`)).toEqual([
      'address-in-use:6',
    ]);
    expect(await check(`${app}[server:a]\nport = 0\n[server:b]\nport = 0\n`)).toEqual([]);
  });

  it('finds what is wrong with [wsgi-serve]', async () => {
    const app = '[app:main]\npaste.app_factory = apps:makes\n';
    const ini = `${app}${SERVER}[wsgi-serve]\nts_loadr = tsx\nstart_timeout = soon\n`;
    expect(await check(ini)).toEqual(['unknown-option:6', 'bad-value:7']);
  });

  it('takes variables', async () => {
    const ini = '[app:main]\npaste.app_factory = apps:makes\n[server:main]\nport = %(http_port)s\n';
    expect(await check(ini)).toEqual(['interpolation-missing:4']);
    expect(await check(ini, { http_port: '0' })).toEqual([]);
  });
});
