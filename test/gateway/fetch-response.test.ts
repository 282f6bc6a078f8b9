import { describe, expect, it } from '@jest/globals';
import type { App } from '../../src/gateway/app.js';
import { runFetch } from '../../src/gateway/fetch-run.js';
import { KINDS, passing, serveKind, shouting } from '../helpers/three-kinds.js';

/** A Response as a library makes it that does not use Node's. */
class OtherResponse {
  readonly status: number;
  readonly statusText = '';
  readonly headers: Iterable<[string, string]>;
  readonly body: unknown;

  constructor(body: unknown, status = 200, headers: [string, string][] = []) {
    this.body = body;
    this.status = status;
    this.headers = new Set(headers);
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return new ArrayBuffer(0);
  }
}

async function* parts(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('some ');
  yield Buffer.from('text');
}

function appOf(result: unknown): App {
  return { kind: 'fetch', app: () => result, run: runFetch };
}

const COOKIES: [string, string][] = [
  ['Set-Cookie', 'a=1'],
  ['Set-Cookie', 'b=2'],
  ['Content-Type', 'text/plain'],
];

const FILTERS = [
  ['no filter', (app: App): App => app] as const,
  ...KINDS.map((kind) => [`a ${kind} filter`, (app: App) => passing(kind, app)] as const),
  ...KINDS.map((kind) => [`a ${kind} filter that reads it`, (app: App) => shouting(kind, app)] as const),
];

describe.each(FILTERS)('a Response of another make, below %s', (_what, below) => {
  it.each([
    ['an iterable body', () => parts()],
    ['a stream of Node', () => ReadableStream.from(parts())],
  ])('is sent with %s', async (_body, body) => {
    await using server = await serveKind(
      below(appOf(Promise.resolve(new OtherResponse(body(), 201, COOKIES)))),
    );
    const { status, headers, text } = await server.get();
    expect([status, headers['set-cookie'], text.toLowerCase()]).toEqual([201, ['a=1', 'b=2'], 'some text']);
    expect(server.errors).toEqual([]);
  });

  it.each([200, 204, 304])('is sent with none and status %i', async (status) => {
    await using server = await serveKind(below(appOf(new OtherResponse(null, status))));
    expect(await server.get()).toMatchObject({ status, text: '', whole: true });
  });
});

describe('what is no Response of any make', () => {
  it.each([
    ['null', null, 'null'],
    ['a text', 'text', 'a value of type string'],
    ['what looks like one', { status: 200, headers: [], body: 'text' }, 'a value of type object'],
  ])('is refused: %s', async (_what, result, said) => {
    await using server = await serveKind(appOf(result));
    expect((await server.get()).status).toBe(500);
    expect(server.errors.map(({ message }) => message)).toEqual([
      `a fetch app gave back ${said}, not a Response`,
    ]);
  });

  it('and one whose body cannot be read', async () => {
    await using server = await serveKind(appOf(new OtherResponse(42)));
    expect((await server.get()).status).toBe(500);
    expect(server.errors[0]?.message).toContain('whose body cannot be read');
  });
});
