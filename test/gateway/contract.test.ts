import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import type { App } from '../../src/gateway/app.js';
import { toWsgi } from '../../src/gateway/bridges.js';
import { urlmap } from '../../src/paste/urlmap.js';
import { eventually } from '../helpers/eventually.js';
import {
  appOf,
  type Behaviour,
  KINDS,
  type Kind,
  passing,
  type Reply,
  serveKind,
  shouting,
  withHeader,
} from '../helpers/three-kinds.js';

/** Every app alone, below each filter that passes it on, and below each filter that reads its body. */
const WAYS: readonly [string, (behave: Behaviour) => App][] = KINDS.flatMap((kind) => [
  [`a ${kind} app`, (behave: Behaviour) => appOf(kind, behave)] as [string, (behave: Behaviour) => App],
  ...KINDS.flatMap((filter): [string, (behave: Behaviour) => App][] => [
    [`a ${kind} app below a ${filter} filter`, (behave) => passing(filter, appOf(kind, behave))],
    [`a ${kind} app below a ${filter} filter of heads`, (behave) => withHeader(filter, appOf(kind, behave))],
    [`a ${kind} app below a ${filter} filter of bodies`, (behave) => shouting(filter, appOf(kind, behave))],
  ]),
]);

const text = (...chunks: string[]): Reply => ({
  status: 200,
  headers: [['Content-Type', 'text/plain']],
  chunks,
});

/** Whatever the filters make of the text. */
const lower = (value: string): string => value.toLowerCase();

describe.each(WAYS)('%s', (_name, app) => {
  it('answers with its status, its headers and its body', async () => {
    await using server = await serveKind(
      app(() => ({
        status: 201,
        headers: [
          ['X-App', 'yes'],
          ['Content-Length', '5'],
        ],
        chunks: ['hello'],
      })),
    );
    const got = await server.get();
    expect(got).toMatchObject({ status: 201, whole: true, headers: { 'x-app': 'yes' } });
    expect(lower(got.text)).toBe('hello');
    expect(server.errors).toEqual([]);
  });

  it('sees method, target, headers and body', async () => {
    await using server = await serveKind(
      app(async ({ method, url, header, body }) => {
        let size = 0;
        for await (const chunk of body()) size += chunk.length;
        return text([method, url, header('x-one'), header('content-type'), size].join(' '));
      }),
    );
    const headers = { 'X-One': '1', 'Content-Type': 'text/x' };
    const got = await server.get('/a%20b?c=%20d', { method: 'PUT', headers, body: Buffer.alloc(3_000_000) });
    expect(lower(got.text)).toBe('put /a%20b?c=%20d 1 text/x 3000000');
  });

  it('keeps cookies apart', async () => {
    await using server = await serveKind(
      app(() => ({
        status: 200,
        headers: [
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
        ],
        chunks: ['x'],
      })),
    );
    expect((await server.get()).headers['set-cookie']).toEqual(['a=1', 'b=2']);
  });

  it.each([204, 304])('sends no body with %d', async (status) => {
    await using server = await serveKind(app(() => ({ status, headers: [['X-App', 'yes']], chunks: [] })));
    const got = await server.get();
    expect(got).toMatchObject({ status, text: '', whole: true, headers: { 'x-app': 'yes' } });
    expect(got.headers['transfer-encoding']).toBeUndefined();
  });

  it('answers HEAD without a body', async () => {
    await using server = await serveKind(app(({ method }) => text(method)));
    expect(await server.get('/', { method: 'HEAD' })).toMatchObject({ status: 200, text: '', whole: true });
    expect(server.errors).toEqual([]);
  });

  it('sends each chunk as soon as there is one', async () => {
    let go = (): void => undefined;
    const seen = new Promise<void>((resolve) => {
      go = resolve;
    });
    await using server = await serveKind(
      app(() => ({
        ...text(),
        chunks: (async function* () {
          yield 'first';
          await seen;
          yield 'second';
        })(),
      })),
    );
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    let received = '';
    socket.on('data', (data) => {
      received += lower(String(data));
      if (received.includes('first')) go();
    });
    await once(socket, 'close');
    expect(received).toContain('second');
  });

  it('answers while the request is still being sent', async () => {
    await using server = await serveKind(app(({ body }) => ({ ...text(), chunks: body() })));
    const socket = connect(server.port, '127.0.0.1');
    let received = '';
    socket.on('data', (data) => {
      received += lower(String(data));
    });
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (const piece of ['first', 'other', 'third']) {
      socket.write(`6\r\n${piece}\n\r\n`);
      await eventually(() => received.includes(piece));
    }
    socket.write('0\r\n\r\n');
    await once(socket, 'close');
    expect(received).toMatch(/third\n\r\n0\r\n\r\n$/);
  });

  it('answers 500 when it fails before its head', async () => {
    await using server = await serveKind(
      app(() => {
        throw new Error('out of order');
      }),
    );
    const got = await server.get();
    expect(got.status).toBe(500);
    expect(got.text).not.toContain('out of order');
    expect(server.errors.map(({ message }) => message)).toEqual(['out of order']);
  });

  it('breaks the answer off when it fails behind its head', async () => {
    await using server = await serveKind(
      app(() => ({
        ...text(),
        chunks: (async function* () {
          yield 'begun';
          await new Promise((next) => setImmediate(next));
          throw new Error('out of order');
        })(),
      })),
    );
    const got = await server.get().catch(() => null);
    expect(got?.whole ?? false).toBe(false);
    expect(server.errors.map(({ message }) => message)).toContain('out of order');
  });

  it('is told when the client goes away', async () => {
    let ended = false;
    await using server = await serveKind(
      app(() => ({
        ...text(),
        chunks: (async function* () {
          try {
            for (;;) {
              yield 'tick';
              await new Promise((next) => setTimeout(next, 2));
            }
          } finally {
            ended = true;
          }
        })(),
      })),
    );
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'data');
    socket.destroy();
    await eventually(() => ended);
  });

  it('waits for a client that does not read', async () => {
    let made = 0;
    const chunk = 'x'.repeat(1024 * 1024);
    await using server = await serveKind(
      app(() => ({
        ...text(),
        chunks: (async function* () {
          for (made = 0; made < 64; made += 1) yield chunk;
        })(),
      })),
    );
    const socket = connect(server.port, '127.0.0.1');
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await eventually(() => made > 0);
    let before = -1;
    // It stands still once everything in between is full.
    await eventually(async () => {
      before = made;
      await new Promise((next) => setTimeout(next, 100));
      return made === before;
    });
    expect(made).toBeLessThan(40);
    let size = 0;
    socket.on('data', (data) => {
      size += data.length;
    });
    socket.resume();
    await once(socket, 'close');
    expect(size).toBeGreaterThan(64 * chunk.length);
  });

  it('stands below a mount', async () => {
    const below: Behaviour = ({ url, mount }) => text(`${mount} ${url}`);
    const site: App = { kind: 'wsgi', app: urlmap({ '/caf\u00e9': toWsgi(app(below)) }) };
    await using server = await serveKind(site);
    expect(lower((await server.get('/caf%C3%A9/a%20b?q')).text)).toBe(
      lower(Buffer.from('/caf\u00e9 /a%20b?q').toString()),
    );
    expect(lower((await server.get('/caf%c3%a9')).text)).toBe('/caf\u00e9 /');
  });
});

