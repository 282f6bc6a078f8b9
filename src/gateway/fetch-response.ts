// What a fetch app gave back, as a Response of Node's: frameworks may bring a Response of their own make (node-fetch,
// undici, @whatwg-node/fetch). Called by fetch-run.ts and fetch-parts.ts.

import { WsgiServeError } from '../errors.js';
import { isThenable } from './body.js';
import { NativeResponse } from './native-fetch.js';

/** The Response that an app or a filter gave back. Throws `contract` where it is something else. */
export function asResponse(value: unknown): Response {
  if (value instanceof NativeResponse) return value;
  if (isForeignResponse(value)) return nativeOf(value);
  const what = value === null ? 'null' : `a value of type ${typeof value}`;
  throw new WsgiServeError('contract', `a fetch app gave back ${what}, not a Response`, {
    hint: 'Return new Response(...), or a promise of one',
  });
}

/** What a Response of any make has. */
interface ForeignResponse {
  readonly status: number;
  readonly statusText?: unknown;
  readonly headers: Iterable<readonly [string, string]>;
  readonly body: unknown;
  readonly arrayBuffer: () => unknown;
}

function isForeignResponse(value: unknown): value is ForeignResponse {
  if (typeof value !== 'object' || value === null || isThenable(value)) return false;
  const { status, headers, arrayBuffer } = value as Partial<Record<keyof ForeignResponse, unknown>>;
  return (
    typeof status === 'number' &&
    typeof headers === 'object' &&
    headers !== null &&
    Symbol.iterator in headers &&
    typeof arrayBuffer === 'function'
  );
}

function nativeOf({ status, statusText, headers, body }: ForeignResponse): Response {
  const isEmpty = body === null || body === undefined || status === 204 || status === 205 || status === 304;
  return new NativeResponse(isEmpty ? null : streamOf(body), {
    status,
    statusText: typeof statusText === 'string' ? statusText : '',
    headers: Array.from(headers, ([name, value]): [string, string] => [name, value]),
  });
}

/** A Readable of Node's, and streams of every make, can be iterated. */
function streamOf(body: unknown): ReadableStream<Uint8Array> {
  if (body instanceof ReadableStream) return body;
  if (isIterable(body)) return ReadableStream.from(body);
  throw new WsgiServeError(
    'contract',
    'a fetch app gave back a Response of another make, whose body cannot be read',
  );
}

function isIterable(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}
