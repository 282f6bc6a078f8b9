// One chunk of a body: bytes, or text that stands for its UTF-8. Called by those who pass chunks on.
import type { Chunk } from './wsgi-types.js';

/** Whether `value` is something that can be sent. */
export function isChunk(value: unknown): value is Chunk {
  return typeof value === 'string' || value instanceof Uint8Array;
}

/** In bytes. */
export function sizeOf(chunk: Chunk): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length;
}

/** The first `size` bytes. */
export function clip(chunk: Chunk, size: number): Uint8Array {
  return (typeof chunk === 'string' ? Buffer.from(chunk) : chunk).subarray(0, size);
}

/** In bytes, of what a method of node:http is given to send; 0 for what is no chunk. */
export function bytesOf(chunk: unknown, encoding: unknown): number {
  if (!isChunk(chunk)) return 0;
  return typeof chunk === 'string' ? Buffer.byteLength(chunk, encodingOf(encoding)) : chunk.length;
}

/** The encoding of text that a method of node:http is given to send, which may say none: then it is UTF-8. */
export function encodingOf(value: unknown): BufferEncoding {
  return typeof value === 'string' && Buffer.isEncoding(value) ? value : 'utf8';
}
