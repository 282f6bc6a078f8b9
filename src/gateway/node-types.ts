// The contract of node:http handlers and Connect middleware, as types for their authors.

import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Environ } from './wsgi-types.js';

/** A request as a node app sees it: `url` is the part below its mount. */
export interface NodeRequest extends IncomingMessage {
  /** The target as the client sent it. Set where the app is mounted, or a filter changed the path. */
  originalUrl?: string;
  /** What `url` lacks at its beginning, percent-encoded as it was sent. Set where `originalUrl` is. */
  baseUrl?: string;
  /** The environ of the WSGI parts above; left out where there are none. */
  environ?: Environ;
}

/** Answers on `res`; what it throws, or a promise of its that is rejected, makes a 500. */
export type NodeFunction = (req: NodeRequest, res: ServerResponse) => unknown;

/** `upgrade` takes connections over that a client wants to upgrade, as listeners of node:http's event do. */
export interface Upgradable {
  readonly upgrade?: (req: NodeRequest, socket: Socket, head: Buffer) => unknown;
}

/** A connection that a client wants to upgrade, and what was read of it behind the request. */
export interface Upgrade {
  readonly socket: Socket;
  readonly head: Buffer;
}

/** An app with a handler inside it: Koa. */
export interface CallbackApp extends Upgradable {
  callback(): NodeFunction;
}

/** An app that has to get ready first: Fastify. */
export interface RoutingApp {
  ready(): PromiseLike<unknown>;
  routing(req: IncomingMessage, res: ServerResponse): unknown;
  readonly server?: EventEmitter;
}

/** `node.app`: a function of `(req, res)`, such as an Express app or an `upgrade` beside it; a Koa app; a Fastify instance. */
export type NodeApp = (NodeFunction & Upgradable) | CallbackApp | RoutingApp;

/**
 * Connect middleware, as a filter: `next()` goes on to the app below, `next(error)` hands an error to the nearest
 * NodeErrorFilter above, or makes a 500.
 */
export type NodeFilter = (req: NodeRequest, res: ServerResponse, next: (error?: unknown) => void) => unknown;

/**
 * Connect's error-handling middleware, as a filter: answers where what is below throws, rejects or says `next(error)`
 * before the head of its answer was sent. `error` is what was thrown, whatever that is. `next(other)` hands an error on
 * to those above, `next()` the one that came. Connect tells it from a NodeFilter by its four parameters, all of which
 * it has to have.
 */
export type NodeErrorFilter = (
  error: unknown,
  req: NodeRequest,
  res: ServerResponse,
  next: (error?: unknown) => void,
) => unknown;
