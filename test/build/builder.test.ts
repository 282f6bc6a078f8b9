import { describe, expect, it } from '@jest/globals';
import type { Built } from '../../src/build/builder.js';
import type { App, CompositeFactory, Conf, Filter } from '../../src/gateway/app.js';
import { toWsgi } from '../../src/gateway/bridges.js';
import type { WsgiApp } from '../../src/gateway/wsgi-types.js';
import { builderOf, type Factories } from '../helpers/build-ini.js';
import { problemOf } from '../helpers/problems.js';

/** An app that answers one chunk. */
function appOf(text: string): WsgiApp {
  return () => [text];
}

/** Calls an app that needs no environ and gives the text of its body. */
async function textOf(app: WsgiApp): Promise<string> {
  const body = await Reflect.apply(app, undefined, [{}, () => undefined]);
  const chunks: string[] = [];
  for await (const chunk of body) chunks.push(String(chunk));
  return chunks.join('');
}

/** Factories that write down the order of their calls; an app says its section's `text`, a filter puts its own around it. */
function recorder() {
  const calls: string[] = [];
  const around =
    (text: string): Filter =>
    (app) => {
      calls.push(`apply ${text}`);
      return async () => [`${text}(${await textOf(app)})`];
    };
  const named = ({ text = '?' }: Conf) => {
    calls.push(`make ${text}`);
    return text;
  };
  return {
    calls,
    factories: {
      'apps:app': (_globalConf, localConf) => appOf(named(Object(localConf))),
      'apps:later': async (_globalConf, localConf) => appOf(named(Object(localConf))),
      'apps:filter': (_globalConf, localConf) => around(named(Object(localConf))),
      'apps:laterFilter': async (_globalConf, localConf) => {
        const filter = around(named(Object(localConf)));
        return async (app: WsgiApp) => filter(app);
      },
      'apps:filterApp': (app, _globalConf, localConf) => around(named(Object(localConf)))(Object(app)),
    } satisfies Factories,
  };
}

async function build(ini: string, factories: Factories, name = 'main'): Promise<Built<App>> {
  const { builder, spec } = builderOf(ini, factories);
  return builder.buildApp(spec(name));
}

async function answer(ini: string, factories: Factories, name = 'main'): Promise<string> {
  return textOf(toWsgi((await build(ini, factories, name)).value));
}

const FILTERS = `
[filter:a]
paste.filter_factory = apps:filter
text = a
[filter:b]
paste.filter_app_factory = apps:filterApp
text = b
[filter:c]
paste.filter_factory = apps:laterFilter
text = c
[app:site]
paste.app_factory = apps:later
text = site
`;

describe('an app', () => {
  it('is made by its factory, which gets new records of the settings', async () => {
    const ini =
      '[DEFAULT]\ndebug = yes\n[app:main]\npaste.app_factory = apps:make\ntext = hello\n__proto__ = own\n';
    const seen: Conf[] = [];
    const make = (...confs: readonly unknown[]) => {
      for (const conf of confs) seen.push(Object(conf));
      Object.assign(Object(confs[0]), { changed: 'yes' });
      return appOf('made');
    };
    const { builder, spec } = builderOf(ini, { 'apps:make': make });
    await builder.buildApp(spec('main'));
    expect(await textOf(toWsgi((await builder.buildApp(spec('main'))).value))).toBe('made');
    const [, , globalConf = {}, localConf = {}] = seen;
    expect(Object.entries(localConf)).toEqual([
      ['text', 'hello'],
      ['__proto__', 'own'],
    ]);
    expect(Object.getPrototypeOf(localConf)).toBeNull();
    expect(globalConf).toMatchObject({
      debug: 'yes',
      here: '/srv',
      __file__: '/srv/site.ini',
      changed: 'yes',
    });
    expect(seen[0]).not.toBe(globalConf);
  });

  it('is made with the owner of the export as `this`', async () => {
    const factories: Factories = {
      'apps:make'(this: unknown) {
        return appOf(String(this === factories));
      },
    };
    expect(await answer('[app:main]\npaste.app_factory = apps:make\n', factories)).toBe('true');
  });

  it('may be made later, and may be a bound method', async () => {
    class Home {
      readonly text = 'home';
      handle() {
        return [this.text];
      }
    }
    const make = async () => {
      const home = new Home();
      return home.handle.bind(home);
    };
    expect(await answer('[app:main]\npaste.app_factory = apps:make\n', { 'apps:make': make })).toBe('home');
  });

  it('may be the export itself, called with its owner', async () => {
    const factories: Factories = {
      'apps:app'(this: unknown) {
        return [this === factories ? 'owned' : 'lost'];
      },
    };
    expect(await answer('[app:main]\npaste.app = apps:app\n', factories)).toBe('owned');
  });

  it('is what call: names', async () => {
    expect(await answer('[app:main]\nuse = call:apps:app\ntext = called\n', recorder().factories)).toBe(
      'called',
    );
  });

  it('is what an egg has, with the protocol that the egg says', async () => {
    const { factories } = recorder();
    const egg = { protocol: 'paste.app_factory', value: factories['apps:app'] };
    expect(await answer('[app:main]\nuse = egg:Pages\ntext = egg\n', { 'egg:Pages#main': egg })).toBe('egg');
  });
});

