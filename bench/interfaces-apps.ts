// What the interfaces benchmark serves: named by its deployment file, and served by its peers as it is.
import express from 'express';
import { Hono } from 'hono';
import type { Filter, FilterFactory } from '../src/gateway/app.js';

const TEXT = 'Hello from PUB2\n';

/** One route, and everything else that stands below a mount. */
export const hono = new Hono().get('/', (c) => c.text(TEXT)).get('/V2', (c) => c.text(TEXT));

export const web = express().disable('etag');
web.get(['/', '/V2'], (_req, res) => {
  res.type('text/plain').send(TEXT);
});

export const passThrough: FilterFactory = (): Filter => (app) => (environ, startResponse) =>
  app(environ, startResponse);

/** A filter that reads the body and gives it on with its bytes changed, chunk by chunk. */
export const rewriting: FilterFactory = (): Filter => (app) => async (environ, startResponse) => {
  const body = await app(environ, startResponse);
  return rewritten(typeof body === 'string' ? [body] : body);
};

async function* rewritten(body: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>) {
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk);
    bytes[0] = 0x2a;
    yield bytes;
  }
}

const MEBIBYTE = Buffer.alloc(1024 * 1024, 0x2e);

/** Streams 1 GiB, as fast as it is taken. */
export const large = new Hono().get('*', () => {
  let left = 1024;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left === 0) controller.close();
      else controller.enqueue(MEBIBYTE);
      left -= 1;
    },
  });
  return new Response(body);
});
