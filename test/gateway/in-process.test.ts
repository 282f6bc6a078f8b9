import { describe, expect, it } from '@jest/globals';
import { callApp, type InProcessRequest } from '../../src/gateway/in-process.js';
import { lint } from '../../src/gateway/lint.js';
import type { Environ, WsgiApp } from '../../src/gateway/wsgi-types.js';

async function environOf(request: InProcessRequest): Promise<Environ> {
  const seen: Environ[] = [];
  const app: WsgiApp = lint(async (environ, startResponse) => {
    seen.push({ ...environ, body: String(await environ['wsgi.input'].read()) });
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return [];
  });
  await callApp(app, request);
  const [environ] = seen;
  if (environ === undefined) throw new TypeError('the app was not called');
  return environ;
}

describe('an app that is called in process', () => {
  it('gets a GET of / by default', async () => {
    expect(await environOf({})).toMatchObject({
      REQUEST_METHOD: 'GET',
      PATH_INFO: '/',
      HTTP_HOST: 'localhost',
      REMOTE_ADDR: '127.0.0.1',
      'wsgi.run_once': true,
      body: '',
    });
  });

  it('gets the body with what frames it', async () => {
    expect(await environOf({ method: 'POST', body: '\u20ac' })).toMatchObject({
      CONTENT_LENGTH: '3',
      body: '\u20ac',
    });
    const chunks = (async function* () {
      yield Buffer.from('ab');
      yield Buffer.from('c');
    })();
    const environ = await environOf({ method: 'POST', body: chunks });
    expect(environ).toMatchObject({ 'wsgi.input_terminated': true, body: 'abc' });
    expect(environ).not.toHaveProperty('CONTENT_LENGTH');
  });

  it('gets the headers that are given in place of those that would be added', async () => {
    const headers = [
      ['host', 'example.com'],
      ['content-length', '2'],
    ] as const;
    expect(await environOf({ headers, body: 'ab' })).toMatchObject({
      HTTP_HOST: 'example.com',
      CONTENT_LENGTH: '2',
    });
  });

  it('gets a target that a client could send, whatever it is written with', async () => {
    expect(await environOf({ target: '/caf\u00e9 \u20ac?q=\u00e9' })).toMatchObject({
      PATH_INFO: '/caf\u00e9 \u20ac',
      REQUEST_URI: '/caf%C3%A9%20%E2%82%AC?q=%C3%A9',
    });
  });

  it('gives its answer, its complaints and the errors to the caller', async () => {
    const answer = await callApp((environ, startResponse) => {
      environ['wsgi.errors'].write('hm');
      startResponse('201 Created', [['X-A', 'b']]);
      return ['ab', 'c'];
    });
    expect({ ...answer, chunks: answer.chunks.map(String), body: String(answer.body) }).toEqual({
      status: 201,
      reason: 'Created',
      headers: [
        ['X-A', 'b'],
        ['Content-Length', '3'],
      ],
      body: 'abc',
      text: 'abc',
      chunks: ['ab', 'c'],
      aborted: false,
      errors: [],
      complaints: 'hm',
    });
  });
});
