import { describe, expect, it } from '@jest/globals';
import type { App } from '../../src/gateway/app.js';
import type { WsgiApp } from '../../src/gateway/wsgi-types.js';
import { checkReady } from '../../src/listen/ready-check.js';
import { placeAt } from '../helpers/origins.js';
import { problemOf } from '../helpers/problems.js';

const PLACE = placeAt('/srv/site.ini');

function check(app: App | WsgiApp, path = '/health', milliseconds = 10_000): Promise<void> {
  const live: App = typeof app === 'function' ? { kind: 'wsgi', app } : app;
  return checkReady({ name: 'main', app: live, place: PLACE }, path, milliseconds);
}

function answering(status: string): WsgiApp {
  return (_environ, startResponse) => {
    startResponse(status, [['Content-Type', 'text/plain']]);
    return 'as it is';
  };
}

describe('the check of an app', () => {
  it.each(['200 OK', '204 No Content', '302 Found'])('is passed by %s', async (status) => {
    await expect(check(answering(status))).resolves.toBeUndefined();
  });

  it.each(['404 Not Found', '500 Internal Server Error', '503 Service Unavailable'])(
    'is failed by %s, at the place of the server',
    async (status) => {
      const problem = await problemOf(() => check(answering(status)));
      expect([problem.code, problem.place]).toEqual(['not-ready', PLACE]);
      expect(problem.message).toBe(
        `[server:main] is not ready: GET /health was answered with ${status.slice(0, 3)}`,
      );
    },
  );

  it('is a GET of the path, its query and all', async () => {
    const seen: unknown[] = [];
    await check(({ REQUEST_METHOD: method, PATH_INFO: path, QUERY_STRING: query }, startResponse) => {
      seen.push(method, path, query);
      startResponse('200 OK', []);
      return [];
    }, '/health?deep=1');
    expect(seen).toEqual(['GET', '/health', 'deep=1']);
  });

  it('is failed by an app that fails, with its words', async () => {
    const problem = await problemOf(() =>
      check(() => {
        throw new Error('no database');
      }),
    );
    expect(problem.code).toBe('not-ready');
    expect(problem.message).toContain('no database');
  });

  it('is failed by an app that never answers', async () => {
    const problem = await problemOf(() => check(() => new Promise(() => undefined), '/health', 20));
    expect(problem.message).toBe('[server:main] is not ready: GET /health was not answered within 0.02 s');
  });

  it('is made of apps of every kind', async () => {
    const app: App = {
      kind: 'node',
      app: (_req, res) => {
        res.statusCode = 503;
        res.end();
      },
    };
    expect((await problemOf(() => check(app))).message).toContain('was answered with 503');
  });
});
