// The request as WSGI filters left it: what a node or fetch app below them sees. Called by deferred-body.ts.
// Where nothing was changed it is the exchange's own head, found out without making anything.
import type { AnswerOptions } from './answer-options.js';
import { createEnviron, variableOf } from './environ.js';
import type { BodyReader, Connection, Incoming, RequestHead } from './exchange.js';
import { RequestInput } from './input.js';
import { keptAnswer } from './kept-answer.js';
import type { GatewayOptions, SeenRequest } from './run.js';
import { decodePath } from './target.js';
import type { Environ, InputStream } from './wsgi-types.js';

/** How much of a body is asked for at a time where it is read through `wsgi.input`. */
const PIECE = 65_536;
const TERMINATED = 'wsgi.input_terminated';

/** What `environ` says of the request that came in on `exchange`. */
export function seenThrough(environ: Environ, exchange: Incoming): SeenRequest {
  const { request } = exchange;
  const { base, url } = seenTarget(environ, request.target);
  const rawHeaders = seenHeaders(environ, exchange);
  const method = String(environ.REQUEST_METHOD);
  const isSame = url === request.target && rawHeaders === request.rawHeaders && method === request.method;
  return {
    head: isSame ? request : { ...request, method, target: url, rawHeaders },
    base,
    body: seenBody(environ, exchange),
  };
}

/** What `environ` was made of; where another server made it, as much of it as the environ tells. */
export function incomingOf(environ: Environ): Incoming {
  const answer = keptAnswer(environ);
  if (answer !== null) return answer.exchange;
  const body = readerOf(environ['wsgi.input']);
  return { request: headOf(environ), connection: connectionOf(environ), body };
}

/** Its headers are left to seenHeaders, which finds them all added. */
function headOf(environ: Environ): RequestHead {
  const target = environ.RAW_URI ?? environ.REQUEST_URI ?? '/';
  const httpVersion = String(environ.SERVER_PROTOCOL).replace(/^HTTP\//, '');
  return { method: String(environ.REQUEST_METHOD), target, httpVersion, rawHeaders: [] };
}

function connectionOf(environ: Environ): Connection {
  return {
    scheme: environ['wsgi.url_scheme'] === 'https' ? 'https' : 'http',
    remoteAddress: environ.REMOTE_ADDR ?? '',
    remotePort: environ.REMOTE_PORT ?? '',
    serverName: environ.SERVER_NAME,
    serverPort: environ.SERVER_PORT,
  };
}

/** The facts of a server, out of an environ that it made, with what its gateway does about mistakes. */
export function optionsOf(environ: Environ, options: AnswerOptions): GatewayOptions {
  const { onError, onWarning, strictHeaders = true, recovery = null } = options;
  const software = environ['SERVER_SOFTWARE'];
  return {
    errors: environ['wsgi.errors'],
    maxConcurrency: environ['wsgi.multithread'] ? 0 : 1,
    multiprocess: environ['wsgi.multiprocess'],
    runOnce: environ['wsgi.run_once'],
    ...(typeof software === 'string' ? { serverSoftware: software } : {}),
    ...(onWarning === undefined ? {} : { onWarning }),
    onError,
    strictHeaders,
    recovery,
  };
}

/** What was read through `wsgi.input`, or put in its place, has to be read on there. */
function seenBody(environ: Environ, exchange: Incoming): BodyReader | null {
  const input = environ['wsgi.input'];
  return input instanceof RequestInput && input.isUntouchedBodyOf(exchange) ? null : readerOf(input);
}

/** The rest of `input`. */
function readerOf(input: InputStream): BodyReader {
  return {
    async read() {
      const chunk = await input.read(PIECE);
      return chunk.length === 0 ? null : chunk;
    },
  };
}

interface SeenTarget {
  readonly base: string;
  readonly url: string;
}

function seenTarget(environ: Environ, target: string): SeenTarget {
  const mark = target.indexOf('?');
  const path = originForm(mark === -1 ? target : target.slice(0, mark));
  const rawQuery = mark === -1 ? '' : target.slice(mark);
  const query = String(environ.QUERY_STRING ?? '');
  const suffix = query === rawQuery.slice(1) ? rawQuery : query === '' ? '' : `?${query}`;
  const { SCRIPT_NAME: mount, PATH_INFO: rest } = environ;
  const base = rawMount(path, mount, rest);
  if (base === null) return { base: encodePath(mount), url: `${encodePath(rest) || '/'}${suffix}` };
  return { base, url: `${path.slice(base.length) || '/'}${suffix}` };
}

/** The path of a target that names its host too; any other as it is. */
function originForm(path: string): string {
  return path.charCodeAt(0) === 47 || path === '*' ? path : path.replace(/^https?:\/\/[^/]+/i, '');
}

/** The beginning of `path` that decodes to `mount`, where the rest decodes to `rest`; null where filters changed it. */
function rawMount(path: string, mount: string, rest: string): string | null {
  if (path === '*') return mount === '' && rest === '' ? '' : null;
  if (!path.includes('%')) return path === mount + rest ? mount : null;
  for (let end = 0; end !== -1; end = nextEnd(path, end)) {
    if (decodePath(path.slice(0, end)) === mount && decodePath(path.slice(end)) === rest) {
      return path.slice(0, end);
    }
  }
  return null;
}

/** Where the next segment of `path` ends; -1 behind the last one. */
function nextEnd(path: string, end: number): number {
  if (end >= path.length) return -1;
  const slash = path.indexOf('/', end + 1);
  return slash === -1 ? path.length : slash;
}

/** A decoded path as it stands in a target. */
function encodePath(path: string): string {
  return encodeURI(path).replace(/[?#]/g, encodeURIComponent);
}

function seenHeaders(environ: Environ, exchange: Incoming): readonly string[] {
  const { rawHeaders } = exchange.request;
  return hasHeaders(environ, rawHeaders) ? rawHeaders : changedHeaders(environ, exchange);
}

/** Whether the header variables of `environ` are those of `rawHeaders`; false also where one header came twice. */
function hasHeaders(environ: Environ, rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const variable = variableOf(rawHeaders[index] ?? '');
    if (variable === '') continue;
    const value = environ[variable];
    if (value !== rawHeaders[index + 1] && !(variable === TERMINATED && value === true)) return false;
    if (variable.startsWith('HTTP_')) count += 1;
  }
  for (const key in environ) if (key.startsWith('HTTP_')) count -= 1;
  return count === 0;
}

/** The headers one by one: those that say what they said stay as they came, the others as `environ` has them. */
function changedHeaders(environ: Environ, exchange: Incoming): readonly string[] {
  const { rawHeaders } = exchange.request;
  const original = createEnviron(exchange, { errors: environ['wsgi.errors'] });
  const headers: string[] = [];
  const said = new Set<string>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const variable = variableOf(name);
    const value = environ[variable];
    if (variable === '' || (value !== undefined && value === original?.[variable])) {
      headers.push(name, rawHeaders[index + 1] ?? '');
    } else if (typeof value === 'string' && !said.has(variable)) {
      headers.push(name, value);
    }
    said.add(variable);
  }
  for (const key of Object.keys(environ)) {
    const value = environ[key];
    if (typeof value === 'string' && !said.has(key) && isHeader(key)) headers.push(headerName(key), value);
  }
  return headers;
}

function isHeader(key: string): boolean {
  return key.startsWith('HTTP_') || key === 'CONTENT_TYPE' || key === 'CONTENT_LENGTH';
}

function headerName(variable: string): string {
  return variable
    .replace(/^HTTP_/, '')
    .toLowerCase()
    .replaceAll('_', '-');
}
