// What a server says instead of calling the app: a status and a sentence, and the connection ends. Pure.
// Made by the gate and its neighbours, written by closing.ts; it never repeats what the client sent.
import { STATUS_CODES } from 'node:http';

/** A request that no app gets to see. */
export interface Refusal {
  readonly kind: 'refuse';
  readonly status: number;
  /** What is wrong, for the client and for the log: a sentence in ASCII without a full stop. */
  readonly reason: string;
}

/** What Allow says of the server as a whole: the methods that apps usually answer. */
export const ALLOW = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

export function refuse(status: number, reason: string): Refusal {
  return { kind: 'refuse', status, reason };
}

/** For hosts that are none of a server's own, whoever names them. */
export const OTHER_HOST = refuse(421, 'This server does not answer for the host');

/**
 * The whole answer as Latin-1 text. It closes the connection (RFC 9112 section 9.6) and has no body for HEAD; `method`
 * is null where the request line was not understood. `date` is what Date says.
 */
export function refusalText(refusal: Refusal, method: string | null, date: Date): string {
  const body = `${refusal.reason}\n`;
  const lines = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? 'Error'}`,
    `Date: ${date.toUTCString()}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${body.length}`,
    // RFC 9110 section 15.5.6: an answer 405 says what is allowed.
    ...(refusal.status === 405 ? [`Allow: ${ALLOW}`] : []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${method === 'HEAD' ? '' : body}`;
}
