import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type ProxyProtocolOptions, readProxyHeaders } from '../../../src/listen/front/proxy-socket.js';
import { parseAnswers } from '../../helpers/answers.js';
import { CaseServer } from '../../helpers/case-server.js';
import { eventually } from '../../helpers/eventually.js';
import { FakeClock } from '../../helpers/fake-clock.js';

const LINE = 'PROXY TCP4 9.9.9.9 5.6.7.8 1234 443\r\n';
const GET = 'GET /1 HTTP/1.1\r\nHost: a\r\n\r\n';
const CLOSE = 'GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

let server: CaseServer;

/** An app that answers with the client's address as its proxy told it. */
async function serve(options: ProxyProtocolOptions = {}): Promise<void> {
  server = new CaseServer({
    handler: ({ socket }, res) => res.end(`${socket.remoteAddress}:${socket.remotePort}`),
  });
  readProxyHeaders(server.server, options);
  await server.listen();
}

afterEach(() => server.close());

describe('a server that asks for PROXY headers', () => {
  it.each([
    ['a line', LINE],
    [
      'bytes',
      Buffer.from(
        '0d0a0d0a000d0a515549540a2111000c0909090905060708 04d201bb'.replace(' ', ''),
        'hex',
      ).toString('latin1'),
    ],
  ])('reads %s before HTTP, in one piece with it', async (_what, header) => {
    await serve();
    const answers = parseAnswers(await server.ask(header + GET + CLOSE));
    expect(answers.map(({ body }) => body)).toEqual(['9.9.9.9:1234', '9.9.9.9:1234']);
  });

  it('reads it byte by byte', async () => {
    await serve();
    const conversation = await server.open();
    for (const byte of LINE + GET + CLOSE) {
      conversation.send(byte);
      await new Promise((next) => setImmediate(next));
    }
    expect(parseAnswers(await conversation.toEnd()).map(({ body }) => body)).toEqual([
      '9.9.9.9:1234',
      '9.9.9.9:1234',
    ]);
  });

  it('reads it once: behind a request to upgrade that nobody takes there is none', async () => {
    await serve();
    const upgrade = GET.replace('\r\n\r\n', '\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    const answers = parseAnswers(await server.ask(LINE + upgrade + CLOSE));
    expect(answers.map(({ body }) => body)).toEqual(['9.9.9.9:1234', '9.9.9.9:1234']);
  });

  it('knows a proxy that speaks for itself', async () => {
    await serve();
    const [answer] = parseAnswers(await server.ask(`PROXY UNKNOWN\r\n${CLOSE}`));
    expect(answer?.body).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it.each([
    ['no header', CLOSE],
    ['a bad line', `PROXY TCP4 nonsense\r\n${CLOSE}`],
    ['a second header', `${LINE}${LINE}${CLOSE}`],
    ['bytes of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ])('refuses a connection with %s', async (_what, bytes) => {
    await serve();
    const answers = parseAnswers(await server.ask(bytes));
    expect(answers.map(({ status }) => status)).toEqual([400]);
    expect(answers[0]?.headers.get('connection')).toBe('close');
  });

  it('cuts a connection whose header does not come in time, answered by nothing', async () => {
    const clock = new FakeClock();
    await serve({ clock, timeout: 1000 });
    const conversation = await server.open();
    conversation.send('PROXY TCP4');
    await eventually(() => clock.waiting === 1);
    clock.advance(1000);
    expect(await conversation.toEnd()).toBe('');
  });

  it('lets go of a connection that ends before its header', async () => {
    const clock = new FakeClock();
    await serve({ clock });
    const sockets: Socket[] = [];
    server.server.on('connection', (socket: Socket) => sockets.push(socket));
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      const conversation = await server.open();
      conversation.send('PROXY');
      await eventually(() => sockets.at(-1)?.bytesRead === 5);
      conversation.socket[leave]();
      await eventually(() => sockets.at(-1)?.destroyed === true);
    }
    expect([sockets.length, clock.waiting]).toEqual([2, 0]);
  });
});

describe('a server that does not ask for them', () => {
  it('takes one for a request that it cannot read', async () => {
    server = await new CaseServer().listen();
    expect(parseAnswers(await server.ask(LINE + CLOSE)).map(({ status }) => status)).toEqual([400]);
  });
});
