import { describe, expect, it } from '@jest/globals';
import type { App } from '../../src/gateway/app.js';
import { toWsgi } from '../../src/gateway/bridges.js';
import { coverWithErrorFilter, coverWithNode } from '../../src/gateway/cover.js';
import { coverWithFetch } from '../../src/gateway/fetch-parts.js';
import type { NodeErrorFilter } from '../../src/gateway/node-types.js';
import { urlmap } from '../../src/paste/urlmap.js';
import {
  appOf,
  KINDS,
  passing,
  type Reply,
  serveKind,
  shouting,
  withHeader,
} from '../helpers/three-kinds.js';

/** Answers with what it got. */
const page: NodeErrorFilter = (error, req, res, _next) => {
  res.statusCode = 418;
  res.end(`${String(error)} at ${req.baseUrl ?? ''} ${req.url}`);
};

const failing = (kind: (typeof KINDS)[number], message = 'out of order'): App =>
  appOf(kind, () => {
    throw new TypeError(message);
  });

const text = (...chunks: string[]): Reply => ({
  status: 200,
  headers: [['Content-Type', 'text/plain']],
  chunks,
});

describe.each(KINDS)('an error filter over a %s app', (kind) => {
  it('answers in its place where it fails, and nobody else is told', async () => {
    await using server = await serveKind(coverWithErrorFilter(page, failing(kind)));
    const got = await server.get('/path');
    expect(got).toMatchObject({ status: 418, text: 'TypeError: out of order at  /path', whole: true });
    expect(server.errors).toEqual([]);
  });

  it.each(KINDS)('answers where it fails below a %s filter of any sort', async (between) => {
    for (const filter of [passing, withHeader, shouting]) {
      await using server = await serveKind(coverWithErrorFilter(page, filter(between, failing(kind))));
      const { status, text } = await server.get('/path');
      expect([status, text.toLowerCase()]).toEqual([418, 'typeerror: out of order at  /path']);
      expect(server.errors).toEqual([]);
    }
  });

  it.each(KINDS)('has its answer seen by the %s filters above', async (above) => {
    for (const filter of [withHeader, shouting]) {
      await using server = await serveKind(filter(above, coverWithErrorFilter(page, failing(kind))));
      const { status, text } = await server.get('/path');
      expect([status, text.toLowerCase()]).toEqual([418, 'typeerror: out of order at  /path']);
      expect(server.errors).toEqual([]);
    }
  });

  it('has nothing to do where nothing fails', async () => {
    await using server = await serveKind(
      coverWithErrorFilter(
        page,
        appOf(kind, () => text('fine')),
      ),
    );
    expect(await server.get()).toMatchObject({ status: 200, text: 'fine' });
  });

  it('has nothing to do once the head was sent: the answer is broken off', async () => {
    let called = false;
    const handle: NodeErrorFilter = (_error, _req, _res, _next) => {
      called = true;
    };
    const chunks = async function* () {
      yield 'begun';
      await new Promise((next) => setImmediate(next));
      throw new TypeError('out of order');
    };
    const app = appOf(kind, () => ({ ...text(), chunks: chunks() }));
    await using server = await serveKind(coverWithErrorFilter(handle, app));
    const got = await server.get().catch(() => null);
    expect(got?.whole ?? false).toBe(false);
    expect(called).toBe(false);
    expect(server.errors.map(({ message }) => message)).toContain('out of order');
  });
});

