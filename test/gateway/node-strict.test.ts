import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { App } from '../../src/gateway/app.js';
import { toNode, toWsgi } from '../../src/gateway/bridges.js';
import { eventually } from '../helpers/eventually.js';
import { FrontServer } from '../helpers/front-server.js';
import { KINDS, withHeader } from '../helpers/three-kinds.js';

const servers: FrontServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(
  answer: (res: ServerResponse) => unknown,
  below: (app: App) => App = (app) => app,
): Promise<FrontServer> {
  const server = await new FrontServer(below({ kind: 'node', app: (_req, res) => answer(res) })).listen();
  servers.push(server);
  return server;
}

const TWICE = 'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

const ended: boolean[] = [];

function done(res: ServerResponse): void {
  ended.push(res.writableEnded);
}

type Answer = readonly [what: string, answer: (res: ServerResponse) => unknown];

const REFUSED: readonly Answer[] = [
  ['status 101', (res) => res.writeHead(101)],
  ['status 199', (res) => Object.assign(res, { statusCode: 199 })],
  [
    'a length beside a coding',
    (res) => res.writeHead(200, { 'content-length': '1', 'Transfer-Encoding': 'chunked' }),
  ],
  [
    'a length and a coding that was set',
    (res) => res.setHeader('Transfer-Encoding', 'chunked').writeHead(200, ['Content-Length', '1']),
  ],
  ['two equal lengths that were set', (res) => res.setHeader('Content-Length', ['1', '1'])],
  [
    'two equal lengths in an array',
    (res) => res.writeHead(200, 'OK', ['Content-Length', '1', 'content-length', '1']),
  ],
  ['a length that is no number', (res) => res.setHeader('Content-Length', 'one')],
  ['a length below zero', (res) => res.writeHead(200, { 'Content-Length': -1 })],
  ['a list of lengths', (res) => res.writeHead(200, ['Content-Length', '1, 1'])],
  ['another coding', (res) => res.setHeader('Transfer-Encoding', 'gzip')],
  ['204 with a length', (res) => res.writeHead(204, { 'Content-Length': 1 })],
];

describe('the head of an answer of a node app', () => {
  it.each(REFUSED)('with %s is a 500 instead, and the connection goes on', async (_what, answer) => {
    const server = await serve((res) => {
      answer(res);
      res.end('x');
    });
    const received = await server.ask(TWICE);
    expect(received.map(({ status, body }) => [status, body.trim()])).toEqual([
      [500, 'Internal Server Error'],
      [500, 'Internal Server Error'],
    ]);
    expect(server.errors).toEqual(Array(2).fill(expect.stringMatching(/^writeHead: /)));
  });

  it.each(REFUSED)('with %s ends no process where it comes from an event', async (_what, answer) => {
    const server = await serve((res) => {
      setImmediate(() => {
        answer(res);
        res.write('x');
        res.end();
      });
    });
    expect((await server.ask(TWICE)).map(({ status }) => status)).toEqual([500, 500]);
    expect(server.errors).toHaveLength(2);
  });

  const filters = KINDS.map((kind) => [kind] as const);
  it.each(filters)('that is none is a 500 below a %s filter of heads too', async (kind) => {
    const answers: readonly ((res: ServerResponse) => unknown)[] = [
      (res) => Object.assign(res, { statusMessage: 'OK\r\nX-Evil: 1' }),
      (res) => Object.assign(res, { statusCode: 1000 }),
      (res) => res.setHeader('Content-Length', 'one'),
    ];
    for (const answer of answers) {
      const server = await serve(
        (res) => {
          answer(res);
          res.end('x');
        },
        (app) => withHeader(kind, app),
      );
      const received = await server.askRaw(TWICE);
      expect(received.match(/^HTTP\/1\.1 .*/gm)).toEqual(Array(2).fill('HTTP/1.1 500 Internal Server Error'));
      expect(received).not.toContain('X-Evil');
      expect(server.errors).toHaveLength(2);
    }
  });

  it.each<Answer>([
    ['204 with no length', (res) => res.writeHead(204, { 'Content-Length': 0 })],
    ['304 with the length of what is not sent', (res) => res.writeHead(304, { 'Content-Length': 10 })],
    [
      'a length in place of one that was set',
      (res) => res.setHeader('Content-Length', '9').writeHead(200, { 'content-length': 0 }),
    ],
  ])('with %s is sent', async (_what, answer) => {
    const server = await serve((res) => {
      answer(res);
      res.end();
    });
    expect((await server.askRaw(TWICE)).match(/^HTTP\/1\.1 [23]/gm)).toHaveLength(2);
    expect(server.errors).toEqual([]);
  });

  it.each(['chunked', 'gzip, chunked'])('with the coding %s is sent in chunks', async (coding) => {
    const server = await serve((res) => res.writeHead(200, [['Transfer-Encoding', coding]].flat()).end('x'));
    expect((await server.askRaw(TWICE)).match(/\r\n\r\n1\r\nx\r\n0\r\n\r\n/g)).toHaveLength(2);
    expect(server.errors).toEqual([]);
  });

  it('keeps what middleware above set where the app below gives its headers as a list', async () => {
    const inner = toNode({
      kind: 'wsgi',
      app: (_environ, startResponse) => {
        startResponse('200 OK', [
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
          ['Content-Length', '1'],
        ]);
        return ['x'];
      },
    });
    const app: App = {
      kind: 'node',
      app: (req, res, run) => {
        res.setHeader('X-Above', 'c');
        return inner(req, res, run);
      },
    };
    const server = await new FrontServer(app).listen();
    servers.push(server);
    const received = await server.askRaw(TWICE);
    expect(received.match(/^(?:X-Above: c|Set-Cookie: a=1|Set-Cookie: b=2)$/gm)).toHaveLength(6);
    expect(server.errors).toEqual([]);
  });
});

