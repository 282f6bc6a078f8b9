// The access log of one listener: an entry is gathered while a request is answered and written when that is through.
// Called by front.ts for each request where a log is asked for; formats lines by access-log.ts.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestHead } from '../../gateway/exchange.js';
import { isBodyless } from '../../gateway/headers.js';
import type { NodeExchange } from '../../gateway/node-exchange.js';
import { type AccessEntry, type AccessLogFormat, accessLogFormatter } from './access-log.js';
import { applyHead } from './clean-request.js';
import { watchStatus } from './first-status.js';
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
 * Gives a request the id by which it is logged; `isTrusted` says whether the peer may name it. Every form of its headers
 * then shows this id as X-Request-Id, whatever the client called its request.
 */
export function nameRequest(req: IncomingMessage, head: RequestHead, isTrusted: boolean): string {
  const id = requestId(req.rawHeaders, isTrusted);
  const others = head.rawHeaders.filter(
    (_text, at, all) => all[at - (at % 2)]?.toLowerCase() !== 'x-request-id',
  );
  applyHead(req, { ...head, rawHeaders: [...others, 'X-Request-Id', id] });
  return id;
}

/**
 * Writes the entry of a request when its answer is through. A connection that an app took over is logged when it is
 * closed, with the status that the app answered on it.
 */
export function logAccess(log: AccessLog, exchange: NodeExchange, seen: Unproxied, requestId: string): void {
  const access = new Access(log, exchange, seen, requestId);
  const { req, res }: { req: LoggedRequest; res: ServerResponse } = exchange;
  req[ACCESS] = access;
  res.prependListener('finish', access.onFinish);
  res.once('close', access.onClose);
}

/**
 * Writes the entry of a request that no app gets to see, null where it could not be read; where an app has it already,
 * it is the entry of that answer that tells of the refusal. `remoteAddress` is the client as far as it is known, and
 * `isTrusted` says whether the peer may name the request.
 */
export function logRefusal(
  log: AccessLog,
  refusal: Refusal,
  req: LoggedRequest | null,
  remoteAddress: string,
  isTrusted: boolean,
): void {
  const access = req?.[ACCESS];
  if (access !== undefined) {
    access.refusal = refusal;
    return;
  }
  const id = requestId(req?.rawHeaders ?? [], isTrusted);
  const known = { time: Date.now(), requestId: id, duration: 0, remoteAddress, user: null };
  const { method = null, url: target = null, httpVersion = null, headers = {} } = req ?? {};
  const { host = null, referer = null } = headers;
  const userAgent = headers['user-agent'] ?? null;
  const entry = { method, target, httpVersion, host, referer, userAgent };
  log.write(accessLogFormatter(log.format)({ ...known, ...entry, ...outcomeOf(refusal, req) }));
}

/** What is known of a request that is being answered. */
const ACCESS = Symbol('access');

interface LoggedRequest extends IncomingMessage {
  [ACCESS]?: Access;
}

class Access {
  readonly #log: AccessLog;
  readonly #exchange: NodeExchange;
  readonly #seen: Unproxied;
  readonly #requestId: string;
  readonly #time = Date.now();
  readonly #begun = performance.now();
  #isWhole = false;
  /** What was said in place of the app's answer. */
  refusal: Refusal | null = null;

  constructor(log: AccessLog, exchange: NodeExchange, seen: Unproxied, requestId: string) {
    this.#log = log;
    this.#exchange = exchange;
    this.#seen = seen;
    this.#requestId = requestId;
  }

  /** Before anybody else hears of it: others end the connection behind an answer. */
  readonly onFinish = (): void => {
    // What was not sent when a connection breaks counts as finished too.
    this.#isWhole = !this.#exchange.req.socket.destroyed;
  };

  readonly onClose = (): void => {
    const { req, res, bytesSent } = this.#exchange;
    if (!res.writableEnded && res.socket === null) this.#writeAtEnd(req.socket);
    else if (this.#isWhole || res.headersSent) {
      const bytes = isBodyless(req.method ?? '', res.statusCode) ? 0 : bytesSent;
      this.#write({ status: res.statusCode, bytes, aborted: !this.#isWhole });
    } else if (this.refusal !== null) this.#write(outcomeOf(this.refusal, req));
    else this.#write({ status: CLIENT_GONE, bytes: 0, aborted: true });
  };

  /** For a connection that was taken over: from here on all that is sent on it is the app's. */
  #writeAtEnd(socket: Socket): void {
    const before = socket.bytesWritten;
    const said = watchStatus(socket);
    socket.once('close', () => {
      const bytes = socket.bytesWritten - before;
      const status = said();
      if (status === null && bytes === 0) this.#write({ status: CLIENT_GONE, bytes, aborted: true });
      else this.#write({ status: status ?? SWITCHING_PROTOCOLS, bytes, aborted: false });
    });
  }

  #write({ status, bytes, aborted }: Outcome): void {
    const { connection, request } = this.#seen;
    const { headers } = this.#exchange.req;
    const entry: AccessEntry = {
      time: this.#time,
      remoteAddress: connection.remoteAddress,
      user: null,
      method: request.method,
      target: request.target,
      httpVersion: request.httpVersion,
      host: request.host,
      status,
      bytes,
      referer: headers.referer ?? null,
      userAgent: headers['user-agent'] ?? null,
      duration: performance.now() - this.#begun,
      requestId: this.#requestId,
      aborted,
    };
    this.#log.write(accessLogFormatter(this.#log.format)(entry));
  }
}

type Outcome = Pick<AccessEntry, 'status' | 'bytes' | 'aborted'>;

function outcomeOf({ status, reason }: Refusal, req: IncomingMessage | null): Outcome {
  return { status, bytes: req?.method === 'HEAD' ? 0 : reason.length + 1, aborted: false };
}
