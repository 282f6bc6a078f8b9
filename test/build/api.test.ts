import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createLibrary } from '../../src/build/api.js';
import { callApp } from '../../src/gateway/in-process.js';
import { problemOf } from '../helpers/problems.js';
import { tempTree } from '../helpers/temp-tree.js';

declare const nativeImport: (url: string) => Promise<unknown>;

const EGGS = new Map([['Pages', { 'paste.app_factory': { main: async () => () => () => ['egg'] } }]]);
const { loadApp, loadFilter, loadServer, appConfig } = createLibrary(EGGS, { importModule: nativeImport });

const FILES = {
  'site.ini': `[DEFAULT]
color = red
[app:main]
paste.app_factory = apps:make
size = large
globalConf = a key like any other
[app:other]
use = main
size = small
[filter:loud]
paste.filter_factory = apps:loud
[server:main]
paste.server_factory = apps:server
port = 80
`,
  'apps.mjs': `export const closed = [];
export const make = (globalConf, { size }) => {
  const app = (environ, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return [globalConf.color + ' ' + size];
  };
  return Object.freeze(Object.assign(app, { close: () => closed.push(size) }));
};
export const loud = () => (app) => async (environ, startResponse) => {
  const [text] = await app(environ, startResponse);
  return [text.toUpperCase()];
};
export const server = (globalConf, { port }) => (app) => [app, port];
`,
};

describe('loadApp', () => {
  it('gives the app of a config: URI, which can be closed', async () => {
    using tree = tempTree(FILES);
    const app = await loadApp(`config:${tree.folder}/site.ini`);
    expect((await callApp(app)).text).toBe('red large');
    await app.close();
    const { closed } = Object(await nativeImport(join(tree.folder, 'apps.mjs')));
    expect(closed).toEqual(['large']);
  });

  it('finds another section by fragment or by name, which wins', async () => {
    using tree = tempTree(FILES);
    const text = async (uri: string, name?: string) =>
      (
        await callApp(
          await loadApp(uri, { relativeTo: tree.folder, ...(name === undefined ? {} : { name }) }),
        )
      ).text;
    expect(await text('config:site.ini#other')).toBe('red small');
    expect(await text('config:site.ini#nowhere', 'other')).toBe('red small');
  });

  it('hands globals on', async () => {
    using tree = tempTree(FILES);
    const app = await loadApp('config:site.ini', { relativeTo: tree.folder, globalConf: { color: 'blue' } });
    expect((await callApp(app)).text).toBe('blue large');
  });

  it('loads egg: and call: URIs, whose modules it looks for from relativeTo', async () => {
    using tree = tempTree(FILES);
    expect((await callApp(await loadApp('egg:pages'))).errors).toHaveLength(1);
    const app = await loadApp('call:apps:make', { relativeTo: tree.folder, globalConf: { color: 'green' } });
    expect((await callApp(app)).text).toBe('green undefined');
  });

  it('rejects with what is wrong', async () => {
    using tree = tempTree(FILES);
    const options = { relativeTo: tree.folder };
    expect((await problemOf(() => loadApp('site.ini'))).code).toBe('no-scheme');
    expect((await problemOf(() => loadApp('config:gone.ini', options))).code).toBe('file-not-found');
    expect((await problemOf(() => loadApp('config:site.ini#gone', options))).code).toBe('no-section');
    expect((await problemOf(() => loadApp('call:gone:make', options))).code).toBe('module-not-found');
  });

  it('gives up when it is told to', async () => {
    using tree = tempTree(FILES);
    const signal = AbortSignal.abort(new Error('not now'));
    await expect(loadApp('config:site.ini', { relativeTo: tree.folder, signal })).rejects.toThrow('not now');
  });
});

describe('loadFilter and loadServer', () => {
  it('give functions that take an app', async () => {
    using tree = tempTree(FILES);
    const options = { relativeTo: tree.folder };
    const app = await loadApp('config:site.ini', options);
    const loud = await loadFilter('config:site.ini#loud', options);
    expect((await callApp(await loud(app))).text).toBe('RED LARGE');
    const serve = await loadServer('config:site.ini', options);
    expect(serve(app)).toEqual([app, '80']);
    await loud.close();
    await serve.close();
  });
});

describe('appConfig', () => {
  it('gives all settings, those of the section over the globals', () => {
    using tree = tempTree(FILES);
    const conf = appConfig('config:site.ini#other', { relativeTo: tree.folder });
    expect({ ...conf }).toEqual({
      here: tree.folder,
      __file__: join(tree.folder, 'site.ini'),
      color: 'red',
      size: 'small',
    });
    expect(conf['size']).toBe('small');
    expect(Object.getPrototypeOf(conf)).toBeNull();
  });

  it('has the records it was made of, and what was found', () => {
    using tree = tempTree(FILES);
    const conf = appConfig('config:site.ini', { relativeTo: tree.folder });
    expect({ ...conf.localConf }).toEqual({ size: 'large', globalConf: 'a key like any other' });
    expect(conf.globalConf['color']).toBe('red');
    expect(conf.context.section).toBe('app:main');
  });
});
