// What lint asks of a server: an environ by PEP 3333, and of an app: only the stream methods that every server has.
// Called by lint.ts for every request.
import { WsgiServeError } from '../errors.js';
import type { Environ, ErrorStream, InputStream } from './wsgi-types.js';

/** Throws `contract` where `environ` breaks PEP 3333; hands `warn` what is only unusual. */
export function checkEnviron(environ: Environ, warn: (message: string) => void): void {
  const values: Readonly<Record<string, unknown>> = environ;
  if (!isPlainObject(environ)) throw wrong('is not a plain object');
  for (const key of REQUIRED) if (values[key] === undefined) throw wrong(`has no ${key}`);
  for (const key of ['HTTP_CONTENT_TYPE', 'HTTP_CONTENT_LENGTH']) {
    if (key in values) throw wrong(`has ${key}: it belongs into ${key.slice('HTTP_'.length)}`);
  }
  for (const [key, value] of Object.entries(values)) {
    if (!key.includes('.') && typeof value !== 'string') throw wrong(`has ${key}, which is not a string`);
  }
  checkPaths(values);
  checkServerValues(values);
  if (!METHODS.has(environ.REQUEST_METHOD)) warn(`unknown request method ${environ.REQUEST_METHOD}`);
  if (values['QUERY_STRING'] === undefined) warn('environ has no QUERY_STRING');
}

/** Puts streams in place of `wsgi.input` and `wsgi.errors` that can do what PEP 3333 says and nothing else. */
export function guardStreams(environ: Environ): void {
  environ['wsgi.input'] = guardInput(environ['wsgi.input']);
  environ['wsgi.errors'] = guardErrors(environ['wsgi.errors']);
}

const REQUIRED = [
  'REQUEST_METHOD',
  'SERVER_NAME',
  'SERVER_PORT',
  'wsgi.version',
  'wsgi.url_scheme',
  'wsgi.input',
  'wsgi.errors',
  'wsgi.multithread',
  'wsgi.multiprocess',
  'wsgi.run_once',
];
const METHODS = new Set(['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'DELETE', 'TRACE', 'PATCH', 'CONNECT']);

function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function checkPaths(values: Readonly<Record<string, unknown>>): void {
  const { SCRIPT_NAME: script = '', PATH_INFO: path } = values;
  if (script === '/') throw wrong("has SCRIPT_NAME '/': the root is ''");
  if (script === '' && path === undefined) throw wrong('has neither SCRIPT_NAME nor PATH_INFO');
  for (const [key, value] of Object.entries({ SCRIPT_NAME: script, PATH_INFO: path ?? '' })) {
    if (value !== '' && !String(value).startsWith('/'))
      throw wrong(`has ${key} '${value}', which starts with no /`);
  }
}

function checkServerValues(values: Readonly<Record<string, unknown>>): void {
  const { 'wsgi.version': version, 'wsgi.url_scheme': scheme, CONTENT_LENGTH: length = '' } = values;
  if (!Array.isArray(version) || version.join() !== '1,0')
    throw wrong('has a wsgi.version that is not [1, 0]');
  if (scheme !== 'http' && scheme !== 'https') throw wrong(`has wsgi.url_scheme '${scheme}'`);
  if (!/^\d*$/.test(String(length))) throw wrong(`has CONTENT_LENGTH '${length}'`);
  for (const key of ['wsgi.multithread', 'wsgi.multiprocess', 'wsgi.run_once']) {
    if (typeof values[key] !== 'boolean') throw wrong(`has ${key}, which is not true or false`);
  }
  checkMethods(values, 'wsgi.input', ['read', 'readline', 'readlines', Symbol.asyncIterator]);
  checkMethods(values, 'wsgi.errors', ['write', 'writelines', 'flush']);
}

function checkMethods(
  values: Readonly<Record<string, unknown>>,
  key: string,
  methods: readonly (string | symbol)[],
): void {
  const stream = values[key];
  for (const method of methods) {
    const member: unknown =
      typeof stream === 'object' && stream !== null ? Reflect.get(stream, method) : null;
    if (typeof member !== 'function') throw wrong(`has a ${key} without ${String(method)}`);
  }
}

function guardInput(input: InputStream): InputStream {
  return {
    read: async (size) => bytes(await input.read(checkedSize('read', size))),
    readline: async (size) => bytes(await input.readline(checkedSize('readline', size))),
    readlines: async (hint) => (await input.readlines(checkedSize('readlines', hint))).map(bytes),
    async *[Symbol.asyncIterator]() {
      for await (const line of input) yield bytes(line);
    },
  };
}

function guardErrors(errors: ErrorStream): ErrorStream {
  return {
    write: (text) => errors.write(checkedText(text)),
    writelines: (lines) => errors.writelines([...lines].map(checkedText)),
    flush: () => errors.flush(),
  };
}

function checkedSize(method: string, size: number | null | undefined): number | null | undefined {
  if (size === undefined || size === null || Number.isInteger(size)) return size;
  throw broken(`wsgi.input.${method} takes a number of bytes, not ${String(size)}`);
}

function checkedText(text: unknown): string {
  if (typeof text === 'string') return text;
  throw broken(`wsgi.errors takes text, not ${typeof text}`);
}

function bytes(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return value;
  throw broken('wsgi.input gave something that is not a Buffer');
}

function wrong(message: string): WsgiServeError {
  return broken(`environ ${message}`);
}

function broken(message: string): WsgiServeError {
  return new WsgiServeError('contract', `lint: ${message}`);
}
