import { describe, expect, it } from '@jest/globals';
import type { Conf, Loader } from '../../src/gateway/app.js';
import { callApp } from '../../src/gateway/in-process.js';
import { lint } from '../../src/gateway/lint.js';
import type { Header, WsgiApp } from '../../src/gateway/wsgi-types.js';
import { BUILT_IN_EGGS } from '../../src/paste/eggs.js';
import { unreachableMounts, urlmap, urlmapFactory } from '../../src/paste/urlmap.js';
import { problemOf } from '../helpers/problems.js';

/** An app that answers with its name and what it was called with. */
const named = (name: string): WsgiApp =>
  lint(({ SCRIPT_NAME, PATH_INFO }, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return [Buffer.from(`${name} S=${SCRIPT_NAME} P=${PATH_INFO}`)];
  });

const apps = (...expressions: string[]): Record<string, WsgiApp> =>
  Object.fromEntries(expressions.map((expression) => [expression, named(expression)]));

async function ask(app: WsgiApp, target: string, host: string | null = 'localhost'): Promise<string> {
  // Without a Host the name of the server stands in.
  const headers: Header[] = host === null ? [['X-None', '']] : [['Host', host]];
  const { text, errors } = await callApp(lint(app), { target, headers });
  expect(errors).toEqual([]);
  return text;
}

describe('urlmap, by the golden values of Paste', () => {
  const map = urlmap(
    apps('/', '/foo', '/foo/bar', 'http://dom.com/', 'http://dom.com/foo', 'http://example.com:8080/path'),
  );

  it.each<[string, string, string]>([
    ['/foo', 'localhost', '/foo S=/foo P='],
    ['/foo/', 'localhost', '/foo S=/foo P=/'],
    ['/foobar', 'localhost', '/ S= P=/foobar'],
    ['/foo/bar/baz', 'localhost', '/foo/bar S=/foo/bar P=/baz'],
    ['//foo//bar', 'localhost', '/foo/bar S=/foo/bar P='],
    ['/foo/bar//x', 'localhost', '/foo/bar S=/foo/bar P=/x'],
    ['/path/x', 'example.com:8080', 'http://example.com:8080/path S=/path P=/x'],
    ['/path/x', 'example.com', '/ S= P=/path/x'],
    ['/foo', 'DOM.com:80', 'http://dom.com/foo S=/foo P='],
    ['/zzz', 'dom.com', 'http://dom.com/ S= P=/zzz'],
    ['/foo/bar', 'dom.com', 'http://dom.com/foo S=/foo P=/bar'],
    ['/FOO', 'localhost', '/ S= P=/FOO'],
    ['/', 'localhost', '/ S= P=/'],
  ])('%s of %s is %s', async (target, host, answer) => {
    expect(await ask(map, target, host)).toBe(answer);
  });

  it('appends to the SCRIPT_NAME of an outer mount', async () => {
    const inner = urlmap(apps('/a'));
    expect(await ask(urlmap({ '/pre': inner }), '/pre/a/b')).toBe('/a S=/pre/a P=/b');
  });
});

