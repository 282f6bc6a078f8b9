// A Request as what an exchange reads, and what was written to an exchange as a Response: the bridge below a fetch
// filter. Called by bridges.ts.
import type { BodyReader, Incoming } from './exchange.js';
import { bodyOf } from './input.js';
import { LazyRequest } from './lazy-request.js';
import type { Run } from './run.js';
import type { StreamExchange, StreamHead } from './stream-exchange.js';

/** What comes in with `request`, which a filter may have made itself, below the mount of `run`. */
export function incomingFrom(request: Request, { exchange, seen }: Run): Incoming {
  const isOwn = LazyRequest.hasOwnBody(request);
  const body = isOwn ? LazyRequest.bodyOf(request) : null;
  const rawHeaders = isOwn ? [...request.headers].flat() : framedAnew(request);
  return {
    request: {
      method: request.method,
      target: seen.base + targetOf(request.url),
      httpVersion: exchange.request.httpVersion,
      rawHeaders,
    },
    connection: exchange.connection,
    body: body ?? streamed(request),
    addTrailers: (trailers) => exchange.addTrailers?.(trailers),
  };
}

/** The Response of what was written to `stream` by an app that got a request of this method. */
export function answerOf({ status, reason, headers, whole }: StreamHead, stream: StreamExchange): Response {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    pairs.push([headers[index] ?? '', headers[index + 1] ?? '']);
  }
  const isEmpty = whole === undefined || status === 204 || status === 205 || status === 304;
  return new Response(isEmpty ? null : (wholeBody(whole) ?? streamOf(stream)), {
    status,
    statusText: reason,
    headers: pairs,
  });
}

/** A URL without its origin. */
export function targetOf(url: string): string {
  return url.slice(new URL(url).origin.length).replace(/#.*$/s, '');
}

/** The length that its headers say may be that of another body. */
function framedAnew(request: Request): string[] {
  const kept = [...request.headers].filter(
    ([name]) => name !== 'content-length' && name !== 'transfer-encoding',
  );
  if (request.body !== null) kept.push(['transfer-encoding', 'chunked']);
  return kept.flat();
}

function streamed(request: Request): BodyReader {
  let reader: BodyReader | null = null;
  return {
    read: async () => {
      if (request.body === null) return null;
      reader ??= bodyOf(request.body);
      return reader.read();
    },
  };
}

function wholeBody(whole: StreamHead['whole']): string | Uint8Array<ArrayBuffer> | null {
  if (whole === null || whole === undefined) return null;
  return typeof whole === 'string' ? whole : new Uint8Array(whole);
}

function streamOf(stream: StreamExchange): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const step = await stream.next();
        if (step.done === true) controller.close();
        else controller.enqueue(typeof step.value === 'string' ? Buffer.from(step.value) : step.value);
      },
      async cancel() {
        await stream.return();
      },
    },
    { highWaterMark: 0 },
  );
}
