// The access log of one listener: an entry is gathered while a request is answered and written when that is through.
// Called by front.ts for each request where a log is asked for; formats lines by access-log.ts.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHead } from '../../gateway/exchange.js';
import { type AccessEntry, type AccessLogFormat, accessLogFormatter } from './access-log.js';
import { applyHead } from './clean-request.js';
import type { Unproxied } from './forwarded.js';
import { requestId } from './request-id.js';
import type { ProxyPolicy } from './trusted-proxy.js';

export interface AccessLog {
  readonly format: AccessLogFormat;
  /** Gets each line, without its end. */
  readonly write: (line: string) => void;
  readonly proxies: ProxyPolicy;
}

/** nginx's status for a client that went away before it was answered. */
const CLIENT_GONE = 499;

/** The app sees the id that is logged, as X-Request-Id. */
export function logAccess(log: AccessLog, req: IncomingMessage, res: ServerResponse, seen: Unproxied): void {
  const format = accessLogFormatter(log.format);
  const begun = performance.now();
  const time = Date.now();
  const id = requestId(req.rawHeaders, log.proxies.trusts(req.socket.remoteAddress ?? ''));
  nameRequest(req, seen.request, id);
  const bytes = countBytes(res);
  res.once('close', () => {
    const aborted = !res.writableFinished;
    log.write(
      format(
        entryOf(req, res, seen, { id, time, bytes: bytes(), duration: performance.now() - begun, aborted }),
      ),
    );
  });
}

interface Measured {
  readonly id: string;
  readonly time: number;
  readonly bytes: number;
  readonly duration: number;
  readonly aborted: boolean;
}

function entryOf(
  req: IncomingMessage,
  res: ServerResponse,
  seen: Unproxied,
  measured: Measured,
): AccessEntry {
  const { id: requestId, aborted } = measured;
  return {
    ...measured,
    requestId,
    remoteAddress: seen.connection.remoteAddress,
    user: null,
    method: seen.request.method,
    target: seen.request.target,
    httpVersion: seen.request.httpVersion,
    host: seen.request.host,
    status: aborted && !res.headersSent ? CLIENT_GONE : res.statusCode,
    referer: req.headers.referer ?? null,
    userAgent: req.headers['user-agent'] ?? null,
  };
}

/** Every form of the headers then shows this id, whatever the client called its request. */
function nameRequest(req: IncomingMessage, head: RequestHead, id: string): void {
  const others = head.rawHeaders.filter(
    (_text, at, all) => all[at - (at % 2)]?.toLowerCase() !== 'x-request-id',
  );
  applyHead(req, { ...head, rawHeaders: [...others, 'X-Request-Id', id] });
}

/** Bytes of the body that were handed to `res` so far; `end(chunk)` does not go through `write`. */
function countBytes(res: ServerResponse): () => number {
  let bytes = 0;
  const { write, end } = res;
  const counted = (args: readonly unknown[]): readonly unknown[] => {
    const [chunk, encoding] = args;
    if (chunk instanceof Uint8Array) bytes += chunk.length;
    else if (typeof chunk === 'string') bytes += Buffer.byteLength(chunk, encodingOf(encoding));
    return args;
  };
  Object.assign(res, {
    write: (...args: unknown[]): unknown => Reflect.apply(write, res, counted(args)),
    end: (...args: unknown[]): unknown => Reflect.apply(end, res, counted(args)),
  });
  return () => (res.req.method === 'HEAD' ? 0 : bytes);
}

function encodingOf(value: unknown): BufferEncoding {
  return typeof value === 'string' && Buffer.isEncoding(value) ? value : 'utf8';
}