describe('filters', () => {
  it('of a pipeline: the first is the outermost, made after the app and put over it from the right', async () => {
    const { calls, factories } = recorder();
    expect(await answer(`[pipeline:main]\npipeline = a b c site\n${FILTERS}`, factories)).toBe(
      'a(b(c(site)))',
    );
    expect(calls).toEqual(['make site', 'make a', 'make c', 'apply c', 'make b', 'apply b', 'apply a']);
  });

  it('of a filter-app stand over what is next', async () => {
    const { calls, factories } = recorder();
    const ini = `[filter-app:main]\npaste.filter_factory = apps:filter\ntext = over\nnext = site\n${FILTERS}`;
    expect(await answer(ini, factories)).toBe('over(site)');
    expect(calls).toEqual(['make site', 'make over', 'apply over']);
  });

  it('of filter-with stand over an app', async () => {
    const { calls, factories } = recorder();
    const ini = `[app:main]\npaste.app_factory = apps:app\ntext = main\nfilter-with = a\n${FILTERS}`;
    expect(await answer(ini, factories)).toBe('a(main)');
    expect(calls).toEqual(['make a', 'make main', 'apply a']);
  });

  it('of filter-with stand around another filter', async () => {
    const ini = `[pipeline:main]\npipeline = inner site\n[filter:inner]\npaste.filter_factory = apps:filter\ntext = inner\nfilter-with = b\n${FILTERS}`;
    expect(await answer(ini, recorder().factories)).toBe('b(inner(site))');
  });

  it('may be built alone', async () => {
    const { builder, spec } = builderOf(FILTERS, recorder().factories);
    const { value } = await builder.buildFilter(spec('c', 'filter'));
    expect(await textOf(await value(appOf('mine')))).toBe('c(mine)');
  });
});

const PAIR: CompositeFactory = async (
  { getApp, getFilter },
  globalConf,
  { first = '', second = '', cover },
) => {
  const apps = [await getApp(first, globalConf), await getApp(second)];
  const both: WsgiApp = async () => [(await Promise.all(apps.map(textOf))).join('+')];
  return cover === undefined ? both : (await getFilter(cover))(both);
};

const pair = (...[loader, globalConf, localConf]: readonly unknown[]) =>
  PAIR(Object(loader), Object(globalConf), Object(localConf));

