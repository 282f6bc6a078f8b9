import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLibrary, type DeployLibrary } from '../../src/build/api.js';
import type { App } from '../../src/gateway/app.js';
import { callApp } from '../../src/gateway/in-process.js';
import { BUILT_IN_EGGS } from '../../src/paste/eggs.js';
import { lintFactory } from '../../src/paste/lint.js';
import { type TempTree, tempTree } from '../helpers/temp-tree.js';
import { serveKind } from '../helpers/three-kinds.js';

declare const nativeImport: (url: string) => Promise<unknown>;

const KINDS = ['wsgi', 'fetch', 'node'] as const;
const PROTOCOLS = { wsgi: 'paste.app', fetch: 'fetch.app', node: 'node.app' } as const;

const APPS = `
const TEXT = { 'content-type': 'text/plain' };

export const wsgi = async (environ, startResponse) => {
  const sent = await environ['wsgi.input'].read();
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return [Buffer.from(environ.PATH_INFO + ' '), sent];
};
export const fetch = async (request) =>
  new Response(new URL(request.url).pathname + ' ' + (await request.text()), { headers: TEXT });
export const node = async (req, res) => {
  res.writeHead(200, TEXT).write(req.url + ' ');
  for await (const chunk of req) res.write(chunk);
  res.end();
};

export const typeless = {
  wsgi: (environ, startResponse) => {
    startResponse('200 OK', []);
    return [Buffer.from('no type')];
  },
  fetch: () => new Response(Buffer.from('no type')),
  node: (req, res) => res.end('no type'),
};
export const breaking = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain'], ['Connection', 'close']]);
  return [];
};
export const texts = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return ['text'];
};
`;

const SITE = `
[filter:lint]
use = egg:Paste#lint
level = strict
[pipeline:breaking]
pipeline = lint breaking-app
[app:breaking-app]
paste.app = apps:breaking
[pipeline:texts]
pipeline = lint texts-app
[app:texts-app]
paste.app = apps:texts
${KINDS.map(
  (kind) => `
[pipeline:${kind}]
pipeline = lint ${kind}-app
[app:${kind}-app]
${PROTOCOLS[kind]} = apps:${kind}
[pipeline:typeless-${kind}]
pipeline = lint typeless-${kind}-app
[app:typeless-${kind}-app]
${PROTOCOLS[kind]} = apps:typeless.${kind}
`,
).join('')}`;

describe('egg:Paste#lint', () => {
  let tree: TempTree;
  let library: DeployLibrary;

  beforeAll(() => {
    tree = tempTree({ 'site.ini': SITE, 'apps.mjs': APPS });
    library = createLibrary(BUILT_IN_EGGS, { importModule: nativeImport });
  });

  afterAll(() => tree[Symbol.dispose]());

  const load = (name: string) => library.loadApp(`config:site.ini#${name}`, { relativeTo: tree.folder });

  it('is the factory of this file', async () => {
    expect(await BUILT_IN_EGGS.get('Paste')?.['paste.filter_app_factory']?.['lint']?.()).toBe(lintFactory);
  });

  describe.each(KINDS)('over a %s app', (kind) => {
    it('changes nothing of what keeps the contract', async () => {
      const app: App = { kind: 'wsgi', app: await load(kind) };
      await using server = await serveKind(app);
      const got = await server.get('/a%20b', { method: 'POST', body: 'sent' });
      expect(got).toMatchObject({ status: 200, text: kind === 'wsgi' ? '/a b sent' : '/a%20b sent' });
      expect(got).toMatchObject({ whole: true, headers: { 'content-type': 'text/plain' } });
      expect(server.errors).toEqual([]);
    });

    it('finds what breaks it, and the answer is a 500', async () => {
      const app: App = { kind: 'wsgi', app: await load(`typeless-${kind}`) };
      await using server = await serveKind(app);
      expect(await server.get()).toMatchObject({ status: 500, text: 'Internal Server Error\n' });
      expect(server.errors).toMatchObject([
        { code: 'contract', message: 'lint: a body without Content-Type' },
      ]);
    });
  });

  it('finds what an app does on its way to its answer', async () => {
    const answer = await callApp(await load('breaking'));
    expect(answer).toMatchObject({ status: 500, errors: [{ code: 'contract' }] });
  });

  it('complains of what is only unwise to wsgi.errors, and lets it pass', async () => {
    const answer = await callApp(await load('texts'));
    expect(answer).toMatchObject({ status: 200, text: 'text', errors: [] });
    expect(answer.complaints).toBe('lint: a chunk is a string, not a Uint8Array: it is sent as UTF-8\n');
  });
});
