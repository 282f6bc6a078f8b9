import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { coverWithFetch } from '../../src/gateway/fetch-parts.js';
import type { FetchFilter } from '../../src/gateway/fetch-types.js';
import { eventually } from '../helpers/eventually.js';
import { FrontServer } from '../helpers/front-server.js';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

const servers: FrontServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(filter: FetchFilter, answer: (res: ServerResponse) => unknown): Promise<FrontServer> {
  const below = { kind: 'node', app: (_req: unknown, res: ServerResponse) => answer(res) } as const;
  const server = await new FrontServer(coverWithFetch(filter, below)).listen();
  servers.push(server);
  return server;
}

describe('a fetch filter that waits for its app', () => {
  it('hears of an answer that is broken off before it began', async () => {
    const filter: FetchFilter = async (request, next) => {
      try {
        return await next(request);
      } catch (error) {
        return new Response(String(error), { status: 502 });
      }
    };
    const server = await serve(filter, (res) => res.destroy());
    const [answer] = await server.ask(GET);
    expect([answer?.status, answer?.body]).toEqual([502, expect.stringContaining('broke its answer off')]);
  });

  it('that lets that pass gives a 500', async () => {
    const server = await serve(
      (request, next) => next(request),
      (res) => res.destroy(),
    );
    expect((await server.ask(GET)).map(({ status }) => status)).toEqual([500]);
    expect(server.errors).toEqual(['the app broke its answer off']);
  });

  it('hears of a client that is gone, whatever the app does, and that is no failure', async () => {
    const heard: unknown[] = [];
    let runs = 0;
    const filter: FetchFilter = async (request, next) => {
      try {
        return await next(request);
      } catch (error) {
        heard.push(error);
        throw error;
      }
    };
    const server = await serve(filter, () => {
      runs += 1;
    });
    const client = await server.open();
    client.send(GET);
    await eventually(() => runs === 1);
    client.socket.destroy();
    await eventually(() => heard.length === 1);
    expect(heard).toEqual([expect.objectContaining({ name: 'AbortError' })]);
    // What is reported is so in the same turn.
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.errors).toEqual([]);
  });
});