describe('an error filter', () => {
  it('gets what middleware says to next, whatever it is', async () => {
    for (const error of ['a word', 404, { code: 'gone' }]) {
      const thrown: unknown[] = [];
      const handle: NodeErrorFilter = (given, _req, res, _next) => {
        thrown.push(given);
        res.end('told');
      };
      const app = coverWithNode((_req, _res, next) => next(error), failing('node'));
      await using server = await serveKind(coverWithErrorFilter(handle, app));
      expect((await server.get()).text).toBe('told');
      expect(thrown).toEqual([error]);
    }
  });

  it('that hands an error on leaves it to the next one above', async () => {
    const change: NodeErrorFilter = (error, _req, _res, next) => next(`changed ${String(error)}`);
    const keep: NodeErrorFilter = (_error, _req, _res, next) => next();
    const app = coverWithErrorFilter(change, coverWithErrorFilter(keep, failing('wsgi')));
    await using server = await serveKind(coverWithErrorFilter(page, app));
    expect((await server.get()).text).toBe('changed TypeError: out of order at  /');
  });

  it('that hands an error on to nobody makes a plain 500, and the error is told once', async () => {
    const handle: NodeErrorFilter = (error, _req, _res, next) => {
      next(error);
      next(new Error('again'));
    };
    await using server = await serveKind(coverWithErrorFilter(handle, failing('fetch')));
    expect(await server.get()).toMatchObject({ status: 500, text: 'Internal Server Error\n' });
    expect(server.errors.map(({ message }) => message)).toEqual(['out of order']);
  });

  it.each<[string, NodeErrorFilter]>([
    [
      'throws',
      (_error, _req, _res, _next) => {
        throw new TypeError('no page');
      },
    ],
    ['rejects', async (_error, _req, _res, _next) => Promise.reject(new TypeError('no page'))],
  ])('that %s fails like any other, and those above answer', async (_how, handle) => {
    await using server = await serveKind(
      coverWithErrorFilter(page, coverWithErrorFilter(handle, failing('node'))),
    );
    expect((await server.get()).text).toBe('TypeError: no page at  /');
    await using alone = await serveKind(coverWithErrorFilter(handle, failing('node')));
    expect(await alone.get()).toMatchObject({ status: 500, text: 'Internal Server Error\n' });
    expect(alone.errors.map(({ message }) => message)).toEqual(['no page']);
  });

  it('answers for a second failure no more: that is only told', async () => {
    let answer = (): void => undefined;
    const handle: NodeErrorFilter = (error, _req, res, _next) => {
      answer = () => res.end(String(error));
    };
    const twice = coverWithNode(async (_req, _res, next) => {
      next('first');
      throw new TypeError('second');
    }, failing('node'));
    await using server = await serveKind(coverWithErrorFilter(handle, twice));
    const got = server.get();
    while (server.errors.length === 0) await new Promise((next) => setImmediate(next));
    answer();
    expect(await got).toMatchObject({ status: 200, text: 'first' });
    expect(server.errors.map(({ message }) => message)).toEqual(['second']);
  });

  it('sees the request where it stands, above the mounts below it', async () => {
    const site: App = { kind: 'wsgi', app: urlmap({ '/in': toWsgi(failing('node')) }) };
    await using server = await serveKind(coverWithErrorFilter(page, site));
    expect((await server.get('/in/side?q')).text).toBe('TypeError: out of order at  /in/side?q');
    const outer: App = { kind: 'wsgi', app: urlmap({ '/out': toWsgi(coverWithErrorFilter(page, site)) }) };
    await using mounted = await serveKind(outer);
    expect((await mounted.get('/out/in/side?q')).text).toBe('TypeError: out of order at /out /in/side?q');
  });

  it('answers past the WSGI filters below it, and keeps what middleware had set', async () => {
    const app = withHeader('node', withHeader('wsgi', failing('node'), 'X-Below'), 'X-Set');
    await using server = await serveKind(withHeader('wsgi', coverWithErrorFilter(page, app), 'X-Above'));
    const { status, headers } = await server.get();
    expect(status).toBe(418);
    expect(headers).toMatchObject({ 'x-set': 'node', 'x-above': 'wsgi' });
    expect(headers['x-below']).toBeUndefined();
  });

  it('leaves to a filter below what that catches', async () => {
    const inner = toWsgi(failing('node'));
    const catching: App = {
      kind: 'wsgi',
      app: async (environ, startResponse) => {
        try {
          const body = await inner(environ, startResponse);
          if (typeof body !== 'string') for await (const _chunk of body);
        } catch (error) {
          startResponse('503 Service Unavailable', []);
          return [`caught ${String(error)}`];
        }
        return [];
      },
    };
    const catchingByFetch = coverWithFetch(
      (_request, next) => next().catch((error) => new Response(`caught ${error}`, { status: 503 })),
      failing('node'),
    );
    for (const app of [catching, catchingByFetch]) {
      await using server = await serveKind(coverWithErrorFilter(page, app));
      expect(await server.get()).toMatchObject({ status: 503, text: 'caught TypeError: out of order' });
      expect(server.errors).toEqual([]);
    }
  });
});