describe('a composite', () => {
  const MAIN = '[composite:main]\npaste.composite_factory = apps:pair\n';

  it('gets other sections by name, whatever their kind', async () => {
    const ini = `${MAIN}first = site\nsecond = piped\ncover = a\n[pipeline:piped]\npipeline = c site\n${FILTERS}`;
    expect(await answer(ini, { ...recorder().factories, 'apps:pair': pair })).toBe('a(site+c(site))');
  });

  it('gets references with a scheme', async () => {
    const { factories } = recorder();
    const egg = { protocol: 'paste.app_factory', value: () => appOf('egg') };
    const all = { ...factories, 'apps:pair': pair, 'egg:Pages#main': egg, 'apps:plain': () => appOf('call') };
    expect(await answer(`${MAIN}first = egg:Pages\nsecond = call:apps:plain\n`, all)).toBe('egg+call');
  });

  it('builds twice what is named twice', async () => {
    const { calls, factories } = recorder();
    await answer(`${MAIN}first = site\nsecond = site\n${FILTERS}`, { ...factories, 'apps:pair': pair });
    expect(calls).toEqual(['make site', 'make site']);
  });

  it('hands on the globals that it passes, and no others', async () => {
    const ini = `[DEFAULT]\nlevel = file\n${MAIN}set level = composite\nfirst = one\nsecond = one\n[app:one]\npaste.app_factory = apps:level\n`;
    const level = (...[globalConf]: readonly unknown[]) => appOf(Reflect.get(Object(globalConf), 'level'));
    expect(await answer(ini, { 'apps:pair': pair, 'apps:level': level })).toBe('composite+file');
  });

  it('hands on globals that it makes up', async () => {
    const make = async (...[loader]: readonly unknown[]) =>
      Object(loader).getApp('one', { color: 'red', count: 3 });
    const color = (...[globalConf]: readonly unknown[]) =>
      appOf(`${Object(globalConf).color}${Object(globalConf).count}`);
    const ini = `${MAIN}\n[app:one]\npaste.app_factory = apps:color\n`;
    expect(await answer(ini, { 'apps:pair': make, 'apps:color': color })).toBe('red3');
  });

  it('points at the word that names a section that is not there', async () => {
    const ini = `${MAIN}first = site\nsecond = sight\n${FILTERS}`;
    const problem = await problemOf(() => build(ini, { ...recorder().factories, 'apps:pair': pair }));
    expect(problem.code).toBe('no-section');
    expect(problem.place?.origin).toMatchObject({ key: 'second', span: { start: { line: 4, column: 10 } } });
  });

  it('that leads back to itself is refused', async () => {
    const ini = `${MAIN}first = piped\nsecond = site\n[pipeline:piped]\npipeline = a main\n${FILTERS}`;
    const problem = await problemOf(() => build(ini, { ...recorder().factories, 'apps:pair': pair }));
    expect(problem.code).toBe('cycle');
    expect(problem.message).toBe(
      'sections use each other in a circle: pipeline:piped -> composite:main -> pipeline:piped',
    );
  });

  it('that leads back to itself with other globals each time is refused in the end', async () => {
    const more = async (...[loader, globalConf]: readonly unknown[]) => {
      const depth = Number(Reflect.get(Object(globalConf), 'depth') ?? 0);
      return Object(loader).getApp('main', { depth: String(depth + 1) });
    };
    expect((await problemOf(() => build(MAIN, { 'apps:pair': more }))).code).toBe('cycle');
  });

  it('that asks for what is no name is told so', async () => {
    const make = async (...[loader]: readonly unknown[]) => Object(loader).getApp(undefined);
    const problem = await problemOf(() => build(MAIN, { 'apps:pair': make }));
    expect(problem.code).toBe('no-section');
    expect(problem.message).toBe('[composite:main] asks for the app undefined, which is no name');
  });

  it('may get a server', async () => {
    const ini = `${MAIN}[server:main]\npaste.server_factory = apps:server\n`;
    const served: unknown[] = [];
    const make = async (...[loader]: readonly unknown[]) => {
      (await Object(loader).getServer('main'))('the app');
      return appOf('served');
    };
    const server = () => (app: unknown) => served.push(app);
    expect(await answer(ini, { 'apps:pair': make, 'apps:server': server })).toBe('served');
    expect(served).toEqual(['the app']);
  });
});

describe('a server', () => {
  it('is made by its factory', async () => {
    const ini = '[server:main]\npaste.server_factory = apps:server\nport = 80\n';
    const server =
      (...[, localConf]: readonly unknown[]) =>
      (app: unknown) => [app, Object(localConf).port];
    const { builder, spec } = builderOf(ini, { 'apps:server': server });
    const app = appOf('app');
    expect((await builder.buildServer(spec('main', 'server'))).value(app)).toEqual([app, '80']);
  });

  it('is run by a runner, which serves as long as it likes', async () => {
    const ini = '[server:main]\npaste.server_runner = apps:run\nport = 80\n';
    const run = (...[app, , localConf]: readonly unknown[]) => [app, Object(localConf).port];
    const { builder, spec } = builderOf(ini, { 'apps:run': run });
    const app = appOf('app');
    expect((await builder.buildServer(spec('main', 'server'))).value(app)).toEqual([app, '80']);
  });
});

describe('what is loaded', () => {
  it('is known to the resolver, for those who look for sections that nothing reaches', async () => {
    const ini = `[composite:main]\npaste.composite_factory = apps:pair\nfirst = site\nsecond = site\n${FILTERS}`;
    const { builder, spec, resolver } = builderOf(ini, { ...recorder().factories, 'apps:pair': pair });
    await builder.buildApp(spec('main'));
    expect(resolver.visits.map(({ section }) => section.name)).toEqual(['composite:main', 'app:site']);
  });
});
