// The fields that say where a message and a connection end: Content-Length, Transfer-Encoding, Connection, Expect.
// Pure, called by the gate for the few requests that have them.
import { type Refusal, refuse } from './refusal.js';

/** Codings that can be named in Transfer-Encoding: a token, with parameters or without (RFC 9112 section 7). */
const CODING = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[\t ]*;.*)?$/;
const CLOSE = /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i;
const UPGRADE = /(?:^|,)[\t ]*upgrade[\t ]*(?:,|$)/i;
const EDGES = /^[\t ]+|[\t ]+$/g;

/**
 * The number of bytes in the body. Digits only: a sign, a list or a fraction is what two parsers read differently
 * (RFC 9112 section 6.3). 413 above `limit`.
 */
export function parseContentLength(text: string, limit: number): number | Refusal {
  const value = trimmed(text);
  if (!/^\d+$/.test(value)) return refuse(400, 'Content-Length is not a number');
  const length = Number(value);
  if (length > limit) return refuse(413, `The request body may have ${limit} bytes at most`);
  return length;
}

/**
 * Null for exactly `chunked`, the one coding that is taken off here. Others are 501: handed on, the body would reach
 * the app still coded. What names no coding at all, or names chunked twice, is 400 (RFC 9112 section 6.1).
 */
export function refuseCoding(text: string, httpVersion: string): Refusal | null {
  if (httpVersion === '1.0') return refuse(400, 'HTTP/1.0 has no Transfer-Encoding');
  if (text === 'chunked') return null;
  const codings = text.split(',').map((coding) => trimmed(coding).toLowerCase());
  if (codings.length === 1 && codings[0] === 'chunked') return null;
  if (!codings.every((coding) => CODING.test(coding)))
    return refuse(400, 'Transfer-Encoding names no coding');
  const chunked = codings.indexOf('chunked');
  if (chunked !== -1 && chunked < codings.length - 1) return refuse(400, 'chunked is not the last coding');
  return refuse(501, 'chunked is the only transfer coding that this server takes');
}

/** Whether Connection has the option `close` (RFC 9112 section 9.6). */
export function hasClose(connection: string): boolean {
  return CLOSE.test(connection);
}

/** Whether Connection has the option `upgrade`, without which Upgrade means nothing (RFC 9110 section 7.8). */
export function hasUpgrade(connection: string): boolean {
  return UPGRADE.test(connection);
}

/** Whether Expect asks for `100 Continue`, the one expectation there is (RFC 9110 section 10.1.1). */
export function isContinue(text: string): boolean {
  return trimmed(text).toLowerCase() === '100-continue';
}

/** Without the white space that HTTP allows around values, and without any other: U+00A0 and VT are no white space. */
export function trimmed(text: string): string {
  return text.replace(EDGES, '');
}
