// The records that node:http makes of raw headers (`req.headers`, `req.headersDistinct`), for requests whose headers do
// not come from its parser. Called by node-run.ts and node-stand-in.ts; the rules are those of node:http's documentation.
import type { IncomingMessage } from 'node:http';

/** Headers of which all but the first are dropped. */
const SINGLE: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
]);

/** Gives `req` these headers, in all forms in which it shows them. */
export function putRawHeaders(req: IncomingMessage, rawHeaders: readonly string[]): void {
  const distinct = distinctOf(rawHeaders);
  req.rawHeaders = [...rawHeaders];
  req.headersDistinct = distinct;
  req.headers = Object.fromEntries(
    Object.entries(distinct).map(([name, values = []]) => [name, joined(name, values)]),
  );
}

function distinctOf(rawHeaders: readonly string[]): NodeJS.Dict<string[]> {
  const distinct: NodeJS.Dict<string[]> = Object.create(null);
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const values = distinct[name] ?? [];
    values.push(rawHeaders[index + 1] ?? '');
    distinct[name] = values;
  }
  return distinct;
}

function joined(name: string, values: string[]): string | string[] | undefined {
  if (name === 'set-cookie') return values;
  return SINGLE.has(name) ? values[0] : values.join(name === 'cookie' ? '; ' : ', ');
}
