// One request on its way through a pipeline of several kinds: what every bridge hands to the part below it.
import type { AnswerOptions } from './answer-options.js';
import type { ServerFacts } from './environ.js';
import type { BodyReader, Exchange, RequestHead } from './exchange.js';
import type { Environ } from './wsgi-types.js';

/** What a server tells the gateway: facts for environ, and what becomes of the mistakes of apps. */
export interface GatewayOptions extends ServerFacts, AnswerOptions {}

/** The request as the parts above left it. */
export interface SeenRequest {
  /** `target` is in origin form and lacks `base`. */
  readonly head: RequestHead;
  /** The mount, percent-encoded as it was sent; '' at the root. */
  readonly base: string;
  /** Null for the exchange's own body, of which nothing was read yet. */
  readonly body: BodyReader | null;
}

export interface Run {
  /** Where the answer goes. */
  readonly exchange: Exchange;
  readonly seen: SeenRequest;
  readonly options: GatewayOptions;
  /** Of the WSGI part above; null where there is none. */
  readonly environ: Environ | null;
}

/** The run of a request that nobody touched yet. */
export function firstRun(exchange: Exchange, options: GatewayOptions): Run {
  return { exchange, seen: { head: exchange.request, base: '', body: null }, options, environ: null };
}
