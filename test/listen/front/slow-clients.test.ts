import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { App } from '../../../src/gateway/app.js';
import type { NodeFunction } from '../../../src/gateway/node-types.js';
import type { WsgiApp } from '../../../src/gateway/wsgi-types.js';
import { type ParsedAnswer, parseAnswers } from '../../helpers/answers.js';
import { eventually } from '../../helpers/eventually.js';
import { FrontServer, type FrontSettings } from '../../helpers/front-server.js';
import type { Conversation } from '../../helpers/raw-http.js';

const servers: FrontServer[] = [];

async function serve(app: App, limits: FrontSettings['limits'] = {}): Promise<FrontServer> {
  const server = await new FrontServer(app, { limits }).listen();
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Reads the body, and answers with what a test wants to know of it. */
const reading: App = {
  kind: 'wsgi',
  app: async (environ, startResponse) => {
    const body = await environ['wsgi.input'].read();
    startResponse('200 OK', []);
    return [`${environ.PATH_INFO} ${body.length} ${environ['HTTP_LAST'] ?? ''}`];
  },
};

function node(app: NodeFunction): App {
  return { kind: 'node', app };
}

const GET = 'GET /1 HTTP/1.1\r\nHost: a\r\n\r\n';
const CLOSE = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n';

function statuses(answers: readonly ParsedAnswer[]): readonly number[] {
  return answers.map(({ status }) => status);
}

/** Sends `text` in pieces, now and then one, until the server has closed the connection. */
async function trickle(client: Conversation, pieces: Iterable<string>, every: number): Promise<string> {
  for (const piece of pieces) {
    if (!client.socket.writable) break;
    client.send(piece);
    await pause(every);
  }
  return client.toEnd();
}

function* forEver(piece: string): Generator<string> {
  for (;;) yield piece;
}

describe('a head', () => {
  it.each(['1.1', '1.0'])(
    'that comes byte by byte ends with 408 in HTTP/%s, however steadily',
    async (version) => {
      const server = await serve(reading, { headersTimeout: 300, requestTimeout: 300 });
      const client = await server.open();
      client.send(`GET / HTTP/${version}\r\nX: `);
      const answers = parseAnswers(await trickle(client, forEver('x'), 20));
      expect(statuses(answers)).toEqual([408]);
      expect(answers[0]?.headers.get('connection')).toBe('close');
    },
  );

  it.each([
    ['a request line', `GET /${'x'.repeat(17 * 1024)}`],
    ['one field', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(17 * 1024)}`],
  ])('that is %s without end is 431 as soon as it is too large', async (_what, text) => {
    const server = await serve(reading);
    expect(statuses(await server.ask(text))).toEqual([431]);
  });

  it('without end is not read on: what comes behind the refusal is thrown away, and only for a moment', async () => {
    const server = await serve(reading);
    const client = await server.open();
    client.send('GET / HTTP/1.1\r\nHost: a\r\nX: ');
    await trickle(client, forEver('x'.repeat(1000)), 1);
    expect(statuses(parseAnswers(client.received))).toEqual([431]);
    await eventually(() => server.sockets[0]?.destroyed === true);
  });

  it('may be as large as the limit, and no larger', async () => {
    const maxHeaderSize = 1000;
    const server = await serve(reading, { maxHeaderSize });
    const headOf = (size: number): string => {
      const frame = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: \r\n\r\n';
      return frame.replace('X: ', `X: ${'x'.repeat(size - frame.length)}`);
    };
    const sizes = [maxHeaderSize - 1, maxHeaderSize, maxHeaderSize + 100];
    const asked = await Promise.all(sizes.map((size) => server.ask(headOf(size))));
    expect(asked.flatMap(statuses)).toEqual([200, 200, 431]);
  });

  it('may have as many fields as the limit, of which the app sees the last one too', async () => {
    const server = await serve(reading, { maxHeaders: 20 });
    const request = `GET / HTTP/1.1\r\nHost: a\r\n${'X: 1\r\n'.repeat(17)}Connection: close\r\nLast: here\r\n\r\n`;
    expect((await server.ask(request)).map(({ body }) => body)).toEqual(['/ 0 here']);
    expect(statuses(await server.ask(request.replace('Last', 'X: 1\r\nLast')))).toEqual([431]);
  });
});

describe('a body', () => {
  /** An app that says how its reading ended, and that it let go of what it held. */
  function noting(): { readonly app: App; readonly noted: string[] } {
    const noted: string[] = [];
    const app: WsgiApp = async (environ, startResponse) => {
      try {
        await environ['wsgi.input'].read();
        noted.push('read');
      } catch {
        noted.push('failed');
      } finally {
        noted.push('let go');
      }
      startResponse('200 OK', []);
      return [];
    };
    return { app: { kind: 'wsgi', app }, noted };
  }

  it('that stops half-way ends with 408, and the reading of the app with it', async () => {
    const { app, noted } = noting();
    const server = await serve(app, { bodyTimeout: 50, bodyMinRate: 0 });
    const answers = await server.ask(`${POST}begun`);
    expect(statuses(answers)).toEqual([408]);
    expect(answers[0]?.headers.get('connection')).toBe('close');
    await eventually(() => noted.length === 2);
    expect(noted).toEqual(['failed', 'let go']);
  });

  it('that comes more slowly than the least rate ends with 408, however steadily', async () => {
    const { app, noted } = noting();
    const server = await serve(app, { bodyTimeout: 0, bodyMinRate: 1000, bodyGrace: 100 });
    const client = await server.open();
    client.send(POST);
    expect(statuses(parseAnswers(await trickle(client, forEver('x'), 10)))).toEqual([408]);
    await eventually(() => noted.length === 2);
    expect(noted).toEqual(['failed', 'let go']);
  });

  it('in chunks without end is 413 when it passes the limit, and the reading of the app fails', async () => {
    const { app, noted } = noting();
    const server = await serve(app, { maxBodySize: 10_000 });
    const client = await server.open();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    const received = await trickle(client, forEver(`3e8\r\n${'x'.repeat(1000)}\r\n`), 1);
    expect(statuses(parseAnswers(received))).toEqual([413]);
    await eventually(() => noted.length === 2);
    expect(noted).toEqual(['failed', 'let go']);
  });
});

describe('an answer', () => {
  it('that the client does not read is cut when nothing moved for send_timeout', async () => {
    const server = await serve(
      node((_req, res) => res.end(Buffer.alloc(20_000_000))),
      { sendTimeout: 200 },
    );
    const client = await server.open({ readsNothing: true });
    client.send(GET);
    await eventually(() => server.sockets[0]?.destroyed === true);
  });

  it('that the client does not read is cut then too where empty lines come in', async () => {
    const server = await serve(
      node((_req, res) => res.end(Buffer.alloc(20_000_000))),
      { sendTimeout: 200 },
    );
    const client = await server.open({ readsNothing: true });
    client.send(GET);
    const dripping = setInterval(() => client.send('\r\n'), 20);
    await eventually(() => server.sockets[0]?.destroyed === true);
    clearInterval(dripping);
  });

  it('that the client reads slowly and steadily arrives whole, though it was written at once', async () => {
    // Takes a few times as long as nothing may move: a busy machine stands still for a while.
    const size = 30_000_000;
    const server = await serve(
      node((_req, res) => res.end(Buffer.alloc(size))),
      { sendTimeout: 1000 },
    );
    const client = await server.open({ readsNothing: true });
    client.send(CLOSE);
    client.socket.on('data', () => client.socket.pause());
    while (!client.socket.closed) {
      client.socket.resume();
      await pause(5);
    }
    expect([client.error, client.received.length > size]).toEqual([null, true]);
  });

  it('that never comes is cut at send_timeout too', async () => {
    const server = await serve(
      node(() => undefined),
      { sendTimeout: 100, keepAliveTimeout: 0 },
    );
    expect(await server.askRaw(GET)).toBe('');
  });

  it('that never comes is waited for where the limit is 0', async () => {
    const answers: (() => void)[] = [];
    const server = await serve(
      node((_req, res) => answers.push(() => res.end('late'))),
      { sendTimeout: 0, keepAliveTimeout: 50 },
    );
    const client = await server.open();
    client.send(CLOSE);
    await pause(150);
    for (const answer of answers) answer();
    expect(parseAnswers(await client.toEnd()).map(({ body }) => body)).toEqual(['late']);
  });
});

describe('a connection at rest', () => {
  it('is closed in time too where empty lines come in', async () => {
    const server = await serve(reading, { keepAliveTimeout: 100, headersTimeout: 100, sendTimeout: 0 });
    const client = await server.open();
    client.send(GET);
    await client.until(/1 0 /);
    expect(statuses(parseAnswers(await trickle(client, forEver('\r\n'), 5)))).toEqual([200]);
  });

  it('is closed at keepalive_timeout, without another byte', async () => {
    const server = await serve(reading, { keepAliveTimeout: 50 });
    const client = await server.open();
    client.send(GET);
    const answers = parseAnswers(await client.toEnd());
    expect(statuses(answers)).toEqual([200]);
    expect([client.error, client.received.endsWith('/1 0 ')]).toEqual([null, true]);
  });

  it('that is used again at that very moment gets a whole answer or none', async () => {
    const server = await serve(reading, { keepAliveTimeout: 60 });
    const received = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const client = await server.open();
        client.send(GET);
        await client.until(/\/1 0 $/);
        await pause(50 + index / 2);
        client.send(GET);
        return client.toEnd();
      }),
    );
    for (const text of received) {
      const answers = parseAnswers(text);
      expect(new Set(statuses(answers))).toEqual(new Set([200]));
      expect(text.split('HTTP/1.1').length - 1).toBe(answers.length);
    }
  });
});

describe('many slow clients', () => {
  it.each([
    ['that rest', GET],
    ['in the middle of their heads', 'GET / HTTP/1.1\r\nHos'],
    ['in the middle of their bodies', `${POST}begun`],
  ])('%s keep nobody else from an answer', async (_where, text) => {
    const server = await serve(reading);
    const clients = await Promise.all(Array.from({ length: 300 }, () => server.open()));
    for (const client of clients) client.send(text);
    await eventually(
      () => server.sockets.filter((socket) => socket.bytesRead === text.length).length === 300,
    );
    expect(statuses(await server.ask(CLOSE))).toEqual([200]);
  });

  it('that come and go leave nothing behind', async () => {
    const server = await serve(reading);
    for (let round = 0; round < 10; round += 1) {
      const clients = await Promise.all(Array.from({ length: 50 }, () => server.open()));
      for (const { socket } of clients) socket.destroy();
    }
    await eventually(
      () => server.sockets.length === 500 && server.sockets.every(({ destroyed }) => destroyed),
    );
    const count = await new Promise((done) => server.server.getConnections((_error, left) => done(left)));
    expect(count).toBe(0);
  });
});

describe('a client that resets its connection', () => {
  it('in the middle of an answer ends the app that streams it, and nothing else', async () => {
    const ended: string[] = [];
    const server = await serve({
      kind: 'wsgi',
      app: (environ, startResponse) => {
        startResponse('200 OK', []);
        if (environ.PATH_INFO === '/last') return ['fine'];
        return (async function* () {
          try {
            for (;;) yield Buffer.alloc(100_000);
          } finally {
            ended.push('ended');
          }
        })();
      },
    });
    const client = await server.open();
    client.send(GET);
    await client.until(/HTTP/);
    client.socket.resetAndDestroy();
    await eventually(() => ended.length === 1);
    expect(statuses(await server.ask(CLOSE))).toEqual([200]);
    expect(server.errors).toEqual([]);
  });
});
