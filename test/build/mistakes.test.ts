import { describe, expect, it } from '@jest/globals';
import { WsgiServeError } from '../../src/errors.js';
import type { Callable } from '../../src/load/load-target.js';
import { builderOf } from '../helpers/build-ini.js';
import { problemOf } from '../helpers/problems.js';

const INI = `[app:main]
paste.app_factory = apps:make
[app:itself]
paste.app = apps:make
[filter-app:filtered]
paste.filter_factory = apps:filter
next = site
[filter-app:direct]
paste.filter_app_factory = apps:filter
next = site
[app:site]
paste.app_factory = apps:site
[app:edge]
use = egg:Odd#edge
[filter:edge]
use = egg:Odd#edge
[server:edge]
paste.server_factory = apps:make
`;

const site = () => () => ['site'];

function failureOf(value: Callable, name = 'main'): Promise<WsgiServeError> {
  const { builder, spec } = builderOf(INI, { 'apps:make': value, 'apps:filter': value, 'apps:site': site });
  return problemOf(() => builder.buildApp(spec(name)));
}

/** An app, called with whatever it is given. */
function asApp(startResponse: (status: string, headers: readonly unknown[]) => void): readonly string[] {
  startResponse('200 OK', []);
  return ['Hello'];
}

class Home {
  handle() {
    return ['home'];
  }
}

/** As Polka is. */
class Site {
  all(): void {}
  find(): void {}
  handler(): void {}
}

describe('a factory that fails', () => {
  it.each([
    [
      'throws',
      () => {
        throw new TypeError('no host');
      },
    ],
    [
      'rejects',
      async () => {
        throw new TypeError('no host');
      },
    ],
  ])('because it %s keeps its error, and its section and line are named', async (_how, make) => {
    const problem = await failureOf(make);
    expect(problem.code).toBe('factory-failed');
    expect(problem.message).toBe('[app:main]: the factory apps:make fails: TypeError: no host');
    expect(problem.cause).toHaveProperty('message', 'no host');
    expect(problem.place?.origin).toMatchObject({ key: 'paste.app_factory', span: { start: { line: 2 } } });
    expect(problem.place?.source?.text).toBe(INI);
  });

  it('may throw anything', async () => {
    expect(
      (
        await failureOf(() => {
          throw 'text';
        })
      ).message,
    ).toContain('fails: Error: non-Error thrown: text');
    expect((await failureOf(() => Promise.reject())).message).toContain('non-Error thrown: undefined');
  });

  it('because it is the app itself is told how to name one', async () => {
    const problem = await failureOf((_environ, startResponse) =>
      Reflect.apply(asApp, undefined, [startResponse]),
    );
    expect(problem.message).toContain('startResponse is not a function');
    expect(problem.hint).toBe('An export that is the app itself is named with paste.app');
  });

  it('with a problem of a setting gets the place of its section', async () => {
    const problem = await failureOf(() => {
      throw new WsgiServeError('bad-value', '"x" is no number', { hint: 'a hint' });
    });
    expect(problem.code).toBe('bad-value');
    expect(problem.message).toBe('[app:main]: "x" is no number');
    expect(problem.hint).toBe('a hint');
    expect(problem.place?.origin.span?.start.line).toBe(2);
  });

  it('is the one that failed, not the composite that asked for it', async () => {
    const ini = `[composite:main]\npaste.composite_factory = apps:all\n[app:broken]\npaste.app_factory = apps:broken\n`;
    const { builder, spec } = builderOf(ini, {
      'apps:all': (loader) => Object(loader).getApp('broken'),
      'apps:broken': () => {
        throw new Error('out of order');
      },
    });
    const problem = await problemOf(() => builder.buildApp(spec('main')));
    expect(problem.message).toBe('[app:broken]: the factory apps:broken fails: Error: out of order');
  });

  it('may be a filter when it is put over its app', async () => {
    const problem = await failureOf(
      () => () => {
        throw new Error('no app for me');
      },
      'filtered',
    );
    expect(problem.code).toBe('factory-failed');
    expect(problem.message).toBe(
      '[filter-app:filtered]: the filter of apps:filter fails: Error: no app for me',
    );
    expect(problem.place?.origin.span?.start.line).toBe(6);
  });
});

