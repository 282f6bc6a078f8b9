// Bytes of a deployment file -> text, as Python's text mode with UTF-8 reads it. Called by config/read.ts.
// Never guesses an encoding: what is not UTF-8 is an error that says where.
import { isUtf8 } from 'node:buffer';
import { WsgiServeError } from '../errors.js';
import type { Position, Source } from '../source.js';

/**
 * The text of a file: a byte order mark is left out, and `\r\n` and lone `\r` become `\n` (universal newlines).
 * Throws `encoding` at the first byte that is not UTF-8, and for a NUL, which no text file holds.
 */
export function decodeText(bytes: Uint8Array, path: string): Source {
  const source = { path, text: readText(bytes) };
  const wrong = wideEncoding(bytes) ?? wrongByte(bytes);
  if (wrong === null) return source;
  const start = positionAtEnd(readText(bytes.subarray(0, wrong.offset)));
  const span = { start, end: { line: start.line, column: start.column + 1 } };
  throw new WsgiServeError('encoding', `${path} is not UTF-8 text: ${wrong.why}`, {
    place: { origin: { file: path, section: null, key: null, span }, source },
    hint: 'Save the file as UTF-8',
  });
}

interface WrongByte {
  readonly offset: number;
  readonly why: string;
}

/** The text with universal newlines, and with U+FFFD for what is not UTF-8. */
function readText(bytes: Uint8Array): string {
  const text = new TextDecoder('utf-8').decode(bytes);
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

/** UTF-16 begins with a byte order mark of its own, or has a NUL on one side of its first letter. */
function wideEncoding(bytes: Uint8Array): WrongByte | null {
  const [first, second] = bytes;
  const marked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  const bare = bytes.length > 1 && (first === 0) !== (second === 0);
  return marked || bare ? { offset: 0, why: 'it looks like UTF-16' } : null;
}

function wrongByte(bytes: Uint8Array): WrongByte | null {
  const nul = bytes.indexOf(0);
  const broken = isUtf8(bytes) ? -1 : offsetOfBroken(bytes);
  if (broken !== -1 && (nul === -1 || broken < nul)) {
    const byte = (bytes[broken] ?? 0).toString(16).padStart(2, '0');
    return { offset: broken, why: `byte 0x${byte} at offset ${broken} is part of no character` };
  }
  return nul === -1 ? null : { offset: nul, why: `there is a NUL byte at offset ${nul}` };
}

/** Walks the decoded text beside the bytes: the first U+FFFD that the bytes do not spell out is the broken place. */
function offsetOfBroken(bytes: Uint8Array): number {
  let offset = 0;
  for (const character of new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)) {
    if (character === '\ufffd' && !spellsReplacement(bytes, offset)) break;
    offset += Buffer.byteLength(character);
  }
  return offset;
}

function spellsReplacement(bytes: Uint8Array, offset: number): boolean {
  return bytes[offset] === 0xef && bytes[offset + 1] === 0xbf && bytes[offset + 2] === 0xbd;
}

function positionAtEnd(text: string): Position {
  const lines = text.split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}
