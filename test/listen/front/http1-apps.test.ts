import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { App } from '../../../src/gateway/app.js';
import { runFetch } from '../../../src/gateway/fetch-run.js';
import type { ConnectionLimits } from '../../../src/listen/front/connection-limits.js';
import { FrontServer } from '../../helpers/front-server.js';
import { CaseRunner, type Cut, type RawCase, type RawServer, readCases } from '../../helpers/raw-cases.js';
import { KINDS, type Kind } from '../../helpers/three-kinds.js';

const CASES = readCases(join(resolve(import.meta.dirname, '../../../..'), 'test/golden/http1.json'));

const CUTS: Readonly<Record<Kind, readonly Cut[]>> = {
  wsgi: ['whole', 'byte by byte', 'cut behind each CR and LF'],
  fetch: ['whole'],
  node: ['whole'],
};

/** What an app of a kind answers otherwise than is wanted of the server by itself. */
interface Exception {
  readonly kind: Kind;
  readonly id: string;
  readonly want: string;
  readonly reason: string;
}

const EXCEPTIONS: readonly Exception[] = [
  {
    kind: 'wsgi',
    id: 'T17',
    want: '400 and kept, app NOT called',
    reason:
      'PATH_INFO is text, decoded as UTF-8, and what is no UTF-8 has none; fetch and node apps see the target as it was sent',
  },
];

/** Told of each request that reaches the app: the port of the client, the method and the target. */
type Note = (port: string | number | undefined, request: string) => void;

/** An app that reads its body and answers 200. */
function appOf(kind: Kind, note: Note): App {
  switch (kind) {
    case 'wsgi':
      return {
        kind,
        app: async (environ, startResponse) => {
          note(environ.REMOTE_PORT, `${environ.REQUEST_METHOD} ${environ.RAW_URI}`);
          await environ['wsgi.input'].read();
          startResponse('200 OK', []);
          return ['ok'];
        },
      };
    case 'fetch':
      return {
        kind,
        run: runFetch,
        app: async (request, { exchange }) => {
          note(exchange.connection.remotePort, `${request.method} ${exchange.request.target}`);
          await request.arrayBuffer();
          return new Response('ok', { headers: { 'Content-Length': '2' } });
        },
      };
    case 'node':
      return {
        kind,
        app: (req, res) => {
          note(req.socket.remotePort, `${req.method} ${req.url}`);
          req.on('error', () => undefined);
          req.resume().on('end', () => res.end('ok'));
        },
      };
  }
}

/** A front whose app keeps a list of what reached it, by the port of the client. */
class NotingFront extends FrontServer implements RawServer {
  readonly #ran: Map<number, string[]>;

  constructor(kind: Kind, limits: Partial<ConnectionLimits>) {
    const ran = new Map<number, string[]>();
    const note: Note = (port, request) => ran.set(Number(port), [...(ran.get(Number(port)) ?? []), request]);
    super(appOf(kind, note), { limits });
    this.#ran = ran;
    // Ports are used again.
    this.server.on('connection', ({ remotePort = 0 }) => ran.delete(remotePort));
  }

  ranOn(port: number): readonly string[] {
    return this.#ran.get(port) ?? [];
  }
}

describe.each(KINDS)('behind the front, with a %s app', (kind) => {
  const runner = new CaseRunner((limits) => new NotingFront(kind, limits));
  const exceptions = new Map(
    EXCEPTIONS.flatMap((one) => (one.kind === kind ? [[one.id, one.want] as const] : [])),
  );
  const cases = CASES.map((one): RawCase => ({ ...one, want: exceptions.get(one.id) ?? one.want }));

  beforeAll(() => runner.start());
  afterAll(() => runner.stop());

  it('each exception is a case', () => {
    expect(cases.filter(({ id }) => exceptions.has(id)).length).toBe(exceptions.size);
  });

  describe.each(CUTS[kind])('a raw request that is sent %s', (cut) => {
    it.concurrent.each(cases.map((one) => [one.id, one.label, one.want, one] as const))(
      '%s %s: %s',
      async (_id, _label, _want, one) => {
        expect(await runner.run(one, cut)).toEqual([]);
      },
    );
  });
});
