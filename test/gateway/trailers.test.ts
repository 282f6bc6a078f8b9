import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import type { App } from '../../src/gateway/app.js';
import { toWsgi } from '../../src/gateway/bridges.js';
import { callApp } from '../../src/gateway/in-process.js';
import { appOf, KINDS, passing, serveKind, shouting, withHeader } from '../helpers/three-kinds.js';

/** Announces its trailers and sends them behind chunks. */
const streaming: App = {
  kind: 'node',
  app: (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/plain', Trailer: 'X-Sum' });
    res.write('some ');
    res.write('text');
    res.addTrailers({ 'X-Sum': '42', 'X-More': ['a', 'b'] });
    res.end();
  },
};

/** Gives its body at once. */
const whole: App = {
  kind: 'node',
  app: (_req, res) => {
    res.setHeader('Trailer', 'X-Sum');
    res.addTrailers([['X-Sum', '42']]);
    res.end('some text');
  },
};

interface Got {
  readonly text: string;
  readonly trailers: NodeJS.Dict<string>;
  readonly length: string | undefined;
}

function ask(port: number): Promise<Got> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', agent: false }, (res) => {
      let text = '';
      res.on('data', (chunk) => {
        text += String(chunk);
      });
      res.on('end', () =>
        resolve({ text: text.toLowerCase(), trailers: res.trailers, length: res.headers['content-length'] }),
      );
      res.on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}

describe('trailers of a node app', () => {
  it('come as node:http sends them, to compare', async () => {
    for (const app of [streaming, whole]) {
      const server = createServer((req, res) => Reflect.apply(app.app, undefined, [req, res])).listen(
        0,
        '127.0.0.1',
      );
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      expect(await ask(port)).toMatchObject({ text: 'some text', trailers: { 'x-sum': '42' } });
      server.close();
    }
  });

  it.each(KINDS)('come to the client below a %s filter of any sort', async (kind) => {
    for (const filter of [passing, withHeader, shouting]) {
      for (const app of [streaming, whole]) {
        await using server = await serveKind(filter(kind, app));
        const { text, trailers } = await ask(server.port);
        expect([text, trailers['x-sum']]).toEqual(['some text', '42']);
        expect(server.errors).toEqual([]);
      }
    }
  });

  it.each(KINDS)('come below several filters that read the body, the inner one a %s filter', async (kind) => {
    for (const middle of KINDS) {
      await using server = await serveKind(shouting('wsgi', passing(middle, shouting(kind, streaming))));
      expect(await ask(server.port)).toMatchObject({
        text: 'some text',
        trailers: { 'x-sum': '42', 'x-more': 'a, b' },
      });
    }
  });

  it('are left out where the body is framed by its length', async () => {
    const inner = toWsgi(streaming);
    const sized: App = {
      kind: 'wsgi',
      app: async (environ, startResponse) => {
        const body = await inner(environ, (status, headers) =>
          startResponse(status, [...headers, ['Content-Length', '9']]),
        );
        return (async function* () {
          yield* typeof body === 'string' ? [body] : body;
        })();
      },
    };
    await using server = await serveKind(sized);
    expect(await ask(server.port)).toMatchObject({ text: 'some text', trailers: {}, length: '9' });
    expect(server.errors).toEqual([]);
  });

  it('are left out of HTTP/1.0', async () => {
    await using server = await serveKind(shouting('wsgi', streaming));
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET / HTTP/1.0\r\n\r\n');
    let received = '';
    socket.on('data', (data) => {
      received += String(data);
    });
    await once(socket, 'close');
    expect(received).toMatch(/\r\n\r\nSOME TEXT$/);
  });

  it('are left out by engines that send none', async () => {
    const answer = await callApp(toWsgi(shouting('wsgi', streaming)));
    expect(answer).toMatchObject({ text: 'SOME TEXT', errors: [] });
  });

  it('are refused where they are none, as in node:http', async () => {
    const bad: App = {
      kind: 'node',
      app: (_req, res) => {
        res.addTrailers({ 'X Y': '1' });
        res.end();
      },
    };
    await using server = await serveKind(shouting('wsgi', bad));
    expect(await server.get()).toMatchObject({ status: 500 });
  });

  it('do not come where a filter gives its body up for another', async () => {
    const inner = toWsgi(streaming);
    const replacing: App = {
      kind: 'wsgi',
      app: async (environ, startResponse) => {
        const body = await inner(environ, () => async () => undefined);
        if (typeof body !== 'string') for await (const _chunk of body) break;
        startResponse('200 OK', [['Content-Type', 'text/plain']]);
        return (async function* () {
          yield 'another';
        })();
      },
    };
    await using server = await serveKind(replacing);
    expect(await ask(server.port)).toMatchObject({ text: 'another', trailers: {} });
  });
});

describe('a body without trailers', () => {
  it.each(KINDS)('of a %s app keeps its length through filters that read it', async (kind) => {
    const app = appOf(kind, () => ({ status: 200, headers: [['Content-Length', '2']], chunks: ['ok'] }));
    await using server = await serveKind(passing('wsgi', app));
    expect(await ask(server.port)).toMatchObject({ text: 'ok', trailers: {}, length: '2' });
  });
});
