// The same apps and filters in all three kinds, for tests of what they must have in common.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { App } from '../../src/gateway/app.js';
import { runApp, toWsgi } from '../../src/gateway/bridges.js';
import { coverWithNode } from '../../src/gateway/cover.js';
import { errorStream } from '../../src/gateway/error-stream.js';
import { coverWithFetch } from '../../src/gateway/fetch-parts.js';
import { RunContext, runFetch } from '../../src/gateway/fetch-run.js';
import { NodeExchange } from '../../src/gateway/node-exchange.js';
import { describeSocket, nodeHandlers } from '../../src/gateway/node-handler.js';
import { upgradeResponse } from '../../src/gateway/node-upgrade.js';
import type { Environ, WsgiApp, WsgiBody } from '../../src/gateway/wsgi-types.js';

export const KINDS = ['wsgi', 'fetch', 'node'] as const;
export type Kind = (typeof KINDS)[number];

/** What an app of any kind sees of a request, and what it does: read the body, stream chunks, fail. */
export interface Seen {
  readonly method: string;
  /** The target below the mount. */
  readonly url: string;
  readonly mount: string;
  header(name: string): string | null;
  body(): AsyncIterable<Uint8Array>;
}

/** What an app of any kind answers. */
export interface Reply {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly chunks: AsyncIterable<string | Uint8Array> | readonly string[];
}

export type Behaviour = (seen: Seen) => Reply | Promise<Reply>;

/** An app that behaves so, in each kind. */
export function appOf(kind: Kind, behave: Behaviour): App {
  switch (kind) {
    case 'wsgi':
      return { kind, app: wsgiApp(behave) };
    case 'fetch':
      return {
        kind,
        run: runFetch,
        app: async (request, run) => {
          const { status, headers, chunks } = await behave(seenByFetch(request, new RunContext(run).mount));
          const body = status === 204 || status === 304 ? null : streamOf(chunks);
          return new Response(body, {
            status,
            headers: headers.map(([name, value]): [string, string] => [name, value]),
          });
        },
      };
    case 'node':
      return {
        kind,
        app: async (req, res) => {
          const reply = await behave({
            method: req.method ?? '',
            url: req.url ?? '',
            mount: decodeURIComponent(req.baseUrl ?? ''),
            header: (name) => req.headers[name]?.toString() ?? null,
            body: () => req,
          });
          res.statusCode = reply.status;
          for (const [name, value] of reply.headers) res.appendHeader(name, value);
          await pipeline(Readable.from(iterate(reply.chunks)), res);
        },
      };
  }
}

/** A filter of each kind that adds a header. */
export function withHeader(kind: Kind, app: App, name = 'X-Filter'): App {
  switch (kind) {
    case 'wsgi': {
      const inner = toWsgi(app);
      const filter: WsgiApp = (environ, startResponse) =>
        inner(environ, (status, headers, error) => startResponse(status, [...headers, [name, kind]], error));
      return { kind, app: filter };
    }
    case 'fetch':
      return coverWithFetch(async (_request, next) => {
        const response = await next();
        response.headers.set(name, kind);
        return response;
      }, app);
    case 'node':
      return coverWithNode((_req, res, next) => {
        res.setHeader(name, kind);
        next();
      }, app);
  }
}

/** A filter of each kind that does nothing. */
export function passing(kind: Kind, app: App): App {
  switch (kind) {
    case 'wsgi': {
      const inner = toWsgi(app);
      return { kind, app: (environ, startResponse) => inner(environ, startResponse) };
    }
    case 'fetch':
      return coverWithFetch((request, next) => next(request), app);
    case 'node':
      return coverWithNode((_req, _res, next) => next(), app);
  }
}

