import { symlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DeploymentFolder } from '../helpers/deployment-folder.js';
import { Cli } from '../helpers/run-cli.js';

const APPS = `
import express from 'express';
import Koa from 'koa';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { H3 } from 'h3';

export const web = express();
web.get('/hello', (req, res) => {
  if (req.session) req.session.count = (req.session.count ?? 0) + 1;
  res.json({ url: req.url, mount: req.baseUrl, body: 'x'.repeat(Number(req.query.size ?? 1)), count: req.session?.count });
});
web.get('/route', (req, res) => res.json({ mount: req.baseUrl, original: req.originalUrl }));
web.post('/echo', express.json(), (req, res) => res.json(req.body));
web.get('/fails', () => { throw new Error('out of order'); });

export const koa = new Koa();
koa.use((ctx) => { ctx.body = { url: ctx.url, mount: ctx.req.baseUrl }; });

export async function fastify() {
  const app = Fastify();
  app.get('/hello', async (req) => ({ url: req.url, mount: req.raw.baseUrl }));
  app.addHook('onClose', async () => console.log('fastify is closed'));
  return app;
}

export const hono = new Hono();
hono.get('/hello', (c) => c.json({ url: new URL(c.req.url).pathname, mount: c.env.mount }));
hono.post('/echo', async (c) => c.json(await c.req.json()));
hono.get('/again', (c) => c.text(new Request(c.req.raw, { headers: { 'x-new': 'yes' } }).headers.get('x-new')));
hono.get('/events', (c) => {
  let count = 0;
  const body = new ReadableStream({
    async pull(controller) {
      await new Promise((next) => setTimeout(next, 5));
      controller.enqueue(new TextEncoder().encode('data: ' + count++ + '\\n\\n'));
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
});

export const h3 = new H3();
h3.get('/hello', (event) => ({ url: event.url.pathname }));

export const plain = (req, res) => res.end(JSON.stringify({ url: req.url, mount: req.baseUrl }));
export const bare = async (request, context) => Response.json({ url: new URL(request.url).pathname, mount: context.mount });
export const hidden = () => hono;

export const tagging = () => (app) => (environ, startResponse) =>
  app(environ, (status, headers, error) => startResponse(status, [...headers, ['X-Tag', 'yes']], error));
export const reading = () => (app) => async (environ, startResponse) => {
  const body = await app(environ, startResponse);
  return (async function* () { for await (const chunk of body) yield chunk; })();
};
`;

const NAMES = ['web', 'koa', 'fastify', 'hono', 'h3', 'plain', 'bare', 'hidden'] as const;
const KEYS: Readonly<Record<string, string>> = {
  web: 'node.app',
  koa: 'node.app',
  fastify: 'node.app_factory',
  hono: 'fetch.app',
  h3: 'fetch.app',
  plain: 'node.app',
  bare: 'fetch.app',
  hidden: 'paste.app_factory',
};

const SITE = `
[server:main]
port = 0
[composite:main]
use = egg:Paste#urlmap
${NAMES.map((name) => `/${name} = ${name}\n/tagged/${name} = tagged-${name}\n/read/${name} = read-${name}`).join('\n')}
/dressed/web = dressed-web
/dressed/hono = dressed-hono
[filter:tagging]
paste.filter_factory = apps:tagging
[filter:reading]
paste.filter_factory = apps:reading
${NAMES.map(
  (name) =>
    `[app:${name}]\n${KEYS[name]} = apps:${name}\n[pipeline:tagged-${name}]\npipeline = tagging ${name}\n` +
    `[pipeline:read-${name}]\npipeline = reading ${name}`,
).join('\n')}
[filter:helmet]
node.middleware = helmet
contentSecurityPolicy = false
strictTransportSecurity.maxAge = 1234
strictTransportSecurity.includeSubDomains = false
[filter:cors]
node.middleware = cors
origin = http://example.com
credentials = true
methods = ["GET", "PUT"]
[filter:compression]
node.middleware = compression
threshold = 100
[filter:morgan]
node.middleware = morgan
format = logged :method :url :status
[filter:session]
node.middleware = express-session
secret = keyboard cat
resave = false
saveUninitialized = true
cookie.maxAge = 60000
[pipeline:dressed-web]
pipeline = morgan helmet cors compression session tagging web
[pipeline:dressed-hono]
pipeline = morgan helmet cors compression session tagging hono
`;

