// Brings a request of node:http in line with a head that was changed, for apps that get the request itself.
// Called where the gate, the fields of proxies or the access log changed something; most requests stay untouched.
import type { IncomingMessage } from 'node:http';
import type { RequestHead } from '../../gateway/exchange.js';

/** Puts `head` in place of what was received: target, raw headers, and both kinds of parsed headers. */
export function applyHead(req: IncomingMessage, head: RequestHead): void {
  req.url = head.target;
  if (req.rawHeaders === head.rawHeaders) return;
  const { headers } = req;
  const before = rewritable(req.rawHeaders);
  const after = rewritable(head.rawHeaders);
  for (const name of before.keys()) {
    if (!after.has(name)) delete headers[name];
  }
  for (const [name, value] of after) headers[name] = value;
  req.rawHeaders = [...head.rawHeaders];
  Object.defineProperty(req, 'headersDistinct', DISTINCT);
}

/** The fields that may differ from what was received; those with `_` in their names are gone. */
const REWRITTEN: ReadonlySet<string> = new Set([
  'host',
  'forwarded',
  'x-forwarded-by',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-request-id',
]);

/** The values of these fields by name in lower case, several of one name as one list. */
function rewritable(rawHeaders: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? '';
    if (!REWRITTEN.has(name) && !name.includes('_')) continue;
    const value = rawHeaders[at + 1] ?? '';
    const earlier = fields.get(name);
    fields.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return fields;
}

/** What node:http has here counts on as many raw headers as were received, and fails where there are fewer. */
const DISTINCT: PropertyDescriptor & ThisType<IncomingMessage> = {
  configurable: true,
  get() {
    const value = distinctHeaders(this.rawHeaders);
    this.headersDistinct = value;
    return value;
  },
  set(value: NodeJS.Dict<string[]>) {
    Object.defineProperty(this, 'headersDistinct', {
      configurable: true,
      enumerable: true,
      writable: true,
      value,
    });
  },
};

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
