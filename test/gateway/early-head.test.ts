import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import type { App } from '../../src/gateway/app.js';
import { toWsgi } from '../../src/gateway/bridges.js';
import { runFetch } from '../../src/gateway/fetch-run.js';
import { callApp } from '../../src/gateway/in-process.js';
import { lint } from '../../src/gateway/lint.js';
import type { WsgiBody } from '../../src/gateway/wsgi-types.js';
import { Conversation } from '../helpers/raw-http.js';
import {
  KINDS,
  type Kind,
  type KindServer,
  passing,
  serveKind,
  shouting,
  withHeader,
} from '../helpers/three-kinds.js';

/** Events that a test sends to an app while its answer is under way. */
class Source extends EventEmitter {
  send(text: string): void {
    this.emit('event', text);
  }
}

/** Sends its head at once, and each event as it comes. */
function byNode(source: Source): App {
  return {
    kind: 'node',
    app: (_req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      res.flushHeaders();
      source.on('event', (text: string) => (text === '' ? res.end() : res.write(text)));
    },
  };
}

/** The same with a stream, which says nothing before its first chunk. */
function byFetch(source: Source): App {
  const answer = (): Response => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        source.on('event', (text: string) =>
          text === '' ? controller.close() : controller.enqueue(Buffer.from(text)),
        );
      },
    });
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
  };
  return { kind: 'fetch', run: runFetch, app: answer };
}

function linted(app: App): App {
  return { kind: 'wsgi', app: lint(toWsgi(app)) };
}

const WAYS: readonly [string, (app: App) => App][] = [
  ['alone', (app) => app],
  ...KINDS.flatMap((kind: Kind): [string, (app: App) => App][] => [
    [`below a ${kind} filter`, (app) => passing(kind, app)],
    [`below a ${kind} filter of heads`, (app) => withHeader(kind, app)],
    [`below a ${kind} filter of bodies`, (app) => shouting(kind, app)],
    [
      `below a ${kind} filter between two that read bodies`,
      (app) => shouting('wsgi', passing(kind, shouting('wsgi', app))),
    ],
  ]),
  ['below lint', linted],
];

async function talk(server: KindServer): Promise<Conversation> {
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  const client = new Conversation(socket);
  client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  return client;
}

describe.each([
  ['flushHeaders() of a node app', byNode],
  ['a stream of a fetch app', byFetch],
] as const)('%s', (_what, appOf) => {
  it.each(WAYS)(
    'sends the head before there is a chunk, and each chunk as it comes: %s',
    async (_how, over) => {
      const source = new Source();
      await using server = await serveKind(over(appOf(source)));
      const client = await talk(server);
      expect(await client.until(/\r\n\r\n/)).toMatch(
        /^HTTP\/1.1 200 OK\r\n(?:.*\r\n)*content-type: text\/event-stream\r\n/i,
      );
      for (const event of ['one', 'two', 'three']) {
        source.send(`data: ${event}\n\n`);
        await client.until(new RegExp(`data: ${event}\n\n`, 'i'));
      }
      source.send('');
      expect(await client.toEnd()).toMatch(/\r\n0\r\n\r\n$/);
      expect(server.errors).toEqual([]);
    },
  );
});

describe('a head that is sent ahead', () => {
  it('waits for a filter that has not said its own yet', async () => {
    const source = new Source();
    const inner = toWsgi(byNode(source));
    const waiting: App = {
      kind: 'wsgi',
      app: async (environ, startResponse) => {
        const body = await inner(environ, () => async () => undefined);
        const [first] = await Promise.all([firstOf(body), Promise.resolve().then(() => source.send('data'))]);
        startResponse('200 OK', [['X-First', String(first)]]);
        return ['done'];
      },
    };
    await using server = await serveKind(waiting);
    expect(await server.get()).toMatchObject({ text: 'done', headers: { 'x-first': 'data' }, whole: true });
  });

  it('is followed by whatever a filter makes of the body', async () => {
    for (const whole of [(text: string) => text, (text: string) => [text], (text: string) => [text, '!']]) {
      const source = new Source();
      const inner = toWsgi(byNode(source));
      const gathering: App = {
        kind: 'wsgi',
        app: async (environ, startResponse) => {
          const body = await inner(environ, startResponse);
          let text = '';
          for await (const chunk of typeof body === 'string' ? [body] : body) text += String(chunk);
          return whole(text);
        },
      };
      await using server = await serveKind(gathering);
      const client = await talk(server);
      await client.until(/\r\n\r\n/);
      source.send('data');
      source.send('');
      // From Node 26 on what is written in one tick is one chunk.
      expect(await client.toEnd()).toMatch(
        /\r\n\r\n(?:4\r\ndata\r\n(?:1\r\n!\r\n)?|5\r\ndata!\r\n)0\r\n\r\n$/,
      );
      expect(server.errors).toEqual([]);
    }
  });

  it('is nothing that a body in memory shows', async () => {
    const source = new Source();
    const answer = callApp(toWsgi(shouting('wsgi', byNode(source))));
    while (source.listenerCount('event') === 0) await new Promise((next) => setImmediate(next));
    source.send('data');
    source.send('');
    expect((await answer).chunks.map(String)).toEqual(['DATA']);
  });
});

async function firstOf(body: WsgiBody): Promise<unknown> {
  if (typeof body === 'string') return body;
  for await (const chunk of body) return chunk;
  return null;
}