describe('a node app that pipes its request', () => {
  const echo: App = { kind: 'node', app: (req, res) => req.pipe(res) };
  const body = 'x'.repeat(3_000_000);

  it.each(KINDS)('gets all of it below a %s filter', async (kind) => {
    for (const filter of [passing, withHeader, shouting]) {
      await using server = await serveKind(filter(kind, echo));
      expect(lower((await server.get('/', { method: 'POST', body })).text)).toBe(body);
    }
  });
});

describe('what a WSGI filter changes', () => {
  it.each(KINDS)('is seen by a %s app below', async (kind: Kind) => {
    const app = appOf(kind, async ({ method, url, header, body }) => {
      let read = '';
      for await (const chunk of body()) read += Buffer.from(chunk).toString();
      return text([method, url, header('x-new'), header('x-old'), header('x-gone'), read].join(' '));
    });
    const inner = toWsgi(app);
    const filter: App = {
      kind: 'wsgi',
      app: (environ, startResponse) => {
        environ.REQUEST_METHOD = 'PUT';
        environ.PATH_INFO = '/other \u00e9';
        environ.QUERY_STRING = 'a=b';
        environ['HTTP_X_NEW'] = 'new';
        environ['HTTP_X_OLD'] = 'changed';
        delete environ['HTTP_X_GONE'];
        const whole = environ['wsgi.input'];
        environ['wsgi.input'] = {
          read: async (size) => Buffer.from((await whole.read(size)).toString().toUpperCase()),
          readline: (size) => whole.readline(size),
          readlines: (hint) => whole.readlines(hint),
          async *[Symbol.asyncIterator]() {
            yield await this.read();
          },
        };
        return inner(environ, startResponse);
      },
    };
    await using server = await serveKind(filter);
    const headers = { 'X-Old': 'old', 'X-Gone': 'gone' };
    const got = await server.get('/path', { method: 'POST', headers, body: 'sent' });
    expect(got.text).toBe('PUT /other%20%C3%A9?a=b new changed  SENT');
  });
});
