// What the parser of node:http could not read, as an answer. Pure, called for `clientError`.
import { type Refusal, refuse } from './refusal.js';

/** A parser error of node:http, as far as it matters here. */
export interface ParserError extends Error {
  /** `HPE_...`, `ERR_HTTP_REQUEST_TIMEOUT`, or a system's code such as `ECONNRESET`. */
  readonly code?: string;
  /** llhttp's own words. */
  readonly reason?: string;
}

/** The answer to a request that could not be read; null where nobody is left to be answered. */
export function refusalFor(error: ParserError): Refusal | null {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return refuse(431, 'The request head is too large');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return refuse(413, 'The chunk extensions are too large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return refuse(408, 'The request takes too long');
    case 'HPE_INVALID_VERSION':
      // The same code stands for what is no version at all, such as `HTTP/111`.
      return error.reason === 'Invalid HTTP version' ? UNKNOWN_VERSION : UNREADABLE;
    default:
      return error.code?.startsWith('HPE_') === true ? UNREADABLE : null;
  }
}

/** Whether the bytes came after a request that closes the connection: they are no request, and no answer is owed. */
export function isSurplus(error: ParserError): boolean {
  return error.code === 'HPE_CLOSED_CONNECTION';
}

const UNREADABLE = refuse(400, 'The request is not valid HTTP');
const UNKNOWN_VERSION = refuse(505, 'This server speaks HTTP/1.1 and HTTP/1.0');
