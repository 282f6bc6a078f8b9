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
