import { describe, expect, it } from '@jest/globals';
import { buildServers, closeServers, tryBuilds } from '../../src/build/build-servers.js';
import type { ServerSpec, Spec } from '../../src/config/deployment.js';
import type { WsgiApp } from '../../src/gateway/wsgi-types.js';
import type { Callable } from '../../src/load/load-target.js';
import { builderOf } from '../helpers/build-ini.js';
import { problemOf } from '../helpers/problems.js';

const INI = `[pipeline:main]
pipeline = outer inner site
[filter:outer]
paste.filter_factory = apps:filter
name = outer
[filter:inner]
paste.filter_app_factory = apps:filterApp
name = inner
[app:site]
paste.app_factory = apps:app
name = site
[app:broken]
paste.app_factory = apps:broken
[app:badly]
paste.app_factory = apps:badly
[pipeline:half]
pipeline = outer inner site
filter-with = broken
[filter:broken]
paste.filter_factory = apps:broken
[composite:all]
paste.composite_factory = apps:all
[server:main]
paste.server_factory = apps:server
`;

/** Factories whose apps write down when they are closed. */
function closing(extra: Record<string, Callable> = {}) {
  const closed: string[] = [];
  const closable = (conf: unknown, suffix = ''): WsgiApp => {
    const { name } = Object(conf);
    const close = async () => {
      await Promise.resolve();
      closed.push(name + suffix);
    };
    return Object.assign(() => [], { close });
  };
  const around = (app: unknown) => Object.assign(() => Object(app)(), { ...Object(app) });
  const factories: Record<string, Callable> = {
    'apps:app': (_globalConf, localConf) => closable(localConf),
    'apps:filter': (_globalConf, localConf) =>
      Object.assign(() => closable(localConf, ' app'), {
        close: () => closed.push(`${Object(localConf).name} filter`),
      }),
    'apps:filterApp': (_app, _globalConf, localConf) => closable(localConf),
    'apps:broken': () => {
      throw new Error('out of order');
    },
    'apps:badly': () =>
      Object.assign(() => [], {
        close: () => {
          throw new Error('does not close');
        },
      }),
    'apps:all': async (loader) => around(await Object(loader).getApp('site')),
    'apps:server': () => Object.assign(() => undefined, { close: () => closed.push('server') }),
    ...extra,
  };
  return { closed, ...builderOf(INI, factories) };
}

function serverOf(app: Spec): ServerSpec {
  const appName = { value: 'main', origin: app.origin };
  return {
    name: 'main',
    section: 'server:main',
    origin: app.origin,
    target: null,
    appName,
    app,
    options: {},
    globalConf: {},
  };
}