describe('apps and middleware as they come', () => {
  let folder: DeploymentFolder;
  let cli: Cli;
  let url = '';

  beforeAll(async () => {
    folder = new DeploymentFolder({ 'apps.mjs': APPS, 'site.ini': SITE });
    symlinkSync(resolve(import.meta.dirname, '../../../node_modules'), folder.file('node_modules'));
    cli = new Cli([folder.file('site.ini')]);
    url = `http://127.0.0.1:${await cli.port('main')}`;
  });

  afterAll(async () => {
    await cli[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  describe.each(NAMES)('%s', (name) => {
    it.each(['', '/tagged', '/read'])('answers at %s', async (prefix) => {
      const answer = await fetch(`${url}${prefix}/${name}/hello`);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({
        url: '/hello',
        ...(name === 'h3' ? {} : { mount: `${prefix}/${name}` }),
      });
      expect(answer.headers.get('x-tag')).toBe(prefix === '/tagged' ? 'yes' : null);
    });
  });

  it.each(['web', 'hono'])('gives %s its body', async (name) => {
    for (const prefix of ['', '/tagged', '/read']) {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${url}${prefix}/${name}/echo`, {
        method: 'POST',
        headers,
        body: '{"a":[1]}',
      });
      expect(await answer.json()).toEqual({ a: [1] });
    }
  });

  it('leaves errors to the framework that has a page for them', async () => {
    const answer = await fetch(`${url}/web/fails`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).toContain('out of order');
  });

  it('lets a Request be made of a request', async () => {
    expect(await (await fetch(`${url}/hono/again`)).text()).toBe('yes');
  });

  it.each(['/hono', '/tagged/hono', '/read/hono'])('streams events one by one at %s', async (path) => {
    const answer = await fetch(`${url}${path}/events`);
    const reader = answer.body?.getReader();
    let text = '';
    while (!text.includes('data: 3')) text += new TextDecoder().decode((await reader?.read())?.value);
    await reader?.cancel();
    expect(text).toContain('data: 0\n\ndata: 1\n\n');
  });

  it.each(['web', 'hono'])('puts middleware over %s with the options of its section', async (name) => {
    const answer = await fetch(`${url}/dressed/${name}/hello?size=2000`, {
      headers: { 'accept-encoding': 'gzip' },
    });
    expect(await answer.json()).toMatchObject({ mount: `/dressed/${name}` });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'strict-transport-security': 'max-age=1234',
      'access-control-allow-origin': 'http://example.com',
      'access-control-allow-credentials': 'true',
      'x-tag': 'yes',
    });
    expect(answer.headers.get('content-security-policy')).toBeNull();
    expect(answer.headers.get('content-encoding')).toBe(name === 'web' ? 'gzip' : null);
    expect(answer.headers.getSetCookie()[0]).toMatch(/^connect\.sid=.*Expires=/);
    await cli.printed(new RegExp(`logged GET /dressed/${name}/hello\\?size=2000 200`));
  });

  it('keeps what middleware put on the request for the app below WSGI filters', async () => {
    const first = await fetch(`${url}/dressed/web/hello`);
    const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const second = await fetch(`${url}/dressed/web/hello`, { headers: { cookie } });
    expect([await first.json(), await second.json()]).toMatchObject([{ count: 1 }, { count: 2 }]);
  });

  it('answers for middleware that ends the request', async () => {
    const headers = { origin: 'http://example.com', 'access-control-request-method': 'PUT' };
    const answer = await fetch(`${url}/dressed/hono/hello`, { method: 'OPTIONS', headers });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-methods')).toBe('GET,PUT');
  });

  it('closes what has a close', async () => {
    expect((await cli.stop()).stdout).toContain('fastify is closed');
  });
});
