// wsgi.input: the request body as the stream of PEP 3333, over the chunks of an engine.
// It asks the engine for nothing before the app asks for something, and never reads ahead of the app by more than a chunk.
import { WsgiServeError } from '../errors.js';
import type { BodyReader } from './exchange.js';
import type { InputStream } from './wsgi-types.js';

const EMPTY = Buffer.alloc(0);
const NEWLINE = 0x0a;

/**
 * The body of a request. A method that is called while another still waits is refused (`contract`): the two would
 * share the bytes between them in no order. Rejects as the engine's reader does: the client is gone, a limit is hit.
 */
export class RequestInput implements InputStream {
  readonly #source: { readonly body: BodyReader };
  /** What was read of the body and not yet given out. */
  #rest: Buffer = EMPTY;
  #ended = false;
  #busy = false;
  #isUntouched = true;

  constructor(source: { readonly body: BodyReader }) {
    this.#source = source;
  }

  read(size?: number | null): Promise<Buffer> {
    return this.#alone(() => this.#collect(size));
  }

  readline(size?: number | null): Promise<Buffer> {
    return this.#alone(() => this.#collect(size, NEWLINE));
  }

  readlines(hint?: number | null): Promise<Buffer[]> {
    return this.#alone(async () => {
      const lines: Buffer[] = [];
      for (let left = limitOf(hint); left > 0; ) {
        const line = await this.#collect(undefined, NEWLINE);
        if (line.length === 0) break;
        lines.push(line);
        left -= line.length;
      }
      return lines;
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, void> {
    for (;;) {
      const line = await this.readline();
      if (line.length === 0) return;
      yield line;
    }
  }

  /** Whether this is the body of `exchange`, and nothing was asked for yet: others may read it at its source then. */
  isUntouchedBodyOf(exchange: { readonly body: BodyReader }): boolean {
    return this.#isUntouched && this.#source === exchange;
  }

  async #alone<T>(read: () => Promise<T>): Promise<T> {
    this.#isUntouched = false;
    if (this.#busy) throw new WsgiServeError('contract', 'wsgi.input is read by two at a time');
    this.#busy = true;
    try {
      return await read();
    } finally {
      this.#busy = false;
    }
  }

  /** Bytes until `size` of them, the byte `last` (which is part of it) or the end of the body, copied once at most. */
  async #collect(size: number | null | undefined, last?: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let left = limitOf(size);
    while (left > 0 && (await this.#fill())) {
      const found = last === undefined ? -1 : this.#rest.indexOf(last);
      const end = Math.min(left, found === -1 ? this.#rest.length : found + 1);
      parts.push(this.#rest.subarray(0, end));
      this.#rest = this.#rest.subarray(end);
      left = found !== -1 && end === found + 1 ? 0 : left - end;
    }
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
  }

  /** Has something in `#rest`; false at the end of the body. */
  async #fill(): Promise<boolean> {
    if (this.#rest.length > 0) return true;
    if (this.#ended) return false;
    const chunk = await this.#source.body.read();
    if (chunk === null) this.#ended = true;
    else this.#rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    return chunk !== null;
  }
}

/** Ends `body` after `length` bytes, for engines whose input has no end of its own (CGI); rejects where it ends earlier. */
export function limitBody(body: BodyReader, length: number): BodyReader {
  let left = length;
  return {
    async read() {
      if (left === 0) return null;
      const chunk = await body.read();
      if (chunk === null) throw shortBody(length - left, length);
      const taken = chunk.subarray(0, left);
      left -= taken.length;
      return taken;
    },
  };
}

/** Chunks of any async iterable of bytes, such as a Readable, as a body. */
export function bodyOf(chunks: AsyncIterable<Uint8Array>): BodyReader {
  let iterator: AsyncIterator<Uint8Array> | null = null;
  return {
    async read() {
      iterator ??= chunks[Symbol.asyncIterator]();
      for (;;) {
        const step = await iterator.next();
        if (step.done === true) return null;
        if (step.value.length > 0) return step.value;
      }
    },
  };
}

function shortBody(got: number, expected: number): WsgiServeError {
  return new WsgiServeError('contract', `the request body ends after ${got} of ${expected} bytes`);
}

/** A size as Python takes it: left out, null or negative, it means all. */
function limitOf(size: number | null | undefined): number {
  return size === undefined || size === null || size < 0 ? Number.POSITIVE_INFINITY : size;
}