describe('the body of an answer of a node app whose length was set', () => {
  const texts: readonly Answer[] = [
    ['as UTF-8', (res) => res.setHeader('Content-Length', 6).end('Gr\u00fc\u00df')],
    ['as Latin-1', (res) => res.setHeader('Content-Length', '4').end('Gr\u00fc\u00df', 'latin1')],
    ['in base64', (res) => res.setHeader('Content-Length', 4).end('R3L83w==', 'base64')],
    ['in two parts', (res) => [res.setHeader('Content-Length', 6).write('Gr'), res.end('\u00fc\u00df')]],
    ['as bytes', (res) => res.setHeader('Content-Length', 6).end(Buffer.from('Gr\u00fc\u00df'))],
  ];
  it.each(texts)('goes out whole and once %s', async (_how, answer) => {
    const server = await serve(answer);
    const received = await server.askRaw(TWICE);
    expect(received.match(/\r\n\r\nGr(?:\xfc\xdf|\xc3\xbc\xc3\x9f)(?=HTTP|$)/g)).toHaveLength(2);
    expect(server.errors).toEqual([]);
  });

  it.each(['HEAD', 'GET'])('is left out of an answer that has none to %s', async (method) => {
    const server = await serve((res) => {
      res.statusCode = method === 'HEAD' ? 200 : 304;
      res.setHeader('Content-Length', 4).end('body');
    });
    const received = await server.askRaw(TWICE.replaceAll('GET', method));
    expect(received.match(/^Content-Length: 4\r$/gm)).toHaveLength(2);
    expect(received).not.toContain('body');
    expect(server.errors).toEqual([]);
  });

  it.each<Answer>([
    ['end(text, callback)', (res) => res.end('body', () => done(res))],
    ['end(text, encoding, callback)', (res) => res.end('body', 'utf8', () => done(res))],
    ['end(callback)', (res) => [res.write('body'), res.end(() => done(res))]],
  ])('is told to be sent by %s', async (_how, answer) => {
    ended.length = 0;
    const server = await serve((res) => answer(res.setHeader('Content-Length', 4)));
    expect((await server.ask(TWICE)).map(({ body }) => body)).toEqual(['body', 'body']);
    expect(ended).toEqual([true, true]);
  });

  it.each<Answer>([
    ['longer', (res) => res.end('bodies')],
    ['shorter', (res) => res.end('bod')],
    ['longer in two parts', (res) => [res.write('bo'), res.end('dies')]],
    ['shorter in two parts', (res) => [res.write('b'), res.end('od')]],
  ])('closes the connection, or is a 500, where it is %s', async (_how, answer) => {
    const server = await serve((res) => answer(res.setHeader('Content-Length', 4)));
    const received = await server.askRaw(TWICE);
    expect(received).not.toMatch(/bodies|bod$/);
    expect(server.errors[0]).toContain('does not match the content-length');
  });

  it('is compared with the length that a filter above makes of it', async () => {
    const shortened = (app: App): App => {
      const inner = toWsgi(app);
      return {
        kind: 'wsgi',
        app: (environ, startResponse) =>
          inner(environ, (status, _headers, error) =>
            startResponse(status, [['Content-Length', '3']], error),
          ),
      };
    };
    const server = await serve((res) => res.setHeader('Content-Length', 4).end('body'), shortened);
    expect(await server.askRaw(TWICE)).not.toContain('body');
    expect(server.errors[0]).toContain('does not match the content-length');
  });
});

describe('what a node app writes behind the end', () => {
  it.each<Answer>([
    ['by write', (res) => res.write('more')],
    ['by end', (res) => res.end('more')],
  ])('%s is told once and not sent', async (_how, late) => {
    const server = await serve((res) => {
      res.setHeader('Content-Length', 4).end('body');
      late(res);
      late(res);
    });
    expect((await server.ask(TWICE)).map(({ body }) => body)).toEqual(['body', 'body']);
    expect(server.errors).toEqual(['write after end', 'write after end']);
  });
});

describe('what a node app says ahead', () => {
  it.each<[string, Record<string, string | string[]>]>([
    ['value', { 'X-Hint': 'b\r\nX-Evil: 1' }],
    ['list of values', { 'X-Hint': ['a', 'b\r\nX-Evil: 1'] }],
    ['name', { 'X-Hint: b\r\nX-Evil': '1' }],
  ])('is refused with a line end in a %s', async (_where, hints) => {
    const server = await serve((res) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload', ...hints });
      res.end('x');
    });
    const received = await server.askRaw(TWICE);
    expect(received).not.toContain('X-Evil');
    expect(received.match(/^HTTP\/1\.1 500 /gm)).toHaveLength(2);
  });

  it('is sent otherwise', async () => {
    const server = await serve((res) => {
      res.writeEarlyHints({ link: ['</a.css>; rel=preload', '</b.css>; rel=preload'], 'x-a': 'b' });
      res.end('x');
    });
    expect((await server.ask(TWICE)).map(({ status }) => status)).toEqual([103, 200, 103, 200]);
  });
});

describe('an answer to a client that is gone', () => {
  it('is no failure of the app, whatever its length', async () => {
    let hasAnswered = false;
    const server = await serve((res) => {
      res.req
        .on('error', () => undefined)
        .once('close', () => {
          res.setHeader('Content-Length', 4).end('three');
          hasAnswered = true;
        });
    });
    const client = await server.open();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
    await eventually(() => server.sockets.length === 1);
    client.socket.destroy();
    await eventually(() => hasAnswered);
    expect(server.errors).toEqual([]);
  });
});
