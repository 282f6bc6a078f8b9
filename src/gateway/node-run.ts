// Runs a node:http handler over an Exchange: on the real request and response wherever the exchange has them.
// Called by bridges.ts. It never throws or rejects, whatever the handler does.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { toError } from '../errors.js';
import type { Recovery } from './answer-options.js';
import { isThenable } from './body.js';
import { connectionHeaders, HeadedExchange } from './headed-exchange.js';
import { NodeExchange } from './node-exchange.js';
import { putRawHeaders } from './node-fields.js';
import { givenHead, keepHeaders, putHeaders } from './node-head.js';
import { StandInRequest, StandInResponse, StandInSocket } from './node-stand-in.js';
import { holdToItsWord } from './node-strict.js';
import type { NodeRequest } from './node-types.js';
import type { Run } from './run.js';
import { StreamExchange } from './stream-exchange.js';

/** A node app as it is run: filters need to know what they stand in. */
export type NodeHandler = (req: NodeRequest, res: ServerResponse, run: Run) => unknown;

/** Answers with `handler`; the promise, where there is one, resolves when it is done. */
export function runNode(handler: NodeHandler, run: Run): Promise<void> | undefined {
  const { exchange } = run;
  if (exchange instanceof NodeExchange) return runOn(handler, exchange, run);
  if (!(exchange instanceof HeadedExchange && exchange.base instanceof NodeExchange)) {
    return runBeside(handler, run);
  }
  passHeadThrough(exchange, exchange.base.res, run.options.recovery ?? null);
  return runOn(handler, exchange.base, run);
}

/** Calls what is the user's for an answer on `res`; a failure becomes a 500, or breaks the answer off. */
export function guard(call: () => unknown, res: ServerResponse, run: Run): Promise<void> | undefined {
  try {
    const result = call();
    if (!isThenable(result)) return undefined;
    return Promise.resolve(result).then(
      () => undefined,
      (thrown: unknown) => failNode(thrown, res, run),
    );
  } catch (thrown) {
    failNode(thrown, res, run);
    return undefined;
  }
}

/**
 * Leaves a failure to whoever stands above and answers for it. Where there is nobody it is told, and the answer is a 500;
 * one that was begun is broken off.
 */
export function failNode(thrown: unknown, res: ServerResponse, run: Run): void {
  const { exchange, options } = run;
  if (options.recovery) {
    options.recovery.take(thrown);
    return;
  }
  try {
    options.onError(toError(thrown), exchange);
  } catch {
    // There is nobody left to tell.
  }
  if (res.writableEnded || exchange.closed) return;
  failed.add(res);
  try {
    if (!res.headersSent) {
      keepHeaders(res, []);
      // node:http counts what failed to be sent, and says its length.
      res.strictContentLength = false;
      res.writeHead(500, 'Internal Server Error', {
        'Content-Type': 'text/plain; charset=utf-8',
        'Content-Length': FAILURE.length,
      });
      res.end(FAILURE);
      return;
    }
  } catch {
    // A filter refused even that.
  }
  exchange.abort();
  if (res instanceof StandInResponse) res.destroy();
}

const FAILURE = 'Internal Server Error\n';

/** What answers for an app that failed. */
const failed = new WeakSet<ServerResponse>();

function runOn(handler: NodeHandler, exchange: NodeExchange, run: Run): Promise<void> | undefined {
  const { head, body } = run.seen;
  const req = body === null ? exchange.lendRequest() : new StandInRequest(exchange.req.socket, head, body);
  const { res } = exchange;
  showRequest(req, run);
  holdToItsWord(res, (error) => failNode(error, res, run));
  return guard(() => handler(req, res, run), res, run);
}

/** Runs the handler on a response of its own; resolves when that is closed. */
function runBeside(handler: NodeHandler, run: Run): Promise<void> {
  const { exchange, seen } = run;
  return new Promise((resolve) => {
    const socket = new StandInSocket(exchange, (error) => {
      failNode(error, res, run);
      res.destroy();
    });
    const lent = seen.body === null ? lendFrom(exchange) : null;
    const req = lent ?? new StandInRequest(socket, seen.head, seen.body ?? exchange.body);
    showRequest(req, run);
    const res = new StandInResponse(req, socket);
    holdToItsWord(res, (error) => failNode(error, res, run));
    res.once('close', () => {
      if (lent === null && !req.destroyed) req.destroy();
      resolve();
    });
    void guard(() => handler(req, res, run), res, run);
  });
}

/** The real request, where only the answer is taken elsewhere. */
function lendFrom(exchange: Run['exchange']): IncomingMessage | null {
  const incoming = exchange instanceof StreamExchange ? exchange.incoming : null;
  return incoming instanceof NodeExchange ? incoming.lendRequest() : null;
}

/** Makes `req` say what the parts above left of the request. */
function showRequest(req: NodeRequest, { exchange, seen, environ }: Run): void {
  const { head, base } = seen;
  if (base !== '' || head.target !== exchange.request.target) {
    req.originalUrl ??= exchange.request.target;
    req.baseUrl = base;
  }
  if (req.url !== head.target) req.url = head.target;
  if (req.method !== head.method) req.method = head.method;
  if (environ !== null) req.environ = environ;
  if (head.rawHeaders !== exchange.request.rawHeaders) putRawHeaders(req, head.rawHeaders);
}

/**
 * Makes `res` send the head that the filters above make of its own; what belongs to the connection passes by. What is
 * answered for an app that failed comes from above those filters.
 */
function passHeadThrough(exchange: HeadedExchange, res: ServerResponse, recovery: Recovery | null): void {
  const writeHead = res.writeHead;
  res.writeHead = (...args: [status: number, ...rest: unknown[]]) => {
    if (res.headersSent || recovery?.taken || failed.has(res)) return Reflect.apply(writeHead, res, args);
    const given = givenHead(res, args);
    const changed = exchange.passHead(given.status, given.reason, given.headers);
    const headers = [...changed.headers, ...connectionHeaders(given.headers)];
    keepHeaders(res, headers);
    putHeaders(res, headers);
    return Reflect.apply(writeHead, res, [changed.status, changed.reason]);
  };
}
