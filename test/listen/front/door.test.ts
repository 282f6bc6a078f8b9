import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { GatedServerOptions } from '../../../src/listen/front/gated-server.js';
import { hostFilter } from '../../../src/listen/front/host.js';
import { type ParsedAnswer, parseAnswers } from '../../helpers/answers.js';
import { CaseServer } from '../../helpers/case-server.js';
import { eventually } from '../../helpers/eventually.js';
import type { Conversation } from '../../helpers/raw-http.js';

const GET = 'GET /1 HTTP/1.1\r\nHost: a\r\n\r\n';
const CLOSE = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

const servers: CaseServer[] = [];

async function serve(options: Partial<GatedServerOptions> = {}): Promise<CaseServer> {
  const server = await new CaseServer(options).listen();
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** What the server answers to `text` until it closes the connection. */
async function ask(server: CaseServer, text: string): Promise<readonly ParsedAnswer[]> {
  return parseAnswers(await server.ask(text));
}

function statuses(answers: readonly ParsedAnswer[]): readonly number[] {
  return answers.map(({ status }) => status);
}

/** Waits until `count` answers are there. */
async function answersOf(conversation: Conversation, count: number): Promise<readonly ParsedAnswer[]> {
  await eventually(() => parseAnswers(conversation.received).length >= count || conversation.socket.closed);
  return parseAnswers(conversation.received);
}

/** The server's ends of the connections that are made from here on. */
function socketsOf({ server }: CaseServer): readonly Socket[] {
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => sockets.push(socket));
  return sockets;
}

