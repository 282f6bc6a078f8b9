// The WSGI contract (PEP 3333) in JavaScript, as types for the authors of apps and filters.
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';

/**
 * One request, as PEP 3333 lays it out: CGI variables as strings, `wsgi.*` keys, and whatever filters add.
 * A fresh plain object for each request, which apps and filters may change. PATH_INFO and SCRIPT_NAME are
 * percent-decoded UTF-8; REQUEST_URI and RAW_URI hold what was sent.
 */
export interface Environ {
  REQUEST_METHOD: string;
  SCRIPT_NAME: string;
  PATH_INFO: string;
  QUERY_STRING: string;
  SERVER_NAME: string;
  SERVER_PORT: string;
  SERVER_PROTOCOL: string;
  REMOTE_ADDR?: string;
  REMOTE_PORT?: string;
  REMOTE_USER?: string;
  CONTENT_TYPE?: string;
  CONTENT_LENGTH?: string;
  REQUEST_URI?: string;
  RAW_URI?: string;
  HTTP_HOST?: string;
  'wsgi.version': readonly [1, 0];
  'wsgi.url_scheme': string;
  'wsgi.input': InputStream;
  'wsgi.errors': ErrorStream;
  'wsgi.multithread': boolean;
  'wsgi.multiprocess': boolean;
  'wsgi.run_once': boolean;
  /**
   * Makes a body of a file, from its position to its end, in blocks of about `blockSize` bytes (default 8192). Returned
   * as it is, a FileHandle of a regular file gets a Content-Length where its position can be told (on Linux); of any
   * file no more is sent than a Content-Length of the app's says. The file is closed with the body.
   */
  'wsgi.file_wrapper'?: (file: FileLike, blockSize?: number) => WsgiBody;
  [key: string]: unknown;
}

/** A response header. Any iterable of such pairs is taken; an array of arrays is what the contract asks for. */
export type Header = readonly [name: string, value: string];

/** PEP 3333's `write`: the promise resolves when the client has taken enough; awaiting it is back-pressure. */
export type Write = (chunk: Uint8Array | string) => Promise<void>;

/**
 * Begins the response: `status` is `200 OK`-like. Nothing is sent before the first chunk, so that an app may call it
 * again with `excInfo`, the error that made it change its mind; once bytes were sent that error is thrown again.
 */
export type StartResponse = (status: string, headers: Iterable<Header>, excInfo?: Error | null) => Write;

export type Chunk = Uint8Array | string;

/** What an app returns: chunks, all at hand or as they come; `close`, if there is one, is always called, once. */
export type WsgiBody = (Iterable<Chunk> | AsyncIterable<Chunk> | string) & { close?: () => unknown };

/** What `wsgi.file_wrapper` takes. `read` gives up to `size` bytes, at its end none or null. */
export type FileLike =
  | FileHandle
  | Readable
  | { read(size: number): Chunk | null | PromiseLike<Chunk | null>; close?(): unknown };

/** A WSGI app: called once for each request, any number of requests at a time. */
export type WsgiApp = (environ: Environ, startResponse: StartResponse) => WsgiBody | Promise<WsgiBody>;

/** `wsgi.input`: the request body. At its end every method gives what is left, then nothing (an empty Buffer). */
export interface InputStream {
  /** Up to `size` bytes, fewer only at the end; without `size`, with null or a negative one, all that is left. */
  read(size?: number | null): Promise<Buffer>;
  /** One line with its `\n`, or up to `size` bytes of it. */
  readline(size?: number | null): Promise<Buffer>;
  /** Lines until at least `hint` bytes were read; without it, all. */
  readlines(hint?: number | null): Promise<Buffer[]>;
  /** Line by line. */
  [Symbol.asyncIterator](): AsyncIterator<Buffer>;
}

/** `wsgi.errors`: where an app complains. Text of any kind. */
export interface ErrorStream {
  write(text: string): void;
  writelines(lines: Iterable<string>): void;
  flush(): void;
}
