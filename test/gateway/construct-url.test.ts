import { describe, expect, it } from '@jest/globals';
import { constructUrl } from '../../src/gateway/construct-url.js';
import { callApp, type InProcessRequest } from '../../src/gateway/in-process.js';
import type { Environ, WsgiApp } from '../../src/gateway/wsgi-types.js';

/** What an app gets of `request`, with `changes`. */
async function environOf(request: InProcessRequest = {}, changes: Partial<Environ> = {}): Promise<Environ> {
  let got: Environ | null = null;
  await callApp((environ, startResponse) => {
    got = environ;
    startResponse('200 OK', []);
    return [];
  }, request);
  return Object.assign(got ?? {}, changes) as Environ;
}

const https = { connection: { scheme: 'https', serverPort: '443' } } as const;
const host = (name: string): InProcessRequest => ({ headers: [['Host', name]] });

describe('the URL of a request', () => {
  it.each<[string, InProcessRequest]>([
    ['http://localhost/', {}],
    ['http://localhost/a/b?c=d', { target: '/a/b?c=d' }],
    ['https://localhost/', https],
    ['http://example.com:8080/', host('example.com:8080')],
    ['http://[::1]:8080/', host('[::1]:8080')],
    ['http://other.example/path', { target: 'http://other.example/path' }],
    ['http://localhost/', { method: 'OPTIONS', target: '*' }],
  ])('rule 64: is %s', async (url, request) => {
    expect(constructUrl(await environOf(request))).toBe(url);
  });

  it.each<[string, Partial<Environ>]>([
    ['http://example.com/', { SERVER_NAME: 'example.com' }],
    ['http://example.com:8080/', { SERVER_NAME: 'example.com', SERVER_PORT: '8080' }],
    ['http://[::1]:8080/', { SERVER_NAME: '::1', SERVER_PORT: '8080' }],
    ['http://[::1]/', { SERVER_NAME: '[::1]' }],
    ['http://example.com:443/', { SERVER_NAME: 'example.com', SERVER_PORT: '443' }],
    ['https://example.com/', { SERVER_NAME: 'example.com', SERVER_PORT: '443', 'wsgi.url_scheme': 'https' }],
  ])('rule 64: is %s where no host was asked for', async (url, names) => {
    const environ = await environOf({}, names);
    delete environ.HTTP_HOST;
    expect(constructUrl(environ)).toBe(url);
    expect(constructUrl({ ...environ, HTTP_HOST: '' })).toBe(url);
  });

  it.each([
    ['http', 'example.com:80', 'http://example.com/'],
    ['http', 'example.com:443', 'http://example.com:443/'],
    ['http', 'example.com:8080', 'http://example.com:8080/'],
    ['http', '[::1]:80', 'http://[::1]/'],
    ['http', '[fe80::80]', 'http://[fe80::80]/'],
    ['https', 'example.com:443', 'https://example.com/'],
    ['https', 'example.com:80', 'https://example.com:80/'],
  ])('rule 64: drops the default port only: %s to %s is %s', async (scheme, name, url) => {
    expect(constructUrl(await environOf(host(name), { 'wsgi.url_scheme': scheme }))).toBe(url);
  });

  it('rule 64: quotes paths as UTF-8, all but unreserved characters, slashes and what wsgiref lets pass', async () => {
    const script = { SCRIPT_NAME: "/caf\u00e9 -._~;=,?#%!'", PATH_INFO: '' };
    const path = { SCRIPT_NAME: '', PATH_INFO: "/caf\u00e9 -._~;=,?#%!'\u{1f600}\0\ud800" };
    expect(constructUrl(await environOf({}, script))).toBe(
      'http://localhost/caf%C3%A9%20-._~%3B%3D%2C%3F%23%25%21%27',
    );
    expect(constructUrl(await environOf({}, path))).toBe(
      'http://localhost/caf%C3%A9%20-._~;=,%3F%23%25%21%27%F0%9F%98%80%00%EF%BF%BD',
    );
  });

  it('rule 64: leads an app back to the same path', async () => {
    const first = await environOf({ target: '/caf%C3%A9/100%25%3Fa+b;c=d?x=%26' });
    const { pathname, search } = new URL(constructUrl(first));
    const second = await environOf({ target: pathname + search });
    expect([second.PATH_INFO, second.QUERY_STRING]).toEqual([first.PATH_INFO, first.QUERY_STRING]);
  });

  it('rule 64: takes the query as it was sent, or leaves it out', async () => {
    const environ = await environOf({ target: '/?a=%zz&b=%20+' });
    expect(constructUrl(environ)).toBe('http://localhost/?a=%zz&b=%20+');
    expect(constructUrl(environ, { query: false })).toBe('http://localhost/');
  });

  it('rule 20: follows what filters make of the environ, at every call', async () => {
    const urls: string[] = [];
    const app: WsgiApp = (environ, startResponse) => {
      urls.push(constructUrl(environ));
      startResponse('200 OK', []);
      return [];
    };
    const mounted: WsgiApp = (environ, startResponse) => {
      urls.push(constructUrl(environ));
      environ.SCRIPT_NAME = '/site';
      environ.HTTP_HOST = 'outer.example';
      environ['wsgi.url_scheme'] = 'https';
      return app(environ, startResponse);
    };
    await callApp(mounted, { target: '/page' });
    expect(urls).toEqual(['http://localhost/page', 'https://outer.example/site/page']);
  });
});
