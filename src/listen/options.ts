// The options of a [server:*] section: one table with each one's converter, default and explanation.
// Read by parse-options.ts; the README's table is tested against it.
import {
  boolean,
  duration,
  integer,
  oneOf,
  permissions,
  size,
  sizeFromOne,
  text,
  urlPath,
} from '../config/convert.js';
import { socketPath } from './address.js';
import { hostNames } from './front/host.js';
import { type Option, option, optional } from './option.js';

/** Every option of a server, converted: times in milliseconds, sizes in bytes. */
export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly unix_socket: string | null;
  readonly unix_socket_perms: number;
  readonly backlog: number;
  readonly connection_limit: number;
  readonly headers_timeout: number;
  readonly request_timeout: number;
  readonly body_timeout: number;
  readonly send_timeout: number;
  readonly keepalive_timeout: number;
  readonly max_request_header_size: number;
  readonly max_headers: number;
  readonly max_request_body_size: number;
  readonly max_requests_per_connection: number;
  readonly graceful_timeout: number;
  readonly allowed_hosts: readonly string[] | null;
  readonly url_scheme: 'http' | 'https';
  readonly server_name: string | null;
  readonly trusted_proxy: string | null;
  readonly trusted_proxy_count: number | null;
  readonly trusted_proxy_headers: string | null;
  readonly clear_untrusted_proxy_headers: boolean;
  readonly proxy_protocol: boolean;
  readonly strict_headers: boolean;
  readonly max_concurrency: number;
  readonly ready_path: string | null;
  readonly access_log: 'off' | 'common' | 'combined' | 'json';
}

export type OptionName = keyof ServerOptions;

/** Every option by its name in the file. */
export const OPTIONS: { readonly [K in OptionName]: Option<ServerOptions[K]> } = {
  host: option(text, '127.0.0.1', 'Address or name to listen on; host:port and unix:PATH are taken too', [
    'listen',
    'bind',
  ]),
  port: option(integer(0, 65_535), '8080', 'Port; 0 takes a free one'),
  unix_socket: optional(
    socketPath,
    'Path of a unix socket to listen on instead, seen from the working folder',
  ),
  unix_socket_perms: option(permissions, '600', 'Permissions of the unix socket'),
  backlog: option(integer(1, 2 ** 31 - 1), '1024', 'Connections that the kernel keeps waiting', [
    'request_queue_size',
  ]),
  connection_limit: option(
    integer(),
    '10000',
    'Most connections at a time, WebSockets among them; 0 sets no limit',
    ['worker_connections'],
  ),
  headers_timeout: option(duration, '30s', 'Time for a request head to arrive; 0 sets no limit'),
  request_timeout: option(duration, '300s', 'Time for a whole request to arrive; 0 sets no limit'),
  body_timeout: option(duration, '30s', 'Time between two pieces of a request body; 0 sets no limit'),
  send_timeout: option(
    duration,
    '120s',
    'Time without a byte while a request comes in or is answered; 0 sets no limit',
    ['channel_timeout', 'socket_timeout'],
  ),
  keepalive_timeout: option(duration, '65s', 'Time that an idle connection is kept; 0 sets no limit', [
    'keepalive',
  ]),
  max_request_header_size: option(sizeFromOne, '16 KiB', 'Most bytes of request line and fields together'),
  max_headers: option(integer(1), '100', 'Most fields of a request', ['limit_request_fields']),
  max_request_body_size: option(size, '1 GiB', 'Most bytes of a request body; 0 sets no limit'),
  max_requests_per_connection: option(integer(), '1000', 'Most requests on one connection; 0 sets no limit'),
  graceful_timeout: option(
    duration,
    '30s',
    'Time for requests under way to finish when the server stops; 0 cuts them',
  ),
  allowed_hosts: optional(
    hostNames,
    'Hosts that requests may name, `.example.org` with all below it; others are refused',
  ),
  url_scheme: option(oneOf('http', 'https'), 'http', 'What wsgi.url_scheme says: https behind a TLS proxy'),
  server_name: optional(text, 'What SERVER_NAME says instead of the local address'),
  trusted_proxy: optional(
    text,
    'Addresses and networks of proxies whose word is taken; `unix`, or `*` for everybody',
  ),
  trusted_proxy_count: optional(
    integer(1),
    'How many trusted proxies stand in a row; 1 where it is left out',
  ),
  trusted_proxy_headers: optional(text, 'Which fields they set; x-forwarded-proto where it is left out'),
  clear_untrusted_proxy_headers: option(boolean, 'true', 'Whether apps see no such fields of anybody else'),
  proxy_protocol: option(boolean, 'false', 'Whether every connection begins with a PROXY header'),
  strict_headers: option(
    boolean,
    'true',
    'Whether an app fails by hop-by-hop headers; false leaves them out',
  ),
  max_concurrency: option(
    integer(),
    '0',
    'Most requests that the app answers at a time, none of them an open WebSocket; 0 sets no limit',
  ),
  ready_path: optional(
    urlPath,
    'Path that answers 200, and 503 once a stop was asked for; neither apps nor the access log see it',
  ),
  access_log: option(
    oneOf('off', 'common', 'combined', 'json'),
    'off',
    'off, common, combined or json: one line for each request, on standard output',
  ),
};

/** Options of Paste's, Waitress's and gunicorn's servers that mean nothing here: taken, and `check` says so. */
export const FOREIGN_OPTIONS: ReadonlySet<string> = new Set([
  ...[
    'threads',
    'numthreads',
    'use_threadpool',
    'daemon_threads',
    'threadpool_workers',
    'threadpool_options',
  ],
  ...['threadpool_max_requests', 'threadpool_hung_thread_limit', 'threadpool_kill_thread_limit'],
  ...['threadpool_dying_limit', 'threadpool_spawn_if_under', 'threadpool_max_zombie_threads_before_die'],
  ...[
    'threadpool_hung_check_period',
    'threadpool_logger',
    'protocol_version',
    'start_loop',
    'server_version',
  ],
  ...['workers', 'worker_class', 'proc_name', 'preload_app', 'timeout', 'accesslog'],
  ...['errorlog', 'loglevel', 'recv_bytes', 'send_bytes', 'outbuf_overflow', 'outbuf_high_watermark'],
  ...[
    'inbuf_overflow',
    'cleanup_interval',
    'log_socket_errors',
    'expose_tracebacks',
    'ident',
    'asyncore_use_poll',
  ],
  ...['asyncore_loop_timeout', 'channel_request_lookahead', 'log_untrusted_proxy_headers', 'ipv4', 'ipv6'],
]);
