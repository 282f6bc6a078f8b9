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
