// From a request to the environ that an app gets (PEP 3333, RFC 3875): called by wsgi.ts for every request.
// It never reads the body, and never takes a value from a place that the client could have spoofed through a header.
import type { Incoming } from './exchange.js';
import { fileWrapper } from './file-wrapper.js';
import { RequestInput } from './input.js';
import { parseTarget } from './target.js';
import type { Environ, ErrorStream } from './wsgi-types.js';

/** What is the same for every request of a server. */
export interface ServerFacts {
  /** Where the app is mounted, such as `/site`, without a slash at the end. Default '': at the root. */
  readonly scriptName?: string;
  /** SERVER_SOFTWARE; default `wsgi-serve`. */
  readonly serverSoftware?: string;
  /** Whether other processes serve the same app; default false. */
  readonly multiprocess?: boolean;
  /** How many requests may be under way at a time, the others waiting for their turn; default 0, any number. */
  readonly maxConcurrency?: number;
  /** Whether the app is called for this one request only; default false. */
  readonly runOnce?: boolean;
  /** `wsgi.errors`. */
  readonly errors: ErrorStream;
}

const VERSION = Object.freeze([1, 0] as const);
/** What an app sees of Transfer-Encoding: that its input ends by itself. */
const TERMINATED = 'wsgi.input_terminated';

/** A fresh environ for one request; null where the request is not one that an app can answer: 400. */
export function createEnviron(exchange: Incoming, facts: ServerFacts): Environ | null {
  const { request, connection } = exchange;
  const target = parseTarget(request.target);
  if (target === null) return null;
  const environ: Environ = {
    REQUEST_METHOD: request.method,
    SCRIPT_NAME: '',
    PATH_INFO: target.path,
    QUERY_STRING: target.query,
    REQUEST_URI: request.target,
    RAW_URI: request.target,
    SERVER_NAME: connection.serverName,
    SERVER_PORT: connection.serverPort,
    SERVER_PROTOCOL: request.httpVersion === '1.1' ? 'HTTP/1.1' : `HTTP/${request.httpVersion}`,
    SERVER_SOFTWARE: facts.serverSoftware ?? 'wsgi-serve',
    GATEWAY_INTERFACE: 'CGI/1.1',
    'wsgi.version': VERSION,
    'wsgi.url_scheme': connection.scheme,
    'wsgi.input': new RequestInput(exchange),
    'wsgi.errors': facts.errors,
    'wsgi.multithread': facts.maxConcurrency !== 1,
    'wsgi.multiprocess': facts.multiprocess ?? false,
    'wsgi.run_once': facts.runOnce ?? false,
    'wsgi.file_wrapper': fileWrapper,
  };
  // The peer of a unix socket has no address, and a missing variable is left out, not empty.
  if (connection.remoteAddress !== '') environ.REMOTE_ADDR = connection.remoteAddress;
  if (connection.remotePort !== '') environ.REMOTE_PORT = connection.remotePort;
  if (connection.scheme === 'https') environ['HTTPS'] = 'on';
  if (!addHeaders(environ, request.rawHeaders)) return null;
  if (target.authority !== null) environ.HTTP_HOST = target.authority;
  if (facts.scriptName) mount(environ, facts.scriptName);
  return environ;
}

/** False where the headers cannot be trusted: two hosts, a length that is no number. */
function addHeaders(environ: Environ, rawHeaders: readonly string[]): boolean {
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const variable = variableOf(rawHeaders[index] ?? '');
    if (variable === '') continue;
    const value = rawHeaders[index + 1] ?? '';
    const earlier = environ[variable];
    if (variable === TERMINATED) environ[TERMINATED] = true;
    else if (earlier === undefined) environ[variable] = value;
    else if (variable === 'HTTP_HOST') return false;
    else environ[variable] = `${String(earlier)}${variable === 'HTTP_COOKIE' ? '; ' : ','}${value}`;
  }
  // RFC 9112 section 6.3: the chunks end the body, whatever a length says.
  if (environ[TERMINATED] === true) delete environ.CONTENT_LENGTH;
  return environ.CONTENT_LENGTH === undefined || /^\d+$/.test(environ.CONTENT_LENGTH);
}

/** Moves what `scriptName` covers from PATH_INFO to SCRIPT_NAME; a path outside of it stays whole. */
function mount(environ: Environ, scriptName: string): void {
  environ.SCRIPT_NAME = scriptName;
  const path = environ.PATH_INFO;
  if (path === scriptName || path.startsWith(`${scriptName}/`)) {
    environ.PATH_INFO = path.slice(scriptName.length);
  }
}

/** Header names as clients send them are few; making the variable's name anew each time is what would cost. */
const variables = new Map<string, string>();
const MOST_VARIABLES = 1000;

/** The environ variable of a header; '' for one that has none. */
export function variableOf(headerName: string): string {
  const known = variables.get(headerName);
  if (known !== undefined) return known;
  const variable = makeVariable(headerName);
  // A client can send any number of names: what it makes us remember is bounded.
  if (variables.size >= MOST_VARIABLES) variables.clear();
  variables.set(headerName, variable);
  return variable;
}

/** `HTTP_X_NAME` for `X-Name`; '' for a name with `_`, which would pass for the same name with `-`. */
function makeVariable(headerName: string): string {
  if (headerName.includes('_')) return '';
  const name = headerName.toUpperCase().replaceAll('-', '_');
  if (name === 'TRANSFER_ENCODING') return TERMINATED;
  return name === 'CONTENT_TYPE' || name === 'CONTENT_LENGTH' ? name : `HTTP_${name}`;
}