describe('urlmap', () => {
  it('matches a domain that is written with capitals', async () => {
    expect(await ask(urlmap(apps('domain Upper.com /')), '/x', 'upper.COM')).toBe(
      'domain Upper.com / S= P=/x',
    );
  });

  it.each([
    ['[::1]:8080', 'domain [::1] port 8080'],
    ['[::1]', 'domain [::1]'],
    ['[::1]:9', 'domain [::1]'],
  ])('takes %s for %s', async (host, expression) => {
    expect(await ask(urlmap(apps(expression)), '/', host)).toBe(`${expression} S= P=/`);
  });

  it('knows the port of a host that names none by its scheme', async () => {
    const map = urlmap(apps('domain a port 80 /', 'domain a port 443 /'));
    const headers: Header[] = [['Host', 'a']];
    expect((await callApp(map, { headers })).text).toMatch(/port 80/);
    expect((await callApp(map, { headers, connection: { scheme: 'https' } })).text).toMatch(/port 443/);
  });

  it('answers 404 without Host, and takes the name of the server for it', async () => {
    const map = urlmap(apps('domain a /', 'domain b /'));
    const without = async (serverName: string) => {
      const environ = { headers: [['Host', '']] as const, connection: { serverName } };
      const app: WsgiApp = (given, startResponse) => {
        delete given.HTTP_HOST;
        return map(given, startResponse);
      };
      return (await callApp(app, environ)).status;
    };
    expect(await without('a')).toBe(200);
    expect(await without('other')).toBe(404);
  });

  it('tells nothing in its 404', async () => {
    const answer = await callApp(lint(urlmap(apps('/secret', 'domain hidden.example /'))), {
      target: '/<b>',
    });
    expect(answer).toMatchObject({ status: 404, reason: 'Not Found', text: 'Not Found\n', errors: [] });
  });

  it('hands what nothing matches to notFound, as it came, and says who did', async () => {
    let seen: unknown;
    const map = urlmap(apps('/a'), (environ, startResponse) => {
      seen = environ['paste.urlmap_object'];
      return named('none')(environ, startResponse);
    });
    expect(await ask(map, '/b//c')).toBe('none S= P=/b//c');
    expect(seen).toBe(map);
  });

  it('takes the later of two keys that mean the same', async () => {
    expect(await ask(urlmap(apps('/a', '//a/')), '/a')).toBe('//a/ S=/a P=');
  });

  it('is synchronous where its apps are', () => {
    const environ = { PATH_INFO: '/a', SCRIPT_NAME: '' } as never;
    const map = urlmap({ '/a': () => 'text' });
    expect(map(environ, () => async () => undefined)).toBe('text');
  });
});

describe('the factory of urlmap', () => {
  const asked: [string, Conf | undefined][] = [];
  const loader = {
    getApp: async (name: string, globalConf?: Conf) => {
      asked.push([name, globalConf]);
      return named(name);
    },
  } as Loader;

  it('loads an app for each key, with the globals, and not_found_app', async () => {
    const globals = { debug: 'true' };
    const map = await urlmapFactory(loader, globals, { '/': 'pub0', '/V1': 'pub1', not_found_app: 'none' });
    expect(asked.splice(0)).toEqual([
      ['pub0', globals],
      ['pub1', globals],
      ['none', globals],
    ]);
    expect(await ask(map, '/V1/x')).toBe('pub1 S=/V1 P=/x');
  });

  it('takes not_found_app from the globals', async () => {
    const map = await urlmapFactory(loader, { not_found_app: 'none' }, { '/V1': 'pub1' });
    expect(await ask(map, '/x')).toBe('none S= P=/x');
  });

  it('refuses bad keys, all of them at once', async () => {
    const problem = await problemOf(() =>
      urlmapFactory(loader, {}, { '/': 'pub0', no: 'pub1', where: 'pub1' }),
    );
    expect(problem.problems.map(({ code, key }) => [code, key])).toEqual([
      ['bad-value', 'no'],
      ['bad-value', 'where'],
    ]);
  });

  it('is what egg:Paste#urlmap stands for', async () => {
    const load = BUILT_IN_EGGS.get('Paste')?.['paste.composite_factory']?.['urlmap'];
    expect(await load?.()).toBe(urlmapFactory);
  });
});

describe('mounts that no request reaches', () => {
  it.each<[string[], [string, string][]]>([
    [['/', '/a', '/a/b', 'domain x /', 'domain x /a'], []],
    [['/a', '/b', '/a/'], [['/a', '/a/']]],
    [['domain X /a', 'domain x //a'], [['domain X /a', 'domain x //a']]],
    [['domain x /', 'domain x port 81 /a'], [['domain x port 81 /a', 'domain x /']]],
    [['domain x port 81 /a', 'domain x /a'], [['domain x port 81 /a', 'domain x /a']]],
    [['domain x /a', 'domain x port 81 /', 'domain x port 81 /ab'], []],
    [['domain [::1] /', 'domain [::1] port 81 /'], [['domain [::1] port 81 /', 'domain [::1] /']]],
  ])('of %j are %j', (expressions, hidden) => {
    expect(unreachableMounts(expressions).map(({ expression, hiddenBy }) => [expression, hiddenBy])).toEqual(
      hidden,
    );
  });

  it('are never asked, as the map itself shows', async () => {
    const map = urlmap(apps('domain x port 81 /a', 'domain x /a'));
    expect(await ask(map, '/a', 'x:81')).toBe('domain x /a S=/a P=');
  });
});
