// The URL of a request, put together from what environ says at the moment (PEP 3333, "URL Reconstruction").
// For authors of apps and filters; it remembers nothing, so that what a filter changed a moment ago counts.
import type { Environ } from './wsgi-types.js';

export interface UrlParts {
  /** Whether QUERY_STRING follows, where there is one. Default true. */
  readonly query?: boolean;
}

/**
 * The URL that `environ` stands for, such as `https://example.com/site/a%20b?c=d`: the host of HTTP_HOST, else of
 * SERVER_NAME and SERVER_PORT, without the default port of its scheme. Paths are percent-encoded as UTF-8, with the
 * safe characters of wsgiref; the query stays as it was sent. Of an empty path the root is left, `/`.
 */
export function constructUrl(environ: Environ, { query = true }: UrlParts = {}): string {
  const { SCRIPT_NAME: mount = '', PATH_INFO: rest = '', QUERY_STRING: search } = environ;
  const path = quote(mount, UNSAFE_IN_MOUNT) + quote(rest, UNSAFE_IN_PATH);
  const url = `${environ['wsgi.url_scheme']}://${hostOf(environ)}${path === '' ? '/' : path}`;
  return query && search ? `${url}?${search}` : url;
}

const UNSAFE_IN_MOUNT = /[^A-Za-z0-9_.~/-]+/g;
const UNSAFE_IN_PATH = /[^A-Za-z0-9_.~/;=,-]+/g;

function hostOf(environ: Environ): string {
  const scheme = environ['wsgi.url_scheme'];
  const host = environ.HTTP_HOST || `${bracketed(environ.SERVER_NAME)}:${environ.SERVER_PORT}`;
  const defaultPort = scheme === 'https' ? ':443' : ':80';
  return host.endsWith(defaultPort) ? host.slice(0, -defaultPort.length) : host;
}

/** An IPv6 address as it stands before a port: RFC 3986 section 3.2.2. */
function bracketed(name: string): string {
  return name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
}

function quote(text: string, unsafe: RegExp): string {
  return text.replace(unsafe, (run) => Buffer.from(run).toString('hex').toUpperCase().replace(/../g, '%$&'));
}
