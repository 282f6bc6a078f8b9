import { EventEmitter, on, once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { App } from '../../src/gateway/app.js';
import { toWsgi } from '../../src/gateway/bridges.js';
import { DeferredBody } from '../../src/gateway/deferred-body.js';
import { callApp, type InProcessRequest } from '../../src/gateway/in-process.js';
import { lint } from '../../src/gateway/lint.js';
import type { Environ, Header, StartResponse, WsgiApp, WsgiBody } from '../../src/gateway/wsgi-types.js';
import { createLiveReload } from '../../src/supervise/live-reload.js';
import { eventually } from '../helpers/eventually.js';
import { FrontServer } from '../helpers/front-server.js';
import { type Conversation, openConversation } from '../helpers/raw-http.js';
import { appOf, KINDS, type Kind, type Reply, serveKind } from '../helpers/three-kinds.js';

const ACCEPT = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const BROWSER = { accept: ACCEPT };
const TAG = '\n<script async src="/.wsgi-serve/live.js" data-generation="7"></script>\n';
const HTML: Header = ['Content-Type', 'text/html; charset=utf-8'];
const PAGE: Reply = { status: 200, headers: [HTML], chunks: ['<p>', 'hi'] };

const live = (app: App): App => createLiveReload(7).filter(app);

function replying(kind: Kind, reply: Partial<Reply>): App {
  return live(appOf(kind, () => ({ ...PAGE, ...reply })));
}

async function* ofEvents(source: EventEmitter): AsyncGenerator<string> {
  for await (const [text] of on(source, 'event')) {
    if (text === '') return;
    yield String(text);
  }
}

/** Asks for a page as a browser does. */
async function talk(port: number, path = '/'): Promise<Conversation> {
  const client = await openConversation({ port, host: '127.0.0.1' });
  client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nAccept: ${ACCEPT}\r\nConnection: close\r\n\r\n`);
  return client;
}

describe.each(KINDS)('over a %s app on a socket, live reload', (kind) => {
  it('adds its script to a page', async () => {
    await using server = await serveKind(replying(kind, {}));
    const { status, text, headers, whole } = await server.get('/', { headers: BROWSER });
    expect([status, text, whole]).toEqual([200, `<p>hi${TAG}`, true]);
    expect(headers['content-type']).toBe(HTML[1]);
    expect(server.errors).toEqual([]);
  });

  it('adds it to the page of an error, too', async () => {
    await using server = await serveKind(replying(kind, { status: 404 }));
    const { status, text } = await server.get('/', { headers: BROWSER });
    expect([status, text]).toEqual([404, `<p>hi${TAG}`]);
  });

  it('makes room for it in a length, and drops what the old page would be known by', async () => {
    const headers: Header[] = [HTML, ['Content-Length', '5'], ['ETag', '"a"'], ['X-Other', 'kept']];
    await using server = await serveKind(replying(kind, { headers }));
    const got = await server.get('/', { headers: BROWSER });
    expect(got).toMatchObject({ status: 200, text: `<p>hi${TAG}`, whole: true });
    expect(got.headers).toMatchObject({ 'content-length': String(5 + TAG.length), 'x-other': 'kept' });
    expect(got.headers.etag).toBeUndefined();
    expect(server.errors).toEqual([]);
  });

  it.each<[string, Partial<Reply>]>([
    ['is no page', { headers: [['Content-Type', 'application/json']] }],
    ['is compressed', { headers: [HTML, ['Content-Encoding', 'gzip']] }],
    ['is in UTF-16', { headers: [['Content-Type', 'text/html; charset=utf-16']] }],
    ['allows no script', { headers: [HTML, ['Content-Security-Policy', "default-src 'none'"]] }],
    ['is a piece', { status: 206, headers: [HTML, ['Content-Range', 'bytes 0-4/9']] }],
  ])('leaves an answer as it is that %s', async (_what, reply) => {
    const headers: Header[] = [...(reply.headers ?? []), ['Content-Length', '5'], ['ETag', '"a"']];
    await using server = await serveKind(replying(kind, { ...reply, headers }));
    const got = await server.get('/', { headers: BROWSER });
    expect(got).toMatchObject({ text: '<p>hi', whole: true });
    expect(got.headers).toMatchObject({ 'content-length': '5', etag: '"a"' });
  });

  it('leaves answers without a body alone', async () => {
    await using server = await serveKind(
      replying(kind, { status: 304, headers: [['ETag', '"a"']], chunks: [] }),
    );
    const got = await server.get('/', { headers: BROWSER });
    expect([got.status, got.text, got.headers.etag]).toEqual([304, '', '"a"']);
  });

  it.each<[string, string, Record<string, string>]>([
    ['a script asks for, which puts it into its page', 'GET', { accept: '*/*' }],
    ['a script asks for as HTML', 'GET', { ...BROWSER, 'sec-fetch-dest': 'empty' }],
    ['a frame shows', 'GET', { ...BROWSER, 'sec-fetch-dest': 'iframe' }],
    ['answers a form', 'POST', BROWSER],
    ['a program asks for', 'GET', {}],
  ])('leaves a page alone that %s', async (_who, method, headers) => {
    await using server = await serveKind(replying(kind, {}));
    const { text } = await server.get('/', { method, headers });
    expect(text).toBe('<p>hi');
  });

  it('leaves the head for HEAD alone', async () => {
    await using server = await serveKind(replying(kind, { headers: [HTML, ['ETag', '"a"']], chunks: [] }));
    const { text, headers } = await server.get('/', { method: 'HEAD', headers: BROWSER });
    expect([text, headers.etag]).toEqual(['', '"a"']);
  });

  it('asks the app for the whole page as it is, and for nothing else differently', async () => {
    const asked: (string | null)[] = [];
    const app = appOf(kind, ({ header }) => {
      const names = ['accept-encoding', 'if-none-match', 'if-modified-since', 'accept', 'cookie'];
      asked.push(...names.map(header));
      return PAGE;
    });
    await using server = await serveKind(live(app));
    const sparing = {
      'accept-encoding': 'gzip',
      'if-none-match': '"a"',
      'if-modified-since': 'Mon, 01 Jan 2024 00:00:00 GMT',
    };
    await server.get('/', { headers: { ...BROWSER, ...sparing, cookie: 'c=1' } });
    expect(asked.splice(0)).toEqual([null, null, null, ACCEPT, 'c=1']);
    await server.get('/', { headers: { ...sparing, accept: '*/*' } });
    expect(asked).toEqual(['gzip', '"a"', sparing['if-modified-since'], '*/*', null]);
  });

  it('sends a page on as it comes, chunk by chunk', async () => {
    const source = new EventEmitter();
    await using server = await serveKind(replying(kind, { chunks: ofEvents(source) }));
    const client = await talk(server.port);
    await eventually(() => source.listenerCount('event') > 0);
    source.emit('event', 'one');
    await client.until(/one/);
    source.emit('event', 'two');
    expect(await client.until(/two/)).not.toContain('script');
    source.emit('event', '');
    expect(await client.toEnd()).toMatch(
      /one\r\n[\s\S]*two\r\n[\s\S]*live\.js" data-generation="7"><\/script>\n\r\n0\r\n/,
    );
    expect(server.errors).toEqual([]);
  });

  it('tells the app when the browser goes away in the middle of a page', async () => {
    const source = new EventEmitter();
    let isOver = false;
    const chunks = (async function* () {
      try {
        for (;;) {
          yield 'more ';
          await Promise.race([once(source, 'event'), new Promise((next) => setTimeout(next, 5))]);
        }
      } finally {
        isOver = true;
      }
    })();
    await using server = await serveKind(replying(kind, { chunks }));
    const client = await talk(server.port);
    await client.until(/more [\s\S]*more /);
    client.socket.destroy();
    await eventually(() => isOver);
  });

  it('breaks off a page that fails on its way, without the script', async () => {
    const source = new EventEmitter();
    const chunks = (async function* () {
      yield 'begun';
      await once(source, 'event');
      throw new TypeError('broken');
    })();
    await using server = await serveKind(replying(kind, { chunks }));
    const client = await talk(server.port);
    await client.until(/begun/);
    source.emit('event');
    expect(await client.toEnd()).not.toMatch(/script|0\r\n\r\n$/);
    expect(server.errors.length).toBeGreaterThan(0);
  });

  it('answers for what the script asks, which no app sees', async () => {
    const reload = createLiveReload('g7');
    const app = appOf(kind, () => ({ ...PAGE, status: 404 }));
    await using server = await serveKind(reload.filter(app));
    const script = await server.get('/.wsgi-serve/live.js');
    expect([script.status, script.headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8']);
    expect(script.text).toContain('EventSource');
    const browser = await talk(server.port, '/.wsgi-serve/live');
    expect(await browser.until(/data/)).toMatch(/200 OK[\s\S]*text\/event-stream[\s\S]*id: g7\ndata: g7\n\n/);
    reload.leave();
    await browser.toEnd();
    expect(browser.received).toMatch(/0\r\n\r\n$/);
    expect((await server.get('/.wsgi-serve/live')).text).toBe('id: g7\ndata: g7\n\n');
    expect(server.errors).toEqual([]);
  });

  it('hands the app itself on for all other requests: it answers as if alone', async () => {
    const inner = appOf(kind, () => PAGE);
    const outer = toWsgi(live(inner));
    let returned: WsgiBody | Promise<WsgiBody> = '';
    const seen: WsgiApp = (environ, startResponse) => {
      returned = outer(environ, startResponse);
      return returned;
    };
    expect((await callApp(seen, { headers: [['Accept', '*/*']] })).text).toBe('<p>hi');
    expect(returned instanceof DeferredBody).toBe(kind !== 'wsgi');
  });
});

/** A WSGI app under lint, below live reload under lint. */
async function callLinted(app: WsgiApp, request: InProcessRequest = {}) {
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const linted = lint(toWsgi(live({ kind: 'wsgi', app: lint(app, { warn }) })), { warn });
  const answer = await callApp(linted, { headers: [['Accept', ACCEPT]], ...request });
  return { ...answer, warnings };
}

const HEAD: readonly Header[] = [HTML];

describe('over a WSGI app under lint, live reload', () => {
  it.each<[string, () => WsgiBody | Promise<WsgiBody>]>([
    ['an array', () => [Buffer.from('a'), Buffer.from('b')]],
    ['a promise', async () => [Buffer.from('ab')]],
    [
      'a generator',
      function* () {
        yield Buffer.from('a');
        yield Buffer.from('b');
      },
    ],
    [
      'an async generator',
      async function* () {
        yield Buffer.from('ab');
      },
    ],
    ['nothing', () => []],
  ])('adds its script to %s', async (_what, body) => {
    const { text, errors, warnings } = await callLinted((_environ, startResponse) => {
      startResponse('200 OK', HEAD);
      return body();
    });
    expect(text).toMatch(/^(?:ab)?\n<script [^>]*><\/script>\n$/);
    expect([errors, warnings]).toEqual([[], []]);
  });

  it('adds it behind what was written, and for an app that begins with its first chunk', async () => {
    const writing = await callLinted(async (_environ, startResponse) => {
      await startResponse('200 OK', HEAD)(Buffer.from('ab'));
      return [];
    });
    const late = await callLinted(async function* (_environ: Environ, startResponse: StartResponse) {
      startResponse('200 OK', HEAD);
      yield Buffer.from('ab');
    });
    for (const { text, errors } of [writing, late]) expect([text, errors]).toEqual([`ab${TAG}`, []]);
  });

  it('goes by the head that is sent, where an app changes its mind', async () => {
    const turning = (from: string, to: string) =>
      callLinted((_environ, startResponse) => {
        startResponse('200 OK', [['Content-Type', from]]);
        startResponse('500 No', [['Content-Type', to]], new TypeError('changed'));
        return [Buffer.from('ab')];
      });
    expect((await turning('text/plain', 'text/html')).text).toBe(`ab${TAG}`);
    expect((await turning('text/html', 'text/plain')).text).toBe('ab');
  });

  it('goes by the first one where the body was handed back before', async () => {
    const { text, headers, errors } = await callLinted((_environ, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'text/plain']]);
      return (function* () {
        const length: Header = ['Content-Length', '2'];
        startResponse('500 No', [HTML, length], new TypeError('changed'));
        yield Buffer.from('ab');
      })();
    });
    expect([text, errors]).toEqual(['ab', []]);
    expect(headers).toContainEqual(['Content-Length', '2']);
  });

  it('hands back the very body of an answer that is no page', async () => {
    const body = [Buffer.from('ab')];
    const app = toWsgi(
      live({
        kind: 'wsgi',
        app: (_environ, startResponse) => {
          startResponse('200 OK', [['Content-Type', 'image/png']]);
          return body;
        },
      }),
    );
    let returned: unknown = null;
    await callApp(
      (environ, startResponse) => {
        const result = app(environ, startResponse);
        returned = result;
        return result;
      },
      { headers: [['Accept', ACCEPT]] },
    );
    expect(returned).toBe(body);
  });

  it('closes the body of the app, once', async () => {
    let closed = 0;
    const { errors, warnings } = await callLinted((_environ, startResponse) => {
      startResponse('200 OK', HEAD);
      const close = () => {
        closed += 1;
      };
      return Object.assign([Buffer.from('a')], { close });
    });
    expect([closed, errors, warnings]).toEqual([1, [], []]);
  });

  it('leaves mistakes to the server, in its own words', async () => {
    const app = live({
      kind: 'wsgi',
      app: (_environ, startResponse) => {
        startResponse('200 OK', [HTML, ['X-Number', 1 as unknown as string]]);
        return ['a'];
      },
    });
    const { status, errors } = await callApp(toWsgi(app), { headers: [['Accept', ACCEPT]] });
    expect(status).toBe(500);
    expect(errors[0]?.message).toContain('is not a [name, value] pair of strings');
  });

  it('still finds an app that does not keep to its own length', async () => {
    const promising = (length: string) =>
      callApp(
        toWsgi(
          live({
            kind: 'wsgi',
            app: (_environ, startResponse) => {
              startResponse('200 OK', [HTML, ['Content-Length', length]]);
              return [Buffer.from('abc')];
            },
          }),
        ),
        { headers: [['Accept', ACCEPT]] },
      );
    expect((await promising('2')).errors[0]?.message).toContain('longer than its Content-Length');
    expect((await promising('4')).errors[0]?.message).toContain('1 bytes short of its Content-Length');
  });

  it('names its script below the mount, and answers there', async () => {
    const app = toWsgi(live({ kind: 'wsgi', app: () => [] }));
    const page: WsgiApp = (_environ, startResponse) => {
      startResponse('200 OK', HEAD);
      return [Buffer.from('a')];
    };
    const options = { scriptName: '/site' };
    const headers: Header[] = [['Accept', ACCEPT]];
    const { text } = await callApp(
      toWsgi(live({ kind: 'wsgi', app: page })),
      { headers, target: '/site/' },
      options,
    );
    expect(text).toContain('src="/site/.wsgi-serve/live.js"');
    const script = await callApp(app, { target: '/site/.wsgi-serve/live.js' }, options);
    expect(script.text).toContain('EventSource');
  });

  it('leaves to those above it the environ as it was', async () => {
    const app = toWsgi(
      live({
        kind: 'wsgi',
        app: (_environ, startResponse) => {
          startResponse('200 OK', HEAD);
          return [];
        },
      }),
    );
    let above: Environ | null = null;
    await callApp(
      (environ, startResponse) => {
        above = environ;
        return app(environ, startResponse);
      },
      {
        headers: [
          ['Accept', ACCEPT],
          ['Accept-Encoding', 'gzip'],
        ],
      },
    );
    expect(above).toMatchObject({ HTTP_ACCEPT_ENCODING: 'gzip' });
  });
});

describe('a stream that a browser listens to', () => {
  it('keeps no other request waiting, be there one at a time', async () => {
    const server = new FrontServer(replying('node', {}), { gateway: { maxConcurrency: 1 } });
    try {
      await server.listen();
      for (let count = 0; count < 3; count += 1) {
        const browser = await server.open();
        browser.send('GET /.wsgi-serve/live HTTP/1.1\r\nHost: a\r\n\r\n');
        await browser.until(/data: 7/);
      }
      const answer = await server.askRaw('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      expect(answer).toContain('<p>');
    } finally {
      await server.close();
    }
  });
});
