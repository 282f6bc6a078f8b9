// The limits of a server's connections in one place, with their defaults. Made of a server's options by whoever makes
// the server; read by gated-server.ts, the gate and the body's watch.
import type { BodyLimits } from './body-limit.js';
import type { GateLimits } from './gate.js';

/** Times in milliseconds, sizes in bytes; 0 sets no limit on a time, Infinity none on a number. */
export interface ConnectionLimits extends GateLimits, BodyLimits {
  /** Most bytes of request line and fields together, and of trailers; above is 431. */
  readonly maxHeaderSize: number;
  /** For the request line and the fields to arrive, from the moment the connection is there; then 408. */
  readonly headersTimeout: number;
  /** For the whole request to arrive; then 408. Not less than `headersTimeout`, or 0. */
  readonly requestTimeout: number;
  /**
   * Without a byte while a request is under way, in either direction while it comes in, to the client once it is there;
   * then the connection is cut.
   */
  readonly sendTimeout: number;
  /** Between an answer and the next request. */
  readonly keepAliveTimeout: number;
  /** The last one is answered with `Connection: close`. */
  readonly maxRequestsPerConnection: number;
  /** Connections at a time; what comes beyond is closed at once. */
  readonly maxConnections: number;
}

export const DEFAULT_LIMITS: ConnectionLimits = {
  maxHeaders: 100,
  maxBodySize: 1024 ** 3,
  allowsHost: null,
  bodyTimeout: 30_000,
  bodyMinRate: 500,
  bodyGrace: 20_000,
  maxHeaderSize: 16 * 1024,
  headersTimeout: 30_000,
  requestTimeout: 300_000,
  sendTimeout: 120_000,
  keepAliveTimeout: 65_000,
  maxRequestsPerConnection: 1000,
  maxConnections: Number.POSITIVE_INFINITY,
};
