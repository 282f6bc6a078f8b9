// The CGI engine (RFC 3875, run_with_cgi of PEP 3333): one request from the environment and standard input, answered
// on standard output. Called by scripts that a CGI host starts; nothing but the answer ever goes to standard output.
import type { Readable, Writable } from 'node:stream';
import { errorStream } from './error-stream.js';
import type { BodyReader, Connection, Exchange, RequestHead } from './exchange.js';
import { fileWrapper } from './file-wrapper.js';
import { bodyOf, limitBody, RequestInput } from './input.js';
import { callWsgi } from './wsgi.js';
import type { Environ, WsgiApp } from './wsgi-types.js';

/** What a CGI script is given: `process`, or a stand-in for it. */
export interface CgiProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  exitCode?: number | string | null | undefined;
}

/**
 * Answers the one request of this process with `app`; resolves when all is written. An app that fails leaves exit code
 * 1 and its stack on standard error, and says nothing on standard output that it had not begun: the host answers then.
 */
export async function runWithCgi(app: WsgiApp, host: CgiProcess = process): Promise<void> {
  const exchange = new CgiExchange(host);
  await callWsgi(app, cgiEnviron(host, exchange), exchange, {
    onError: (error) => {
      host.stderr.write(`${error.stack ?? error.message}\n`);
      host.exitCode = 1;
      exchange.abort();
    },
  });
  await exchange.close();
}

/** The environment of the process as it is, and what PEP 3333 adds to it. */
function cgiEnviron({ env, stderr }: CgiProcess, exchange: CgiExchange): Environ {
  const { request, connection } = exchange;
  return {
    REQUEST_METHOD: request.method,
    SCRIPT_NAME: '',
    PATH_INFO: '',
    QUERY_STRING: '',
    SERVER_NAME: connection.serverName,
    SERVER_PORT: connection.serverPort,
    SERVER_PROTOCOL: `HTTP/${request.httpVersion}`,
    ...env,
    'wsgi.version': [1, 0],
    'wsgi.url_scheme': connection.scheme,
    'wsgi.input': new RequestInput(exchange),
    'wsgi.errors': errorStream((text) => stderr.write(text)),
    'wsgi.multithread': false,
    'wsgi.multiprocess': true,
    'wsgi.run_once': true,
    'wsgi.file_wrapper': fileWrapper,
  };
}

class CgiExchange implements Exchange {
  readonly request: RequestHead;
  readonly connection: Connection;
  readonly #host: CgiProcess;
  #body: BodyReader | null = null;
  /** Goes out with the first chunk. */
  #head = '';
  #closed = false;

  constructor(host: CgiProcess) {
    this.request = requestOf(host.env);
    this.connection = connectionOf(host.env);
    this.#host = host;
    // A host that goes away must not end the app before it could clean up.
    host.stdout.on('error', () => {
      this.#closed = true;
    });
  }

  /** Ends after CONTENT_LENGTH bytes: a host may keep standard input open behind them. */
  get body(): BodyReader {
    const { env, stdin } = this.#host;
    this.#body ??= limitBody(
      bodyOf(stdin),
      /^\d+$/.test(env['CONTENT_LENGTH'] ?? '') ? Number(env['CONTENT_LENGTH']) : 0,
    );
    return this.#body;
  }

  get closed(): boolean {
    return this.#closed;
  }

  onClose(listener: () => void): void {
    this.#host.stdout.once('error', listener);
  }

  writeHead(status: number, reason: string, headers: readonly string[]): void {
    const lines = [`Status: ${status} ${reason}\r\n`];
    for (let index = 0; index + 1 < headers.length; index += 2) {
      lines.push(`${headers[index]}: ${headers[index + 1]}\r\n`);
    }
    this.#head = `${lines.join('')}\r\n`;
  }

  write(chunk: Uint8Array | string): Promise<void> | undefined {
    if (this.#closed) return undefined;
    const bytes = Buffer.concat([Buffer.from(this.#head, 'latin1'), Buffer.from(chunk)]);
    this.#head = '';
    // Each chunk is on its way to the host before the app is asked for the next one.
    return new Promise((resolve) => {
      this.#host.stdout.write(bytes, () => resolve());
    });
  }

  end(chunk: Uint8Array | string = ''): void {
    void this.write(chunk);
  }

  abort(): void {
    this.#closed = true;
  }

  /** Resolves when all that was written is on its way, and lets go of standard input, which would keep us running. */
  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.#host.stdout.write('', resolve);
    });
    if (this.#body !== null) this.#host.stdin.destroy();
  }
}

function requestOf(env: CgiProcess['env']): RequestHead {
  const query = env['QUERY_STRING'] ?? '';
  const path = `${env['SCRIPT_NAME'] ?? ''}${env['PATH_INFO'] ?? ''}`;
  return {
    method: env['REQUEST_METHOD'] ?? 'GET',
    target: env['REQUEST_URI'] ?? (query === '' ? path : `${path}?${query}`),
    httpVersion: (env['SERVER_PROTOCOL'] ?? 'HTTP/1.0').replace(/^HTTP\//, ''),
    rawHeaders: [],
  };
}

function connectionOf(env: CgiProcess['env']): Connection {
  const secure = env['HTTPS'] === 'on' || env['HTTPS'] === '1';
  return {
    scheme: secure ? 'https' : 'http',
    remoteAddress: env['REMOTE_ADDR'] ?? '',
    remotePort: env['REMOTE_PORT'] ?? '',
    serverName: env['SERVER_NAME'] ?? 'localhost',
    serverPort: env['SERVER_PORT'] ?? (secure ? '443' : '80'),
  };
}
