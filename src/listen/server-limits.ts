// Options of a server -> the limits of its connections and its trusted proxies. Called by parse-options.ts; pure.
import { type ConnectionLimits, DEFAULT_LIMITS } from './front/connection-limits.js';
import { hostFilter } from './front/host.js';
import type { ServerOptions } from './options.js';

/** 0 means no limit in a file; for numbers that is Infinity here. */
export function limitsOf(options: ServerOptions): ConnectionLimits {
  const { allowed_hosts: hosts } = options;
  return {
    ...DEFAULT_LIMITS,
    maxHeaders: options.max_headers,
    maxBodySize: orNone(options.max_request_body_size),
    allowsHost: hosts === null ? null : hostFilter(hosts),
    bodyTimeout: options.body_timeout,
    maxHeaderSize: options.max_request_header_size,
    headersTimeout: options.headers_timeout,
    requestTimeout: options.request_timeout,
    sendTimeout: options.send_timeout,
    keepAliveTimeout: options.keepalive_timeout,
    maxRequestsPerConnection: orNone(options.max_requests_per_connection),
    maxConnections: orNone(options.connection_limit),
  };
}

function orNone(limit: number): number {
  return limit === 0 ? Number.POSITIVE_INFINITY : limit;
}