describe('what an app is handed', () => {
  it('has lost the fields with an underscore in every form of its headers', async () => {
    const seen: IncomingMessage[] = [];
    const server = await serve({
      handler: (req, res) => {
        seen.push(req);
        res.end();
      },
    });
    const fields =
      'X_Forwarded_For: 1.2.3.4\r\nX-Forwarded-For: 5.6.7.8\r\n__proto__: x\r\nConnection: close\r\n';
    await ask(server, `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
    const [req] = seen;
    expect(req?.rawHeaders).toEqual(['Host', 'a', 'X-Forwarded-For', '5.6.7.8', 'Connection', 'close']);
    expect(Object.keys(req?.headers ?? {})).toEqual(['host', 'x-forwarded-for', 'connection']);
    expect(Object.keys(req?.headersDistinct ?? {})).toEqual(['host', 'x-forwarded-for', 'connection']);
  });

  it('keeps its Host whatever the trailers say', async () => {
    const hosts: unknown[] = [];
    const server = await serve({
      handler: (req, res) => {
        req.resume().on('end', () => {
          hosts.push(req.headers.host, req.trailers['host']);
          res.end();
        });
      },
    });
    const body = '5\r\nhello\r\n0\r\nHost: evil\r\n\r\n';
    await ask(
      server,
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${body}`,
    );
    expect(hosts).toEqual(['a', 'evil']);
  });

  it('has its target in origin form', async () => {
    const server = await serve({
      handler: (req, res, head) => res.end(`${req.url} ${head.target} ${head.host}`),
    });
    const [answer] = await ask(
      server,
      'GET http://A:80/x?y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );
    expect(answer?.body).toBe('/x?y /x?y a');
  });
});

describe('what no app is handed', () => {
  it.each([
    ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n', 405],
    ['CONNECT with a body', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nContent-Length: 3\r\n\r\nabc', 405],
    ['TRACE', 'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n', 405],
    ['HTTP/0.9', 'GET / HTTP/0.9\r\n\r\n', 505],
    ['an unknown expectation', 'POST / HTTP/1.1\r\nHost: a\r\nExpect: x\r\nContent-Length: 1\r\n\r\nx', 417],
    [
      'a request to upgrade without a host',
      'GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
      400,
    ],
  ])('%s is refused, and the connection with it', async (_what, text, status) => {
    const server = await serve();
    const conversation = await server.open();
    const { localPort = 0 } = conversation.socket;
    conversation.send(text + GET);
    const answers = parseAnswers(await conversation.toEnd());
    expect(statuses(answers)).toEqual([status]);
    expect(answers[0]?.headers.get('connection')).toBe('close');
    expect(conversation.error).toBeNull();
    expect(server.ranOn(localPort)).toEqual([]);
  });

  it('OPTIONS * is answered by the server', async () => {
    const server = await serve();
    const [answer] = await ask(server, 'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect([answer?.status, answer?.headers.get('allow')]).toEqual([
      200,
      'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
    ]);
  });

  it('OPTIONS * keeps its connection, be there a body, and be that late or waited for', async () => {
    const server = await serve();
    const conversation = await server.open();
    const ask = (fields: string) => conversation.send(`OPTIONS * HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
    ask('Content-Length: 3\r\n');
    await new Promise((later) => setImmediate(later));
    conversation.send('abc');
    await answersOf(conversation, 1);
    ask('Content-Length: 3\r\nExpect: 100-continue\r\n');
    await answersOf(conversation, 2);
    conversation.send('abc');
    await answersOf(conversation, 3);
    ask('Connection: close\r\n');
    expect(statuses(parseAnswers(await conversation.toEnd()))).toEqual([200, 100, 200, 200]);
  });

  it('a request for another host is refused', async () => {
    const server = await serve({ limits: { allowsHost: hostFilter(['b']) } });
    expect(statuses(await ask(server, GET))).toEqual([421]);
  });

  it('is told to whoever keeps the log', async () => {
    const told: (readonly [number, string, string | undefined])[] = [];
    const server = await serve({
      onRefuse: ({ status, reason }, socket: Socket) => told.push([status, reason, socket.remoteAddress]),
    });
    await ask(server, 'GET / HTTP/1.1\r\n\r\n');
    await ask(server, 'nonsense\r\n\r\n');
    expect(told).toEqual([
      [400, 'Host is missing', '127.0.0.1'],
      [400, 'The request is not valid HTTP', '127.0.0.1'],
    ]);
  });

  it('are more fields than the limit, on every version of Node', async () => {
    const server = await serve({ limits: { maxHeaders: 20 } });
    const request = (count: number) =>
      `GET / HTTP/1.1\r\nHost: a\r\n${'X: 1\r\n'.repeat(count - 2)}Connection: close\r\n\r\n`;
    expect(statuses(await ask(server, request(20)))).toEqual([200]);
    expect(statuses(await ask(server, request(21)))).toEqual([431]);
  });
});

describe('requests of one connection', () => {
  it('run one at a time, and are answered in their order', async () => {
    let running = 0;
    let most = 0;
    const server = await serve({
      handler: (req, res) => {
        running += 1;
        most = Math.max(most, running);
        setImmediate(() => {
          running -= 1;
          res.end(req.url);
        });
      },
    });
    const answers = await ask(
      server,
      ['/1', '/2', '/3'].map((url) => GET.replace('/1', url)).join('') + CLOSE,
    );
    expect(answers.map(({ body }) => body)).toEqual(['/1', '/2', '/3', '/last']);
    expect(most).toBe(1);
  });

  it('are answered all, be there thousands in one write', async () => {
    const server = await serve({ limits: { maxRequestsPerConnection: Number.POSITIVE_INFINITY } });
    const answers = await ask(server, GET.repeat(5000) + CLOSE);
    expect(answers.length).toBe(5001);
    expect(new Set(statuses(answers))).toEqual(new Set([200]));
  });

  it('are not read while enough of them wait', async () => {
    const answers: (() => void)[] = [];
    const server = await serve({ handler: (_req, res) => answers.push(() => res.end()) });
    const sockets = socketsOf(server);
    const conversation = await server.open();
    conversation.send(GET.repeat(100));
    await eventually(() => sockets[0]?.isPaused() === true);
    conversation.send(CLOSE);
    const other = await server.open();
    other.send(GET);
    await eventually(() => answers.length === 2);
    expect(sockets[0]?.bytesRead).toBe(GET.length * 100);
    await eventually(() => {
      for (const answer of answers.splice(0)) answer();
      return conversation.socket.closed;
    });
    expect(parseAnswers(conversation.received).length).toBe(101);
  });

  it('end with the one that closes the connection', async () => {
    const server = await serve();
    const conversation = await server.open();
    const { localPort = 0 } = conversation.socket;
    conversation.send(CLOSE + GET);
    expect(statuses(parseAnswers(await conversation.toEnd()))).toEqual([200]);
    expect(server.ranOn(localPort)).toEqual(['GET /last']);
  });

  it('end with the last one that a connection may have, which says so', async () => {
    const server = await serve({ limits: { maxRequestsPerConnection: 2 } });
    const conversation = await server.open();
    const { localPort = 0 } = conversation.socket;
    conversation.send(GET + GET + GET);
    const answers = parseAnswers(await conversation.toEnd());
    expect(answers.map(({ headers }) => headers.get('connection'))).toEqual(['keep-alive', 'close']);
    expect(server.ranOn(localPort)).toEqual(['GET /1', 'GET /1']);
  });

  it('are answered before what is wrong behind them is', async () => {
    const server = await serve({ handler: (_req, res) => setImmediate(() => res.end()) });
    expect(statuses(await ask(server, `${GET}${GET}nonsense\r\n\r\n${GET}`))).toEqual([200, 200, 400]);
    expect(statuses(await ask(server, `${GET}GET / HTTP/1.1\r\n\r\n${GET}`))).toEqual([200, 400]);
  });

  it('that have a body are not run where the body is wrong from the start', async () => {
    const server = await serve();
    const conversation = await server.open();
    const { localPort = 0 } = conversation.socket;
    conversation.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcdefghij');
    expect(statuses(parseAnswers(await conversation.toEnd()))).toEqual([400]);
    expect(server.ranOn(localPort)).toEqual([]);
  });

  it('that have a body are not run where it turns out to be broken before their turn', async () => {
    const ran: unknown[] = [];
    const server = await serve({
      handler: (req, res) => {
        ran.push(req.method);
        setImmediate(() => res.end());
      },
    });
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(statuses(await ask(server, `${GET}${head}nonsense\r\n${GET}`))).toEqual([200, 400]);
    expect(ran).toEqual(['GET']);
  });

  it('may still come behind the last answer: they are thrown away, and the answer can be read', async () => {
    const server = await serve();
    const conversation = await server.open();
    const { socket } = conversation;
    const { localPort = 0 } = socket;
    // By default a client is closed with the server's end, and could send nothing more.
    socket.allowHalfOpen = true;
    conversation.send(CLOSE);
    await once(socket, 'end');
    for (const piece of GET.match(/.{1,4}/gs) ?? []) await new Promise((sent) => socket.write(piece, sent));
    socket.end();
    expect(statuses(parseAnswers(await conversation.toEnd()))).toEqual([200]);
    expect(conversation.error).toBeNull();
    expect(server.ranOn(localPort)).toEqual(['GET /last']);
  });

  it('are not run behind an answer that came before the end of the body, whole as the body gets', async () => {
    const ran: unknown[] = [];
    const server = await serve({
      handler: (req, res) => {
        ran.push(req.url);
        res.end();
      },
    });
    const sockets = socketsOf(server);
    const conversation = await server.open();
    const { socket } = conversation;
    socket.allowHalfOpen = true;
    conversation.send('POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n');
    await once(socket, 'end');
    socket.end(`abc${GET}`);
    await conversation.toEnd();
    await eventually(() => sockets[0]?.closed === true);
    expect(ran).toEqual(['/early']);
  });

  it('are thrown away without a trace of each where a trailer closed the connection', async () => {
    const server = await serve();
    const sockets = socketsOf(server);
    const conversation = await server.open();
    const { socket } = conversation;
    socket.allowHalfOpen = true;
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    conversation.send(`${head}0\r\nConnection: close\r\n\r\nsurplus`);
    await once(socket, 'end');
    const listeners = sockets[0]?.listenerCount('close');
    for (let count = 0; count < 20; count += 1) {
      const { bytesRead = 0 } = sockets[0] ?? {};
      socket.write('more');
      await eventually(() => sockets[0]?.bytesRead !== bytesRead);
    }
    expect(sockets[0]?.listenerCount('close')).toBe(listeners);
    socket.end();
    expect(statuses(parseAnswers(await conversation.toEnd()))).toEqual([200]);
  });

  it('get no second head where the body breaks behind the first one', async () => {
    const server = await serve({
      handler: (req, res) => {
        req.on('error', () => undefined).resume();
        res.write('begun');
      },
    });
    const conversation = await server.open();
    conversation.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    await conversation.until(/begun/);
    conversation.send('nonsense\r\n');
    expect((await conversation.toEnd()).match(/HTTP\/1\.1/g)).toHaveLength(1);
  });
});

describe('a body', () => {
  it('over the limit is refused before it is sent, and not asked for', async () => {
    const server = await serve({ limits: { maxBodySize: 10 } });
    const request = (length: number) =>
      `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
    expect(statuses(await ask(server, request(11)))).toEqual([413]);
    expect(statuses(await ask(server, `${request(10)}0123456789`))).toEqual([100, 200]);
  });

  it('in chunks over the limit is refused as soon as it is, at once or later', async () => {
    const failures: string[] = [];
    let chunks = 0;
    const server = await serve({
      limits: { maxBodySize: 10 },
      handler: (req) => {
        req.on('error', (error) => failures.push(error.message));
        req.on('data', () => {
          chunks += 1;
        });
      },
    });
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(statuses(await ask(server, `${head}b\r\n0123456789a\r\n0\r\n\r\n`))).toEqual([413]);
    const conversation = await server.open();
    conversation.send(`${head}5\r\n01234\r\n`);
    await eventually(() => chunks === 1);
    conversation.send('5\r\n56789\r\n1\r\na\r\n');
    expect(statuses(parseAnswers(await conversation.toEnd()))).toEqual([413]);
    await eventually(() => failures.length === 1);
    expect(failures).toEqual(['aborted']);
  });

  it('that is answered before its end costs the connection, and its rest is no request', async () => {
    const server = await serve({ handler: (req, res) => res.end(req.url) });
    const conversation = await server.open();
    conversation.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n${GET}`);
    const answers = parseAnswers(await conversation.toEnd());
    expect(answers.map(({ body }) => body)).toEqual(['/']);
    expect(answers[0]?.headers.get('connection')).toBe('close');
  });

  it('that is there costs nothing, read or unread', async () => {
    const server = await serve({ handler: (req, res) => res.end(req.url) });
    const answers = await ask(server, `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc${CLOSE}`);
    expect(answers.map(({ headers }) => headers.get('connection'))).toEqual(['keep-alive', 'close']);
  });

  it('does not keep the client from its answer, large as it is', async () => {
    const server = await serve({ handler: (_req, res) => res.end('no') });
    const conversation = await server.open();
    conversation.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n');
    conversation.socket.end(Buffer.alloc(8_000_000));
    expect(statuses(parseAnswers(await conversation.toEnd()))).toEqual([200]);
    expect(conversation.error).toBeNull();
  });

  it('is asked for once, and only if the app wants it', async () => {
    const server = await serve({ handler: (req, res, _head, waits) => res.end(`${req.url} ${waits}`) });
    const request = 'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n';
    const answers = await ask(server, request);
    expect(answers.map(({ status, body, headers }) => [status, body, headers.get('connection')])).toEqual([
      [200, '/ true', 'close'],
    ]);
  });

  it('comes in time, or its request ends with 408', async () => {
    const server = await serve({ limits: { bodyTimeout: 30, bodyMinRate: 0 } });
    const request = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na';
    expect(statuses(await ask(server, request))).toEqual([408]);
  });
});

describe('a head that does not come', () => {
  it('ends with 408, begun or not', async () => {
    const server = await serve({ limits: { headersTimeout: 100, requestTimeout: 100 } });
    const asked = await Promise.all([ask(server, ''), ask(server, 'GET / HTTP/1.1\r\nHos')]);
    expect(asked.map(statuses)).toEqual([[408], [408]]);
  });
});

describe('a request to upgrade', () => {
  const UPGRADE = GET.replace('\r\n\r\n', '\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');

  it('is handed over with what came behind it, by who takes it', async () => {
    const server = await serve({
      onUpgrade: (req, socket, first, head) => {
        socket.write(`HTTP/1.1 101 Switching Protocols\r\n\r\n${req.url} ${head.host} ${first}`);
        socket.pipe(socket);
        return true;
      },
    });
    const conversation = await server.open();
    conversation.send(`${UPGRADE}one`);
    await conversation.until(/\/1 a one/);
    conversation.send(' two');
    await conversation.until(/one two$/);
  });

  it.each([
    ['nobody takes', {}],
    ['somebody leaves to the app', { onUpgrade: () => false }],
  ])('is an ordinary request that %s, and so is the next one', async (_what, options) => {
    const server = await serve(options);
    const conversation = await server.open();
    const { localPort = 0 } = conversation.socket;
    conversation.send(UPGRADE + GET + UPGRADE + CLOSE);
    expect(statuses(parseAnswers(await conversation.toEnd()))).toEqual([200, 200, 200, 200]);
    expect(server.ranOn(localPort)).toEqual(['GET /1', 'GET /1', 'GET /1', 'GET /last']);
  });

  it('waits for the answer before it, however large that is', async () => {
    const large = Buffer.alloc(4_000_000, 'x');
    const server = await serve({
      handler: (req, res) => {
        if (req.url === '/last') res.end('last');
        else {
          res.writeHead(200, ['Content-Length', `${large.length * 2}`]);
          if (!res.write(large)) res.once('drain', () => res.end(large));
        }
      },
      onUpgrade: (_req, socket) => socket.end('upgraded').writable === false,
    });
    const conversation = await server.open();
    conversation.send(GET + UPGRADE);
    const received = await conversation.toEnd();
    expect(parseAnswers(received)[0]?.body.length).toBe(large.length * 2);
    expect(received.endsWith('xupgraded')).toBe(true);
  });

  it('can be repeated without leaving anything behind', async () => {
    const server = await serve();
    const sockets = socketsOf(server);
    const conversation = await server.open();
    conversation.send(UPGRADE.repeat(50));
    await answersOf(conversation, 50);
    const [socket] = sockets;
    const counts = socket?.eventNames().map((event) => socket.listenerCount(event)) ?? [];
    expect(Math.max(...counts)).toBeLessThan(5);
  });

  it('with a body is an ordinary request too, whose connection may end with it', async () => {
    const bodies: string[] = [];
    const server = await serve({
      handler: (req, res) => {
        let body = '';
        req.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        req.on('end', () => {
          bodies.push(body);
          res.end();
        });
      },
      onUpgrade: () => true,
    });
    const request = UPGRADE.replace('GET', 'POST').replace('Host', 'Content-Length: 3\r\nHost');
    const answers = await ask(server, `${request}abc${CLOSE}`);
    expect(bodies[0]).toBe('abc');
    expect(bodies.length).toBe(answers.length);
  });

  it('that breaks off ends nothing but itself', async () => {
    const taken: Socket[] = [];
    const server = await serve({
      onUpgrade: (_req, socket) => {
        taken.push(socket);
        return true;
      },
    });
    const conversation = await server.open();
    conversation.send(UPGRADE);
    await eventually(() => taken.length === 1);
    conversation.socket.resetAndDestroy();
    await eventually(() => taken[0]?.destroyed === true);
    expect(statuses(await ask(server, CLOSE))).toEqual([200]);
  });
});

describe('a client that goes away', () => {
  it.each([
    ['in a head', 'GET / HTTP/1.1\r\nHo'],
    ['in a body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc'],
    ['in a pipeline', GET.repeat(100)],
    ['behind nonsense', 'nonsense\r\n\r\n'],
  ])('%s leaves the server as it was', async (_where, text) => {
    const server = await serve();
    const sockets = socketsOf(server);
    const conversation = await server.open();
    conversation.send(text);
    await eventually(() => (sockets[0]?.bytesRead ?? 0) >= text.length);
    conversation.socket.resetAndDestroy();
    await eventually(() => sockets[0]?.destroyed === true);
    expect(statuses(await ask(server, CLOSE))).toEqual([200]);
  });

  it('is told from one that has only said all that it has to say, where that is asked for', async () => {
    const handler: GatedServerOptions['handler'] = (req, res) => {
      req.socket.once('end', () => setImmediate(() => res.end('late')));
    };
    const bodies = await Promise.all(
      [true, false].map(async (allowHalfOpen) => {
        const server = await serve({ handler, allowHalfOpen });
        const conversation = await server.open();
        conversation.socket.end(GET);
        return parseAnswers(await conversation.toEnd()).map(({ body }) => body);
      }),
    );
    expect(bodies).toEqual([['late'], []]);
  });
});

describe('connections', () => {
  it('over the limit are closed at once, and taken again when one leaves', async () => {
    const server = await serve({ limits: { maxConnections: 1 } });
    const first = await server.open();
    first.send(GET);
    await answersOf(first, 1);
    expect(await ask(server, CLOSE)).toEqual([]);
    first.socket.destroy();
    await once(first.socket, 'close');
    await eventually(async () => (await ask(server, CLOSE)).length === 1);
  });
});

describe('a server that drains', () => {
  const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n';

  it('closes each connection with the answer that is under way, and with those to come', async () => {
    const answers: (() => void)[] = [];
    const server = await serve({
      handler: (_req, res) => void answers.push(() => res.end('ok')),
    });
    const early = await server.open();
    early.send(GET);
    const late = await server.open();
    await eventually(() => answers.length === 1);
    server.connections.drain();
    late.send(GET);
    await eventually(() => answers.length === 2);
    for (const answer of answers) answer();
    for (const conversation of [early, late]) {
      const [answer] = parseAnswers(await conversation.toEnd());
      expect(answer?.headers.get('connection')).toBe('close');
    }
  });

  it('does so too where the rest of a body comes in after draining began', async () => {
    let begun = false;
    const server = await serve({
      handler: (req, res) => {
        begun = true;
        req.on('end', () => res.end('ok')).resume();
      },
    });
    const conversation = await server.open();
    conversation.send(`${POST}ab`);
    await eventually(() => begun);
    server.connections.drain();
    conversation.send('cd');
    const [answer] = parseAnswers(await conversation.toEnd());
    expect(answer?.headers.get('connection')).toBe('close');
  });
});
