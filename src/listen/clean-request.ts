// Brings a request of node:http in line with a head that was changed, for apps that get the request itself.
// Called where the gate, the fields of proxies or the access log changed something; most requests stay untouched.
import type { IncomingMessage } from 'node:http';
import type { RequestHead } from '../gateway/exchange.js';

/** Puts `head` in place of what was received: target, raw headers, and both kinds of parsed headers. */
export function applyHead(req: IncomingMessage, head: RequestHead): void {
  req.url = head.target;
  if (req.rawHeaders === head.rawHeaders) return;
  const distinct = distinctHeaders(head.rawHeaders);
  const { headers } = req;
  for (const name of Object.keys(headers)) {
    if (distinct[name] === undefined) delete headers[name];
  }
  for (const name of REWRITTEN) {
    const values = distinct[name];
    if (values !== undefined) headers[name] = values.join(', ');
  }
  req.headersDistinct = distinct;
  req.rawHeaders = [...head.rawHeaders];
}

/** The fields whose values may differ from what was received. */
const REWRITTEN = [
  'host',
  'forwarded',
  'x-forwarded-by',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-request-id',
];

/** Values by name in lower case, without a prototype: a field may be called `__proto__`. */
function distinctHeaders(rawHeaders: readonly string[]): NodeJS.Dict<string[]> {
  const distinct: NodeJS.Dict<string[]> = Object.create(null);
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? '';
    const values = distinct[name] ?? [];
    values.push(rawHeaders[at + 1] ?? '');
    distinct[name] = values;
  }
  return distinct;
}