describe('close', () => {
  it('closes what factories made, the last made first', async () => {
    const { closed, builder, spec } = closing();
    const built = await builder.buildApp(spec('main'));
    expect(closed).toEqual([]);
    await built.close();
    expect(closed).toEqual(['outer app', 'inner', 'outer filter', 'site']);
  });

  it('closes everything once', async () => {
    const { closed, builder, spec } = closing();
    const built = await builder.buildApp(spec('main'));
    await Promise.all([built.close(), built.close()]);
    expect(closed).toHaveLength(4);
  });

  it('closes once what a filter gives back as it was, or copies', async () => {
    const same = closing({ 'apps:filterApp': (app) => app, 'apps:filter': () => (app: unknown) => app });
    await (await same.builder.buildApp(same.spec('main'))).close();
    expect(same.closed).toEqual(['site']);
    const copied = closing();
    await (await copied.builder.buildApp(copied.spec('all'))).close();
    expect(copied.closed).toEqual(['site']);
  });

  it('calls a close that many instances share for each of them', async () => {
    const closed: unknown[] = [];
    const prototype = Object.assign(Object.create(Function.prototype), {
      close(this: unknown) {
        closed.push(this);
      },
    });
    const make = () => Object.setPrototypeOf(() => [], prototype);
    const two = async (loader: unknown) => {
      const apps = [await Object(loader).getApp('site'), await Object(loader).getApp('site')];
      return Object.assign(() => [], { apps });
    };
    const { builder, spec } = closing({ 'apps:app': make, 'apps:all': two });
    await (await builder.buildApp(spec('all'))).close();
    expect(new Set(closed).size).toBe(2);
  });

  it('closes filters and servers that were built alone', async () => {
    const { closed, builder, spec } = closing();
    await (await builder.buildFilter(spec('outer', 'filter'))).close();
    await (await builder.buildServer(spec('main', 'server'))).close();
    expect(closed).toEqual(['outer filter', 'server']);
  });

  it('calls all, and then tells which of them failed', async () => {
    const all = async (loader: unknown) => {
      for (const name of ['site', 'badly', 'site']) await Object(loader).getApp(name);
      return () => [];
    };
    const { closed, builder, spec } = closing({ 'apps:all': all });
    const built = await builder.buildApp(spec('all'));
    const problem = await problemOf(() => built.close());
    expect(problem.code).toBe('close-failed');
    expect(problem.message).toBe('[app:badly]: close() fails: does not close');
    expect(problem.place?.origin).toMatchObject({ section: 'app:badly', key: 'paste.app_factory' });
    expect(closed).toEqual(['site', 'site']);
  });

  it('is done at once where building fails half-way', async () => {
    const { closed, builder, spec } = closing({
      'apps:filterApp': () => {
        throw new Error('out of order');
      },
    });
    const problem = await problemOf(() => builder.buildApp(spec('main')));
    expect(problem.message).toBe('[filter:inner]: the factory apps:filterApp fails: Error: out of order');
    expect(closed).toEqual(['outer filter', 'site']);
  });

  it('tells of both where building fails and closing does too', async () => {
    const all = async (loader: unknown) => {
      await Object(loader).getApp('badly');
      await Object(loader).getApp('broken');
    };
    const { builder, spec } = closing({ 'apps:all': all });
    const problem = await problemOf(() => builder.buildApp(spec('all')));
    expect(problem.problems.map(({ code }) => code)).toEqual(['factory-failed', 'close-failed']);
  });
});

describe('buildServers', () => {
  it('builds an app for each server, and closes the last one first', async () => {
    const { closed, builder, spec } = closing();
    const built = await buildServers([serverOf(spec('site')), serverOf(spec('main'))], builder);
    expect(built.map(({ app }) => app.value.kind)).toEqual(['wsgi', 'wsgi']);
    expect(await closeServers(built)).toEqual([]);
    expect(closed).toEqual(['outer app', 'inner', 'outer filter', 'site', 'site']);
  });

  it('closes what it has built where one fails', async () => {
    const { closed, builder, spec } = closing();
    const servers = [serverOf(spec('site')), serverOf(spec('broken')), serverOf(spec('main'))];
    expect((await problemOf(() => buildServers(servers, builder))).code).toBe('factory-failed');
    expect(closed).toEqual(['site']);
  });

  it('gives what went wrong with closing', async () => {
    const { builder, spec } = closing();
    const built = await buildServers([serverOf(spec('badly'))], builder);
    expect((await closeServers(built)).map(({ code }) => code)).toEqual(['close-failed']);
  });
});

describe('tryBuilds', () => {
  it('finds every problem of all builds, each once, and leaves nothing open', async () => {
    const { closed, builder, spec } = closing();
    const names = ['broken', 'site', 'broken', 'badly'];
    const builds = names.map((name) => () => builder.buildApp(spec(name)));
    expect((await tryBuilds(builds)).map(({ code }) => code)).toEqual(['factory-failed', 'close-failed']);
    expect(closed).toEqual(['site']);
  });

  it('finds nothing where all is well', async () => {
    const { builder, spec } = closing();
    expect(await tryBuilds([() => builder.buildApp(spec('main'))])).toEqual([]);
  });
});
