import { describe, expect, it } from '@jest/globals';
import { createEnviron, type ServerFacts } from '../../src/gateway/environ.js';
import { errorStream } from '../../src/gateway/error-stream.js';
import { InProcessExchange, type InProcessRequest } from '../../src/gateway/in-process.js';
import { lint } from '../../src/gateway/lint.js';
import type { Environ, Header } from '../../src/gateway/wsgi-types.js';

const errors = errorStream(() => undefined);

function environOf(request: InProcessRequest = {}, facts: Partial<ServerFacts> = {}): Environ {
  const environ = createEnviron(new InProcessExchange(request), { errors, ...facts });
  if (environ === null) throw new TypeError('the request was refused');
  return environ;
}

function isRefused(request: InProcessRequest): boolean {
  return createEnviron(new InProcessExchange(request), { errors }) === null;
}

const withHeaders = (...headers: Header[]): Environ => environOf({ headers });

describe('environ', () => {
  it('rule 3: is a plain object of its own for each request, which an app may change', () => {
    const exchange = new InProcessExchange();
    const [first, second] = [createEnviron(exchange, { errors }), createEnviron(exchange, { errors })];
    expect(first).not.toBe(second);
    expect(Object.getPrototypeOf(first)).toBe(Object.prototype);
    expect(Object.isFrozen(first)).toBe(false);
  });

  it('rule 4: REQUEST_METHOD is the method as sent', () => {
    expect(environOf({ method: 'PATCH' }).REQUEST_METHOD).toBe('PATCH');
  });

  it.each<[string, string, string]>([
    ['/a/b', '', '/a/b'],
    ['/', '', '/'],
    ['http://example.com', '', '/'],
    ['*', '', ''],
  ])('rule 5: %s has SCRIPT_NAME "%s" and PATH_INFO "%s"', (target, script, path) => {
    expect(environOf({ target })).toMatchObject({
      SCRIPT_NAME: script,
      PATH_INFO: path,
      REQUEST_URI: target,
    });
  });

  it.each<[string, string]>([
    ['/site/a', '/a'],
    ['/site', ''],
    ['/site/', '/'],
    ['/sites', '/sites'],
    ['/other', '/other'],
  ])('rule 5: mounted at /site, %s has PATH_INFO "%s"', (target, path) => {
    expect(environOf({ target }, { scriptName: '/site' })).toMatchObject({
      SCRIPT_NAME: '/site',
      PATH_INFO: path,
    });
  });

  it('rule 5: the authority of an absolute target overrides Host', () => {
    const environ = environOf({ target: 'http://a.example:81/x?y', headers: [['Host', 'b.example']] });
    expect(environ).toMatchObject({ HTTP_HOST: 'a.example:81', PATH_INFO: '/x', QUERY_STRING: 'y' });
  });

  it('rule 6: PATH_INFO is decoded UTF-8; REQUEST_URI and RAW_URI are what was sent', () => {
    const raw = '/caf%C3%A9%2F%zz+?a=%C3%A9';
    expect(environOf({ target: raw })).toMatchObject({
      PATH_INFO: '/caf\u00e9/%zz+',
      REQUEST_URI: raw,
      RAW_URI: raw,
    });
  });

  it.each(['/%00', '/%ff', 'nothing'])('rule 6: %s is refused', (target) => {
    expect(isRefused({ target })).toBe(true);
  });

  it('rule 7: QUERY_STRING is raw and always there', () => {
    expect(environOf({ target: '/?a=%20&b=+' }).QUERY_STRING).toBe('a=%20&b=+');
    expect(environOf({ target: '/' }).QUERY_STRING).toBe('');
  });

  it('rule 8: CONTENT_TYPE and CONTENT_LENGTH have no HTTP_ twins, and are left out where they were not sent', () => {
    const environ = withHeaders(['content-type', 'text/x'], ['CONTENT-LENGTH', '12']);
    expect(environ).toMatchObject({ CONTENT_TYPE: 'text/x', CONTENT_LENGTH: '12' });
    expect(environ).not.toHaveProperty('HTTP_CONTENT_TYPE');
    expect(environ).not.toHaveProperty('HTTP_CONTENT_LENGTH');
    expect(environOf()).not.toHaveProperty('CONTENT_TYPE');
    expect(environOf()).not.toHaveProperty('CONTENT_LENGTH');
  });

  it.each(['-1', '1.5', 'x', '', '0x10', ' 5'])('rule 8: a Content-Length of "%s" is refused', (length) => {
    expect(isRefused({ headers: [['Content-Length', length]] })).toBe(true);
  });

  it('rule 9: SERVER_NAME and SERVER_PORT are strings from the connection', () => {
    const environ = environOf({ connection: { serverName: 'site', serverPort: '8080' } });
    expect(environ).toMatchObject({ SERVER_NAME: 'site', SERVER_PORT: '8080' });
  });

  it('rule 10: SERVER_PROTOCOL is the version of the client', () => {
    expect(environOf({ httpVersion: '1.0' }).SERVER_PROTOCOL).toBe('HTTP/1.0');
    expect(environOf().SERVER_PROTOCOL).toBe('HTTP/1.1');
  });

  it('rule 11: HTTP_* mirrors the headers that were sent', () => {
    const environ = withHeaders(['X-Some-Thing', 'a'], ['accept', '*/*'], ['__proto__', 'b']);
    expect(environ).toMatchObject({ HTTP_X_SOME_THING: 'a', HTTP_ACCEPT: '*/*' });
    expect(Object.keys(environ).filter((key) => key.startsWith('HTTP_'))).toEqual([
      'HTTP_X_SOME_THING',
      'HTTP_ACCEPT',
      'HTTP_HOST',
    ]);
  });

  it('rule 11: a name with an underscore is dropped, for it would pass for the one with a dash', () => {
    expect(withHeaders(['X_User', 'root'])).not.toHaveProperty('HTTP_X_USER');
    expect(withHeaders(['X_User', 'root'], ['X-User', 'me'])['HTTP_X_USER']).toBe('me');
    expect(withHeaders(['Content_Length', '5'])).not.toHaveProperty('CONTENT_LENGTH');
  });

  it('rule 11: takes any number of made-up names, and each for itself', () => {
    for (let index = 0; index < 3000; index += 1) {
      expect(withHeaders([`X-Made-Up-${index}`, 'v'])[`HTTP_X_MADE_UP_${index}`]).toBe('v');
    }
    expect(withHeaders(['X-Made-Up-0', 'again'])['HTTP_X_MADE_UP_0']).toBe('again');
  });

  it('rule 12: repeated fields are joined with a comma, cookies with a semicolon', () => {
    const environ = withHeaders(['A', '1'], ['Cookie', 'x=1'], ['a', '2'], ['cookie', 'y=2'], ['A', '']);
    expect(environ).toMatchObject({ HTTP_A: '1,2,', HTTP_COOKIE: 'x=1; y=2' });
  });

  it('rule 12: two Hosts are refused, and so are two lengths', () => {
    const twice = (name: string, value: string): Header[] => [
      [name, value],
      [name.toLowerCase(), value],
    ];
    expect(isRefused({ headers: twice('Host', 'a') })).toBe(true);
    expect(isRefused({ headers: twice('Content-Length', '5') })).toBe(true);
  });

  it('rule 13: every CGI variable is a string; of a peer without an address there is none', () => {
    const environ = environOf({ connection: { remoteAddress: '', remotePort: '' } });
    const cgi = Object.entries(environ).filter(([key]) => !key.includes('.'));
    expect(cgi.filter(([, value]) => typeof value !== 'string')).toEqual([]);
    expect(environ).not.toHaveProperty('REMOTE_ADDR');
    expect(environ).not.toHaveProperty('REMOTE_PORT');
  });

  it('rule 14: header values are the Latin-1 text of the wire', () => {
    expect(withHeaders(['X-Name', 'caf\xe9'])['HTTP_X_NAME']).toBe('caf\xe9');
  });

  it('rule 15: wsgi.version is [1, 0], for good', () => {
    expect(environOf()['wsgi.version']).toEqual([1, 0]);
    expect(Object.isFrozen(environOf()['wsgi.version'])).toBe(true);
  });

  it('rule 16: wsgi.url_scheme is that of the connection', () => {
    expect(environOf()['wsgi.url_scheme']).toBe('http');
    expect(environOf({ connection: { scheme: 'https' } })['wsgi.url_scheme']).toBe('https');
  });

  it('rule 17: the three flags are true or false, two of them by the server', () => {
    const flags = (facts: Partial<ServerFacts>) => {
      const environ = environOf({}, facts);
      return [environ['wsgi.multithread'], environ['wsgi.multiprocess'], environ['wsgi.run_once']];
    };
    expect(flags({})).toEqual([true, false, false]);
    expect(flags({ multiprocess: true })).toEqual([true, true, false]);
    expect(flags({ runOnce: true })).toEqual([true, false, true]);
  });

  it('rule 18: has the other CGI variables that a server knows', () => {
    const connection = { remoteAddress: '192.0.2.7', remotePort: '4711', scheme: 'https' } as const;
    expect(environOf({ connection }, { serverSoftware: 'site/1' })).toMatchObject({
      REMOTE_ADDR: '192.0.2.7',
      REMOTE_PORT: '4711',
      HTTPS: 'on',
      SERVER_SOFTWARE: 'site/1',
      GATEWAY_INTERFACE: 'CGI/1.1',
    });
    expect(environOf()).not.toHaveProperty('HTTPS');
    expect(environOf()).not.toHaveProperty('REMOTE_HOST');
  });

  it('rule 19: keys that are not CGI variables are dotted and in lower case', () => {
    const others = Object.keys(environOf()).filter((key) => !/^[A-Z_]+$/.test(key));
    expect(others.filter((key) => !/^[a-z]+\.[a-z_]+$/.test(key))).toEqual([]);
  });

  it('rule 25: a body in chunks ends by itself, without a length or a trace of its framing', () => {
    const environ = withHeaders(['Transfer-Encoding', 'chunked'], ['Content-Length', '5']);
    expect(environ['wsgi.input_terminated']).toBe(true);
    expect(environ).not.toHaveProperty('CONTENT_LENGTH');
    expect(environ).not.toHaveProperty('HTTP_TRANSFER_ENCODING');
    expect(environOf()).not.toHaveProperty(['wsgi.input_terminated']);
  });

  it('passes lint, whatever the request', () => {
    const app = lint((_environ, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'text/plain']]);
      return [];
    });
    for (const target of ['/', '*', '/a%20b?c', 'http://a/']) {
      for (const method of ['GET', 'OPTIONS', 'POST']) {
        expect(() =>
          app(environOf({ target, method, body: 'x' }), () => async () => undefined),
        ).not.toThrow();
      }
    }
  });
});
