// The access log of one listener: an entry is gathered while a request is answered and written when that is through.
// Called by front.ts for each request where a log is asked for; formats lines by access-log.ts.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { bytesOf } from '../../gateway/chunk.js';
import type { RequestHead } from '../../gateway/exchange.js';
import { type AccessEntry, type AccessLogFormat, accessLogFormatter } from './access-log.js';
import { applyHead } from './clean-request.js';
import type { Unproxied } from './forwarded.js';
import type { Refusal } from './refusal.js';
import { requestId } from './request-id.js';

export interface AccessLog {
  readonly format: AccessLogFormat;
  /** Gets each line, without its end. */
  readonly write: (line: string) => void;
}

/** nginx's status for a client that went away before it was answered. */
const CLIENT_GONE = 499;
const SWITCHING_PROTOCOLS = 101;

/**
 * The app sees the id that is logged, as X-Request-Id; `isTrusted` says whether the peer may name it. A connection that
 * an app took over is logged when it is closed, as 101, whatever the app made of it.
 */
export function logAccess(
  log: AccessLog,
  req: IncomingMessage,
  res: ServerResponse,
  seen: Unproxied,
  isTrusted: boolean,
): void {
  awaited.add(req);
  const begun = performance.now();
  const known = { time: Date.now(), requestId: requestId(req.rawHeaders, isTrusted) };
  nameRequest(req, seen.request, known.requestId);
  const bytes = countBytes(res);
  const write = (outcome: Outcome): void => {
    const duration = performance.now() - begun;
    log.write(accessLogFormatter(log.format)({ ...known, ...received(req, seen), ...outcome, duration }));
  };
  let isWhole = false;
  // What was not sent when a connection breaks counts as finished too; others end the connection behind an answer.
  res.prependOnceListener('finish', () => {
    isWhole = !req.socket.destroyed;
  });
  res.once('close', () => {
    if (!res.writableEnded && res.socket === null) writeAtEnd(req.socket, write);
    else {
      const refusal = isWhole || res.headersSent ? undefined : refusals.get(req);
      if (refusal !== undefined) write(outcomeOf(refusal, req));
      else {
        const status = isWhole || res.headersSent ? res.statusCode : CLIENT_GONE;
        write({ status, bytes: bytes(), aborted: !isWhole });
      }
    }
  });
}

/**
 * Writes the entry of a request that no app gets to see, null where it could not be read; where an app has it already,
 * it is the entry of that answer that tells of the refusal.
 */
export function logRefusal(
  log: AccessLog,
  refusal: Refusal,
  req: IncomingMessage | null,
  remoteAddress: string,
): void {
  if (req !== null && awaited.has(req)) {
    refusals.set(req, refusal);
    return;
  }
  const known = { time: Date.now(), requestId: requestId([], false), duration: 0, remoteAddress, user: null };
  const { method = null, url: target = null, httpVersion = null, headers = {} } = req ?? {};
  const { host = null, referer = null } = headers;
  const userAgent = headers['user-agent'] ?? null;
  const entry = { method, target, httpVersion, host, referer, userAgent };
  log.write(accessLogFormatter(log.format)({ ...known, ...entry, ...outcomeOf(refusal, req) }));
}

/** Requests whose entry is written when their answer is through. */
const awaited = new WeakSet<IncomingMessage>();

/** What was said in place of the app's answer. */
const refusals = new WeakMap<IncomingMessage, Refusal>();

function outcomeOf({ status, reason }: Refusal, req: IncomingMessage | null): Outcome {
  return { status, bytes: req?.method === 'HEAD' ? 0 : reason.length + 1, aborted: false };
}

type Outcome = Pick<AccessEntry, 'status' | 'bytes' | 'aborted'>;

function received(
  req: IncomingMessage,
  { connection, request }: Unproxied,
): Omit<AccessEntry, keyof Outcome | 'time' | 'duration' | 'requestId'> {
  return {
    remoteAddress: connection.remoteAddress,
    user: null,
    method: request.method,
    target: request.target,
    httpVersion: request.httpVersion,
    host: request.host,
    referer: req.headers.referer ?? null,
    userAgent: req.headers['user-agent'] ?? null,
  };
}

/** For a connection that was taken over: from here on all that is sent on it is the app's. */
function writeAtEnd(socket: Socket, write: (outcome: Outcome) => void): void {
  const before = socket.bytesWritten;
  socket.once('close', () =>
    write({ status: SWITCHING_PROTOCOLS, bytes: socket.bytesWritten - before, aborted: false }),
  );
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
    bytes += bytesOf(args[0], args[1]);
    return args;
  };
  Object.assign(res, {
    write: (...args: unknown[]): unknown => Reflect.apply(write, res, counted(args)),
    end: (...args: unknown[]): unknown => Reflect.apply(end, res, counted(args)),
  });
  return () => (res.req.method === 'HEAD' ? 0 : bytes);
}
