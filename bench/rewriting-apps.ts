// What the rewriting benchmark serves: `/N` streams N MiB in chunks of 64 KiB, as fast as they are taken.
import { once } from 'node:events';
import type { Filter, FilterFactory } from '../src/gateway/app.js';
import type { FetchFunction } from '../src/gateway/fetch-types.js';
import type { NodeFunction } from '../src/gateway/node-types.js';
import type { WsgiBody } from '../src/gateway/wsgi-types.js';

const CHUNK = 65_536;

export const byFetch: FetchFunction = ({ url }) => {
  let left = chunksOf(new URL(url).pathname);
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left === 0) controller.close();
      else controller.enqueue(Buffer.alloc(CHUNK, 0x2e));
      left -= 1;
    },
  });
  return new Response(body);
};

export const byNode: NodeFunction = async ({ url = '' }, res) => {
  for (let left = chunksOf(url); left > 0; left -= 1) {
    if (!res.write(Buffer.alloc(CHUNK, 0x2e))) await once(res, 'drain');
  }
  res.end();
};

/** A filter that reads the body and gives it on with its bytes changed, chunk by chunk. */
export const rewriting: FilterFactory = (): Filter => (app) => async (environ, startResponse) =>
  rewritten(await app(environ, startResponse));

async function* rewritten(body: WsgiBody): AsyncGenerator<Uint8Array> {
  for await (const chunk of typeof body === 'string' ? [body] : body) {
    const bytes = Buffer.from(chunk);
    bytes[0] = 0x2a;
    yield bytes;
  }
}

function chunksOf(path: string): number {
  return (Number(path.slice(1)) * 1024 * 1024) / CHUNK;
}
