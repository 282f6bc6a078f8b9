// A name for each request, by which its lines in the logs of several machines are found. Called once for each request.
// A name that somebody else gave is taken from trusted proxies only, and only if it can stand in a log as it is.
import { randomUUID } from 'node:crypto';

/** Letters, digits and what ids are made of; at most 128 of them. */
const USABLE = /^[A-Za-z0-9._~:+/=@-]{1,128}$/;

/**
 * The `X-Request-Id` of the request where `isTrusted` says that its peer is a trusted proxy, and it has exactly one
 * that is usable; else a new one.
 */
export function requestId(
  rawHeaders: readonly string[],
  isTrusted: boolean,
  create: () => string = randomUUID,
): string {
  return (isTrusted ? givenId(rawHeaders) : null) ?? create();
}

function givenId(rawHeaders: readonly string[]): string | null {
  let found: string | null = null;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== 'x-request-id') continue;
    if (found !== null) return null;
    found = rawHeaders[at + 1] ?? '';
  }
  return found !== null && USABLE.test(found) ? found : null;
}
