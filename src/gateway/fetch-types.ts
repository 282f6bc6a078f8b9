// The contract of apps and filters over Request and Response, as types for their authors.
import type { Environ } from './wsgi-types.js';

/** What a Request does not say. A fetch app gets it as its second argument: what Hono calls `c.env`. */
export interface FetchContext {
  /** The environ of the WSGI parts above; where there are none it is made when it is asked for. */
  readonly environ: Environ;
  /** Where the app is mounted, decoded, such as `/site`; '' at the root. `request.url` lacks it. */
  readonly mount: string;
  /** The client's address; '' on a unix socket. */
  readonly remoteAddress: string;
  /** Work that goes on after the answer: a rejection is told to the log. */
  waitUntil(work: PromiseLike<unknown>): void;
}

export type FetchFunction = (request: Request, context: FetchContext) => Response | PromiseLike<Response>;

/** An object with a `fetch` method, such as Hono, h3 and Elysia make. */
export interface FetchObject {
  fetch(request: Request, context: FetchContext): Response | PromiseLike<Response>;
}

/** `fetch.app`. */
export type FetchApp = FetchFunction | FetchObject;

/** A filter: `next()` gives the answer of the app below, to this request or to the one it is given. */
export type FetchFilter = (
  request: Request,
  next: (request?: Request) => Promise<Response>,
  context: FetchContext,
) => Response | PromiseLike<Response>;
