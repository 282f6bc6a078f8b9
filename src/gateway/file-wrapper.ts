// wsgi.file_wrapper of PEP 3333: a file as the body of an answer. Made by apps; the gateway knows it by its class.
// Nothing is read of the file, and nothing sent, before the body is asked for its first chunk.
import { readFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { WsgiServeError } from '../errors.js';
import { closerOf, muteStream } from './body.js';
import type { FileLike } from './wsgi-types.js';

/** `wsgi.file_wrapper`: see Environ. Throws `contract` for what is no file. */
export function fileWrapper(file: FileLike, blockSize = 8192): FileWrapper {
  return new FileWrapper(file, blockSize);
}

/** Of what the gateway itself reads; PEP 3333 has the size of a block as a suggestion. */
const GATEWAY_BLOCK = 65_536;
const END: IteratorResult<Uint8Array, undefined> = { done: true, value: undefined };

/** A file from its position at the first read to its end. */
export class FileWrapper implements AsyncIterable<Uint8Array> {
  readonly #file: FileLike;
  readonly #read: ReadBlock;
  #blockSize: number;
  /** Bytes that may still be given. */
  #left = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(file: FileLike, blockSize: number) {
    if (!Number.isInteger(blockSize) || blockSize < 1) {
      throw broken(`takes a number of bytes as the size of a block, not ${String(blockSize)}`);
    }
    this.#file = file;
    this.#read = readerOf(file);
    this.#blockSize = blockSize;
    muteStream(file);
  }

  /** Bytes between position and end; null where they are not known before they were read. */
  async size(): Promise<number | null> {
    const file = this.#file;
    if (!isFileHandle(file)) return null;
    const stat = await file.stat();
    const position = positionOf(file.fd);
    // The files of /proc have a size of 0 and something in them.
    if (!stat.isFile() || stat.size === 0 || position === null) return null;
    return Math.max(0, stat.size - position);
  }

  /** For the gateway: gives `size` more bytes at most, in blocks that suit it. */
  limit(size: number): void {
    this.#left = size;
    this.#blockSize = Math.max(this.#blockSize, GATEWAY_BLOCK);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return { next: () => this.#next() };
  }

  /** Closes the file, where it can be closed; only the first call does anything. */
  close(): unknown {
    if (this.#closed) return undefined;
    this.#closed = true;
    return closerOf(this.#file)?.();
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#left === 0) return END;
    const block = await this.#read(Math.min(this.#blockSize, this.#left));
    if (block === null) return END;
    // A stream gives what it has, whatever it was asked for.
    const value = block.subarray(0, this.#left);
    this.#left -= value.length;
    return { done: false, value };
  }
}

/** Up to `size` bytes from where the last read ended; null at the end. */
type ReadBlock = (size: number) => Promise<Uint8Array | null>;

function readerOf(file: FileLike): ReadBlock {
  if (file instanceof Readable) return chunksOf(file);
  if (isFileHandle(file)) return (size) => readHandle(file, size);
  if (typeof file === 'object' && file !== null && 'read' in file && typeof file.read === 'function') {
    return async (size) => bytesOf(await file.read(size));
  }
  throw broken('takes a FileHandle, a Readable or something with read(size)');
}

function chunksOf(stream: Readable): ReadBlock {
  let chunks: AsyncIterator<unknown> | null = null;
  return async () => {
    chunks ??= stream[Symbol.asyncIterator]();
    for (;;) {
      const step = await chunks.next();
      if (step.done === true) return null;
      const bytes = bytesOf(step.value);
      if (bytes !== null) return bytes;
    }
  };
}

async function readHandle(file: FileHandle, size: number): Promise<Uint8Array | null> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(size), 0, size, null);
  return bytesRead === 0 ? null : buffer.subarray(0, bytesRead);
}

/** Null where there are none. */
function bytesOf(block: unknown): Uint8Array | null {
  if (block === null || block === undefined) return null;
  const bytes = typeof block === 'string' ? Buffer.from(block) : block;
  if (!(bytes instanceof Uint8Array)) throw broken(`read something of type ${typeof block} from a file`);
  return bytes.length === 0 ? null : bytes;
}

/** node:fs has no public class of it: the descriptor and what can be asked of it tell it from other things to read. */
function isFileHandle(file: FileLike): file is FileHandle {
  return typeof file === 'object' && file !== null && 'fd' in file && 'stat' in file;
}

/** Where the next read of `fd` begins. Linux tells it, in a file that costs no wait; null elsewhere. */
function positionOf(fd: number): number | null {
  try {
    const position = /^pos:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    return position === undefined ? null : Number(position);
  } catch {
    return null;
  }
}

function broken(message: string): WsgiServeError {
  return new WsgiServeError('contract', `wsgi.file_wrapper ${message}`);
}