/** A filter of each kind that reads the body, and gives it on in capitals. */
export function shouting(kind: Kind, app: App): App {
  switch (kind) {
    case 'wsgi': {
      const inner = toWsgi(app);
      const filter: WsgiApp = async (environ, startResponse) =>
        capitals(await inner(environ, (status, headers) => startResponse(status, withoutLength(headers))));
      return { kind, app: filter };
    }
    case 'fetch':
      return coverWithFetch(async (_request, next) => {
        const { body, status, headers } = await next();
        headers.delete('content-length');
        return new Response(body === null ? null : Readable.toWeb(Readable.from(capitals(body))), {
          status,
          headers,
        });
      }, app);
    case 'node':
      return coverWithNode((_req, res, next) => {
        const { write, end } = res;
        const shout = (args: unknown[]) => {
          const [chunk, ...rest] = args;
          return chunk === undefined || chunk === null || typeof chunk === 'function'
            ? args
            : [upper(chunk), ...rest];
        };
        res.write = (...args: unknown[]) => Reflect.apply(write, res, shout(args));
        res.end = (...args: unknown[]) => Reflect.apply(end, res, shout(args));
        next();
      }, app);
  }
}

export interface KindServer {
  readonly port: number;
  readonly errors: Error[];
  get(path?: string, options?: AskOptions): Promise<Got>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Whether the answer came to its end. */
  readonly whole: boolean;
  readonly trailers: NodeJS.Dict<string>;
}

/** Serves `app` on a real socket. */
export async function serveKind(app: App): Promise<KindServer> {
  const errors: Error[] = [];
  const options = { errors: errorStream(() => undefined), onError: (error: Error) => errors.push(error) };
  const handlers = nodeHandlers(app, options);
  const server = createServer(handlers.handler).on('checkContinue', handlers.continueHandler);
  server.on('upgrade', (req, socket, head) => {
    if (socket instanceof Socket) {
      const res = upgradeResponse(req, socket);
      void runApp(app, new NodeExchange(req, res, describeSocket(socket), false, { socket, head }), options);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    errors,
    get: (path = '/', ask = {}) => askFor(port, path, ask),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function askFor(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body }: AskOptions,
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, path, method, headers, host: '127.0.0.1', agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', () => undefined);
      res.on('close', () => {
        const text = Buffer.concat(chunks).toString();
        const { statusCode: status = 0, headers, complete: whole, trailers } = res;
        resolve({ status, headers, text, whole, trailers });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

function wsgiApp(behave: Behaviour): WsgiApp {
  return async (environ, startResponse) => {
    const { status, headers, chunks } = await behave(seenByWsgi(environ));
    startResponse(`${status} Some Reason`, headers);
    return chunks;
  };
}

function seenByWsgi(environ: Environ): Seen {
  const query = environ.QUERY_STRING === '' ? '' : `?${environ.QUERY_STRING}`;
  return {
    method: environ.REQUEST_METHOD,
    url: (encodeURI(environ.PATH_INFO) || '/') + query,
    mount: environ.SCRIPT_NAME,
    header: (name) => {
      const key = name.toUpperCase().replaceAll('-', '_');
      const value = environ[key.startsWith('CONTENT_') ? key : `HTTP_${key}`];
      return typeof value === 'string' ? value : null;
    },
    // Line by line: a read of so many bytes waits for all of them.
    body: () => environ['wsgi.input'],
  };
}

function seenByFetch(request: Request, mount: string): Seen {
  const { method, url, headers } = request;
  return {
    method,
    url: url.slice(new URL(url).origin.length),
    mount,
    header: (name) => headers.get(name),
    async *body() {
      if (request.body !== null) yield* request.body;
    },
  };
}

async function* iterate(chunks: Reply['chunks']): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}

function streamOf(chunks: Reply['chunks']): ReadableStream<Uint8Array> {
  const iterator = iterate(chunks);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const step = await iterator.next();
        if (step.done === true) controller.close();
        else controller.enqueue(new Uint8Array(step.value));
      },
      async cancel() {
        await iterator.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

async function* capitals(body: WsgiBody | ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of typeof body === 'string' ? [body] : body) yield upper(chunk);
}

function upper(chunk: unknown): Uint8Array {
  const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(Object(chunk));
  return bytes.map((byte) => (byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte));
}

function withoutLength(headers: Iterable<readonly [string, string]>): (readonly [string, string])[] {
  return [...headers].filter(([name]) => name.toLowerCase() !== 'content-length');
}
