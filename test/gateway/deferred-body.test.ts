import { afterEach, describe, expect, it } from '@jest/globals';
import type { App } from '../../src/gateway/app.js';
import { toWsgi } from '../../src/gateway/bridges.js';
import { runFetch } from '../../src/gateway/fetch-run.js';
import { eventually } from '../helpers/eventually.js';
import { FrontServer } from '../helpers/front-server.js';

const servers: FrontServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Apps that never answer; `tell` is called when they begin, and when they hear that their client is gone. */
const WAITING: readonly (readonly [string, (tell: (what: string) => void) => App])[] = [
  [
    'node',
    (tell) => ({
      kind: 'node',
      app: (_req, res) => {
        res.once('close', () => tell('gone'));
        tell('begun');
      },
    }),
  ],
  [
    'fetch',
    (tell) => ({
      kind: 'fetch',
      run: runFetch,
      app: ({ signal }) => {
        signal.addEventListener('abort', () => tell('gone'));
        tell('begun');
        return new Promise(() => undefined);
      },
    }),
  ],
];

/** A filter whose generator waits for the first chunk; `tell` is called if it comes to the end of the body. */
function readBy(app: App, tell: (what: string) => void): App {
  const below = toWsgi(app);
  return {
    kind: 'wsgi',
    app: async function* read(environ, startResponse) {
      const body = await below(environ, startResponse);
      if (typeof body === 'string') yield body;
      else yield* body;
      tell('the end');
    },
  };
}

describe('an app whose body a WSGI filter waits for', () => {
  it.each(WAITING)('hears, of kind %s, that its client is gone', async (_kind, waiting) => {
    const told: string[] = [];
    const tell = (what: string): number => told.push(what);
    const server = await new FrontServer(readBy(waiting(tell), tell)).listen();
    servers.push(server);
    const client = await server.open();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually(() => told.length === 1);
    client.socket.destroy();
    await eventually(() => told.length === 2);
    // The filter would hear of an end of the body in the same turn.
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual(['begun', 'gone']);
    expect(server.errors).toEqual([]);
  });
});