describe('what is no app', () => {
  it.each<[string, unknown, string, string]>([
    ['nothing', undefined, 'undefined', 'lack a "return"'],
    ['a promise of nothing', Promise.resolve(), 'undefined', 'lack a "return"'],
    ['a number', 42, 'the number 42', 'An app is a function of (environ, startResponse)'],
    ['an object', new Home(), 'an object of class Home', 'such as app.handle.bind(app)'],
    ['an object of many functions', new Site(), 'an object of class Site', 'such as app.handler.bind(app)'],
    ['a class', Home, 'the class Home', 'An app is a function of (environ, startResponse)'],
    ['a text', 'Hello', 'the string "Hello"', 'an export that is the app itself is named with paste.app'],
    ['a body', ['Hello'], 'an array', 'an export that is the app itself is named with paste.app'],
  ])('is refused: %s', async (_what, value, described, hint) => {
    const problem = await failureOf(() => value);
    expect(problem.code).toBe('bad-app');
    expect(problem.message).toBe(`[app:main]: apps:make gave back ${described}, not an app`);
    expect(problem.hint).toContain(hint);
    expect(problem.place?.origin.span?.start.line).toBe(2);
  });

  it('is refused where a filter app factory gives it back', async () => {
    const problem = await failureOf(() => undefined, 'direct');
    expect(problem.message).toBe('[filter-app:direct]: apps:filter gave back undefined, not an app');
  });

  it('is refused where a filter makes it, as one does that is an app', async () => {
    const problem = await failureOf(() => () => ['an app answered'], 'filtered');
    expect(problem.code).toBe('bad-app');
    expect(problem.message).toBe(
      '[filter-app:filtered]: the filter of apps:filter gave back an array, not an app',
    );
    expect(problem.hint).toContain('(app) => (environ, startResponse) => body');
    expect(problem.hint).toContain('paste.filter_app_factory');
  });
});

describe('what is no filter and no server', () => {
  it('is refused', async () => {
    const filter = await failureOf(() => ({}), 'filtered');
    expect(filter.message).toBe('[filter-app:filtered]: apps:filter gave back an object, not a filter');
    const { builder, spec } = builderOf(INI, { 'apps:make': () => null });
    const server = await problemOf(() => builder.buildServer(spec('edge', 'server')));
    expect(server.code).toBe('bad-app');
    expect(server.message).toBe('[server:edge]: apps:make gave back null, not a server');
  });
});

describe('a protocol that nothing is known about', () => {
  it('is named, with those that there are', async () => {
    const odd = { protocol: 'odd.factory', value: site };
    const { builder, spec } = builderOf(INI, { 'egg:Odd#edge': odd });
    const app = await problemOf(() => builder.buildApp(spec('edge')));
    expect(app.code).toBe('unknown-protocol');
    expect(app.message).toBe('[app:edge] is made by odd.factory, which is no protocol of apps');
    expect(app.hint).toContain('paste.app_factory, paste.composite_factory');
    const filter = await problemOf(() => builder.buildFilter(spec('edge', 'filter')));
    expect(filter.message).toBe('[filter:edge] is made by odd.factory, which is no protocol of filters');
  });
});

describe('a spec of another kind', () => {
  it('is refused', async () => {
    const { builder, spec } = builderOf(INI, { 'apps:filter': site, 'apps:site': site });
    const filter = await problemOf(() => builder.buildFilter(spec('filtered')));
    expect(filter.message).toBe('[filter-app:filtered] is a filter-app, not a filter');
    expect((await problemOf(() => builder.buildServer(spec('filtered')))).code).toBe('bad-app');
  });
});

describe('a reference that belongs to no section', () => {
  it('is called by what it says', async () => {
    const { builder, spec } = builderOf(INI, { 'apps:gone': () => undefined });
    const problem = await problemOf(() => builder.buildApp(spec('call:apps:gone')));
    expect(problem.message).toBe('apps:gone: apps:gone gave back undefined, not an app');
  });
});
