import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import express from 'express';
import type { App } from '../../src/gateway/app.js';
import { KINDS, type Kind, passing, serveKind, shouting } from '../helpers/three-kinds.js';

/** Express gives requests and responses prototypes of its own, whoever made them. */
function expressApp(): App {
  const app = express();
  app.use(express.json({ limit: '1mb' }));
  app.get('/text', (_req, res) => void res.type('text').send('abc'));
  app.get(
    '/stream',
    (_req, res) => void Readable.from(['a', 'b', 'c'.repeat(70_000)]).pipe(res.type('text')),
  );
  app.get('/trailers', (_req, res) => {
    res.writeHead(200, { Trailer: 'X-Sum', 'Content-Type': 'text/plain' });
    res.write('abc');
    res.addTrailers({ 'X-Sum': '3' });
    res.end();
  });
  app.post('/echo', (req, res) => void res.json(req.body));
  const node = app as (req: unknown, res: unknown) => unknown;
  return { kind: 'node', app: (req, res) => node(req, res) };
}

const FILTERS: readonly [what: string, below: (app: App) => App][] = KINDS.flatMap((kind: Kind) => [
  [`a ${kind} filter`, (app: App) => passing(kind, app)],
  [`a ${kind} filter that reads its body`, (app: App) => shouting(kind, app)],
  [`two of kind ${kind}`, (app: App) => passing(kind, shouting(kind, app))],
]);

describe.each(FILTERS)('Express below %s', (_what, below) => {
  it('answers what it has, and 404 where it has nothing', async () => {
    await using server = await serveKind(below(expressApp()));
    expect((await server.get('/text')).text.toLowerCase()).toBe('abc');
    expect(await server.get('/none')).toMatchObject({ status: 404, whole: true });
    expect(await server.get('/none', { method: 'HEAD' })).toMatchObject({
      status: 404,
      text: '',
      whole: true,
    });
  });

  it('streams what it pipes', async () => {
    await using server = await serveKind(below(expressApp()));
    const { text, whole } = await server.get('/stream');
    expect([text.length, whole]).toEqual([70_002, true]);
  });

  it('reads the body of a request, also where nothing wants it', async () => {
    await using server = await serveKind(below(expressApp()));
    const post = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ x: 'y'.repeat(200_000) }),
    };
    expect((await server.get('/echo', post)).text.toLowerCase()).toBe(post.body);
    expect(await server.get('/none', post)).toMatchObject({ status: 404, whole: true });
    const broken = await server.get('/echo', { ...post, body: '{"x":' });
    expect(broken).toMatchObject({ status: 400, whole: true });
  });

  it('sends its trailers', async () => {
    await using server = await serveKind(below(expressApp()));
    expect(await server.get('/trailers')).toMatchObject({ whole: true, trailers: { 'x-sum': '3' } });
  });
});
