import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { errorStream } from '../../src/gateway/error-stream.js';
import { lightenGlobals } from '../../src/gateway/fetch-globals.js';
import { urlOf } from '../../src/gateway/fetch-url.js';
import { InProcessExchange, type InProcessRequest } from '../../src/gateway/in-process.js';
import { LazyRequest } from '../../src/gateway/lazy-request.js';
import { LightResponse } from '../../src/gateway/light-response.js';
import { NativeRequest, NativeResponse, nativeFetch } from '../../src/gateway/native-fetch.js';
import { firstRun } from '../../src/gateway/run.js';

const options = { errors: errorStream(() => undefined), onError: () => undefined };

function lazy(request: InProcessRequest = {}): Request {
  const made: unknown = new LazyRequest(firstRun(new InProcessExchange(request), options), 'http://a/b?c');
  if (made instanceof NativeRequest) return made;
  throw new TypeError('it is no Request');
}

beforeAll(() => lightenGlobals());
afterAll(() => {
  Object.assign(globalThis, { Request: NativeRequest, Response: NativeResponse, fetch: nativeFetch });
});

describe('a request made on demand', () => {
  const POST: InProcessRequest = { method: 'POST', headers: [['X-A', '1']], body: '{"a":1}' };

  it('is a Request in every respect', async () => {
    const request = lazy(POST);
    expect(request instanceof Request).toBe(true);
    expect([request.url, request.method, request.headers.get('x-a')]).toEqual(['http://a/b?c', 'POST', '1']);
    expect([request.bodyUsed, request.signal.aborted, request.redirect]).toEqual([false, false, 'follow']);
    expect(await request.json()).toEqual({ a: 1 });
    expect(request.bodyUsed).toBe(true);
    await expect(request.text()).rejects.toThrow('Body');
  });

  it.each([
    ['text', (request: Request) => request.text()],
    ['a copy of bytes', async (request: Request) => Buffer.from(await request.arrayBuffer()).toString()],
    ['a blob', async (request: Request) => (await request.blob()).text()],
    ['a clone', (request: Request) => request.clone().text()],
    ['a stream', (request: Request) => new NativeResponse(request.body).text()],
    ['a request of its own', (request: Request) => new Request(request).text()],
  ])('gives its body as %s', async (_how, read) => {
    expect(await read(lazy(POST))).toBe('{"a":1}');
  });

  it('is taken by new Request, with changes', () => {
    const changed = new Request(lazy(POST), { method: 'PUT', headers: { 'x-b': '2' } });
    expect([changed.method, changed.headers.get('x-b')]).toEqual(['PUT', '2']);
  });

  it('aborts its signal when the client goes away', () => {
    const exchange = new InProcessExchange();
    const request = new LazyRequest(firstRun(exchange, options), 'http://a/');
    const { signal } = request;
    exchange.disconnect();
    expect(signal.aborted).toBe(true);
  });
});

describe('the URL of a request', () => {
  it.each([
    ['a', '/x?y', 'http://a/x?y'],
    ['A.Example:80', '/x', 'http://a.example/x'],
    ['a:8080', '/a/../b', 'http://a:8080/b'],
    ['a', '/%2e%2E/b', 'http://a/b'],
    ['a', '//evil/x', 'http://a//evil/x'],
    ['a', '/<x>?"q"', 'http://a/%3Cx%3E?%22q%22'],
    ['a', 'http://other/x', 'http://other/x'],
    ['a', '*', 'http://a/'],
  ])('of host %s and target %s is %s', (host, target, url) => {
    expect(urlOf(firstRun(new InProcessExchange({ target }), options), host)).toBe(url);
  });

  it.each(['a b', 'a/b', 'x@y', 'a:99999'])('is none where the host is %j', (host) => {
    expect(urlOf(firstRun(new InProcessExchange(), options), host)).toBeNull();
  });
});

describe('a light response', () => {
  const partsOf = (response: Response) => {
    const { headers, ...parts } = LightResponse.partsOf(response);
    return { ...parts, headers: [...headers].map(([name, value]) => `${name.toLowerCase()}: ${value}`) };
  };

  it('is what it was made of', () => {
    const response = new Response('text', { status: 201, headers: { 'X-A': '1' } });
    expect(response instanceof Response).toBe(true);
    expect(partsOf(response)).toEqual({
      status: 201,
      statusText: '',
      body: 'text',
      headers: ['x-a: 1', 'content-type: text/plain;charset=UTF-8'],
    });
  });

  it('has headers that can be changed', () => {
    const response = new Response('text');
    response.headers.append('set-cookie', 'a=1');
    response.headers.append('set-cookie', 'b=2');
    expect(partsOf(response).headers).toEqual([
      'content-type: text/plain;charset=UTF-8',
      'set-cookie: a=1',
      'set-cookie: b=2',
    ]);
  });

  it('leaves the headers that it was made of as they were', () => {
    const headers = new Headers({ a: '1' });
    new Response('x', { headers }).headers.set('a', '2');
    expect(headers.get('a')).toBe('1');
  });

  it.each([
    ['json', () => Response.json({ a: 1 }), '{"a":1}'],
    ['a blob', () => new Response(new Blob(['blob'])), 'blob'],
    ['a clone', () => new Response('text').clone(), 'text'],
    ['a form', () => new Response(new URLSearchParams({ a: 'b' })), 'a=b'],
  ])('can be %s', async (_what, make, text) => {
    expect(await make().text()).toBe(text);
  });

  it('keeps its headers when it becomes a real one', async () => {
    const response = new Response('text', { headers: { 'x-a': '1' } });
    response.headers.set('x-b', '2');
    expect(await response.text()).toBe('text');
    expect([response.headers.get('x-a'), response.headers.get('x-b'), response.bodyUsed]).toEqual([
      '1',
      '2',
      true,
    ]);
  });

  it.each([
    ['a status that is none', () => new Response('x', { status: 99 })],
    ['a body where there is none', () => new Response('x', { status: 204 })],
    ['a reason that is none', () => new Response('x', { statusText: 'a\nb' })],
  ])('refuses %s at once', (_what, make) => {
    expect(make).toThrow();
  });

  it('says of real ones that they are Responses, and may be extended', () => {
    class Page extends Response {}
    expect(new NativeResponse('x') instanceof Response).toBe(true);
    expect(new Page('page') instanceof NativeResponse).toBe(true);
    expect(partsOf(new Page('page')).body).toBe('page');
  });
});
