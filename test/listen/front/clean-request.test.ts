import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { applyHead } from '../../../src/listen/front/clean-request.js';

function request(headers: Record<string, string>, rawHeaders: string[]): IncomingMessage {
  return Object.assign(new IncomingMessage(new Socket()), { method: 'GET', url: '/', rawHeaders, headers });
}

describe('a request whose head was changed', () => {
  it('shows the change in every form of its headers', () => {
    const received = ['Host', 'a', 'X_A', '1', 'X-Forwarded-For', '6.6.6.6, 9.9.9.9', 'Accept', 'b'];
    const req = request(
      { host: 'a', x_a: '1', 'x-forwarded-for': '6.6.6.6, 9.9.9.9', accept: 'b' },
      received,
    );
    const rawHeaders = ['Host', 'b', 'X-Forwarded-For', '9.9.9.9', 'Accept', 'b', 'Accept', 'c'];
    applyHead(req, { method: 'GET', target: '/x', httpVersion: '1.1', rawHeaders });
    expect(req.url).toBe('/x');
    expect(req.headers).toEqual({ host: 'b', 'x-forwarded-for': '9.9.9.9', accept: 'b' });
    expect({ ...req.headersDistinct }).toEqual({
      host: ['b'],
      'x-forwarded-for': ['9.9.9.9'],
      accept: ['b', 'c'],
    });
    expect(req.rawHeaders).toEqual(rawHeaders);
  });

  it('has no more of a field than is left of it', () => {
    const rawHeaders = ['Host', 'a', 'X-Request-Id', '1', 'X-Request-Id', '2', 'X-Request-Id', '3'];
    const req = request({ host: 'a', 'x-request-id': '1, 2, 3' }, rawHeaders);
    const left = ['Host', 'a', 'X-Request-Id', 'z'];
    applyHead(req, { method: 'GET', target: '/', httpVersion: '1.1', rawHeaders: left });
    expect(req.headers).toEqual({ host: 'a', 'x-request-id': 'z' });
    expect(req.headersDistinct['x-request-id']).toEqual(['z']);
    req.headersDistinct['more'] = ['x'];
    expect(req.headersDistinct['more']).toEqual(['x']);
    req.headersDistinct = {};
    expect(req.headersDistinct).toEqual({});
  });

  it('keeps all of a field that nobody cut', () => {
    const req = request({ host: 'a', 'x-forwarded-for': '1, 2', x_a: '1' }, ['x_a', '1']);
    const rawHeaders = ['Host', 'a', 'X-Forwarded-For', '1', 'x-forwarded-for', '2'];
    applyHead(req, { method: 'GET', target: '/', httpVersion: '1.1', rawHeaders });
    expect(req.headers).toEqual({ host: 'a', 'x-forwarded-for': '1, 2' });
  });

  it('is left as it is where the headers are the same', () => {
    const rawHeaders = ['Host', 'a'];
    const req = request({ host: 'a' }, rawHeaders);
    applyHead(req, { method: 'GET', target: '/y', httpVersion: '1.1', rawHeaders });
    expect(req.rawHeaders).toBe(rawHeaders);
    expect(req.url).toBe('/y');
  });

  it('takes names such as constructor for names', () => {
    const req = request({ constructor: 'x' }, []);
    applyHead(req, { method: 'GET', target: '/', httpVersion: '1.1', rawHeaders: ['Constructor', 'x'] });
    expect(req.headersDistinct['constructor']).toEqual(['x']);
    expect(req.headersDistinct['tostring']).toBeUndefined();
  });
});
