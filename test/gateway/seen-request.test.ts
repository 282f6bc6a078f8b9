import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createEnviron } from '../../src/gateway/environ.js';
import { errorStream } from '../../src/gateway/error-stream.js';
import { InProcessExchange, type InProcessRequest } from '../../src/gateway/in-process.js';
import { incomingOf, seenThrough } from '../../src/gateway/seen-request.js';
import { runWsgi } from '../../src/gateway/wsgi.js';
import type { Environ, WsgiApp } from '../../src/gateway/wsgi-types.js';

function made(request: InProcessRequest): { exchange: InProcessExchange; environ: Environ } {
  const exchange = new InProcessExchange(request);
  const environ = createEnviron(exchange, { errors: errorStream(() => undefined) });
  if (environ === null) throw new TypeError('the request is none');
  return { exchange, environ };
}

/** What is seen of `request` once `change` was made to its environ. */
function seen(request: InProcessRequest, change: (environ: Environ) => void) {
  const { exchange, environ } = made(request);
  change(environ);
  return seenThrough(environ, exchange);
}

function mountedAt(mount: string): (environ: Environ) => void {
  return (environ) => {
    environ.SCRIPT_NAME = mount;
    environ.PATH_INFO = environ.PATH_INFO.slice(mount.length);
  };
}

describe('a request seen through its environ', () => {
  it('is the very head that came in where nothing was changed', () => {
    const headers: [string, string][] = [
      ['X-A', '1'],
      ['Transfer-Encoding', 'chunked'],
    ];
    const { exchange, environ } = made({ target: '/a%20b?c', headers });
    environ['my.key'] = 'added';
    expect(seenThrough(environ, exchange)).toEqual({ head: exchange.request, base: '', body: null });
    expect(seenThrough(environ, exchange).head).toBe(exchange.request);
  });

  it.each([
    ['/a/b', '/a', '/a', '/b'],
    ['/a', '/a', '/a', '/'],
    ['/a?x', '/a', '/a', '/?x'],
    ['/caf%C3%A9/x%2Fy', '/caf\u00e9', '/caf%C3%A9', '/x%2Fy'],
    ['/caf%c3%a9/', '/caf\u00e9', '/caf%c3%a9', '/'],
    ['/100%/x', '/100%', '/100%', '/x'],
    ['/a/b?', '/a', '/a', '/b?'],
  ])('of %s keeps the escapes below %s', (target, mount, base, url) => {
    const result = seen({ target }, mountedAt(mount));
    expect([result.base, result.head.target]).toEqual([base, url]);
  });

  it('has every mount of whole segments split where it was sent', () => {
    const segment = fc.stringMatching(/^(?:[a-z]|%20|%C3%A9|%2F|%25){1,4}$/);
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), fc.nat(4), (segments, at) => {
        const split = Math.min(at, segments.length);
        const base = segments
          .slice(0, split)
          .map((one) => `/${one}`)
          .join('');
        const rest = segments
          .slice(split)
          .map((one) => `/${one}`)
          .join('');
        const result = seen({ target: base + rest }, mountedAt(decodeURIComponent(base)));
        expect(decodeURIComponent(result.base)).toBe(decodeURIComponent(base));
        expect(result.base + (rest === '' ? '' : result.head.target)).toBe(base + rest);
      }),
    );
  });

  it('has a path and a query that filters wrote encoded', () => {
    const result = seen({ target: '/old?x' }, (environ) => {
      environ.PATH_INFO = '/n\u00e9w 100%?#';
      environ.QUERY_STRING = '';
    });
    expect(result.head.target).toBe('/n%C3%A9w%20100%25%3F%23');
  });

  it('has the headers as filters left them, the others as they came', () => {
    const headers: [string, string][] = [
      ['X-Twice', 'a'],
      ['X-Twice', 'b'],
      ['X-Old', 'old'],
      ['X-Gone', 'gone'],
      ['Content-Type', 'text/a'],
    ];
    const { head } = seen({ headers }, (environ) => {
      environ['HTTP_X_OLD'] = 'new';
      delete environ['HTTP_X_GONE'];
      environ.CONTENT_TYPE = 'text/b';
      environ['HTTP_X_ADDED_ONE'] = 'added';
    });
    expect(head.rawHeaders).toEqual([
      'X-Twice',
      'a',
      'X-Twice',
      'b',
      'X-Old',
      'new',
      'Content-Type',
      'text/b',
      'Host',
      'localhost',
      'x-added-one',
      'added',
    ]);
  });

  it('has what is left of a body that a filter began to read', async () => {
    const { exchange, environ } = made({ method: 'POST', body: 'begun and left' });
    await environ['wsgi.input'].read(5);
    const { body } = seenThrough(environ, exchange);
    expect(Buffer.from((await body?.read()) ?? '').toString()).toBe(' and left');
  });

  it('is found through copies of the environ, also where its input was replaced', () => {
    const exchange = new InProcessExchange({ target: '/x?y' });
    const options = { errors: errorStream(() => undefined), onError: () => undefined };
    let copy: Environ | null = null;
    const app: WsgiApp = (environ, startResponse) => {
      copy = { ...environ, 'wsgi.input': { ...environ['wsgi.input'], read: async () => Buffer.alloc(0) } };
      startResponse('200 OK', []);
      return [];
    };
    void runWsgi(app, exchange, options);
    expect(copy && incomingOf(copy)).toBe(exchange);
  });

  it('is made of an environ that another server made', () => {
    const { exchange, environ } = made({ target: '/x?y', headers: [['X-A', '1']] });
    const incoming = incomingOf(environ);
    expect(incoming.connection).toEqual(exchange.connection);
    const { head } = seenThrough(environ, incoming);
    expect(head).toMatchObject({ method: 'GET', target: '/x?y', httpVersion: '1.1' });
    expect(head.rawHeaders).toEqual(['x-a', '1', 'host', 'localhost']);
  });
});
