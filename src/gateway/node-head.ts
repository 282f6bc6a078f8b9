// The head of a node:http response: what was given to it so far, and a head as it stands on the wire.
// Called by those who put themselves between an app and its response.
import { type ServerResponse, STATUS_CODES } from 'node:http';
import { reasonOf } from './status-line.js';

export interface NodeHead {
  readonly status: number;
  readonly reason: string;
  /** Name, value, name, value ... */
  readonly headers: string[];
}

/** What `res.writeHead(...args)` would send: the headers that were set, those of the arguments in their place. */
export function givenHead(res: ServerResponse, args: readonly unknown[]): NodeHead {
  const [status, second, third] = args;
  const given = flatHeaders(typeof second === 'string' ? third : (second ?? third));
  const names = new Set(given.map((text, index) => (index % 2 === 0 ? text.toLowerCase() : '')));
  const headers = ownHeaders(res, (name) => !names.has(name.toLowerCase()));
  const code = Number(status);
  const reason =
    typeof second === 'string' ? second : res.statusMessage || (STATUS_CODES[code] ?? reasonOf(code));
  return { status: code, reason, headers: [...headers, ...given] };
}

/** Sets `headers`, each name once with all its values; `keeps` says of which names the earlier values stay too. */
export function putHeaders(
  res: ServerResponse,
  headers: readonly string[],
  keeps: (name: string) => boolean = () => false,
): void {
  const values = new Map<string, { readonly name: string; readonly all: string[] }>();
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const key = name.toLowerCase();
    const entry = values.get(key) ?? { name, all: keeps(key) ? valuesOf(res.getHeader(key)) : [] };
    entry.all.push(headers[index + 1] ?? '');
    values.set(key, entry);
  }
  for (const { name, all } of values.values()) res.setHeader(name, all.length === 1 ? (all[0] ?? '') : all);
}

/** Takes away what is set and does not stand in `headers`. */
export function keepHeaders(res: ServerResponse, headers: readonly string[]): void {
  const names = new Set(headers.map((text, index) => (index % 2 === 0 ? text.toLowerCase() : '')));
  for (const name of res.getHeaderNames()) if (!names.has(name)) res.removeHeader(name);
}

/** A head as node:http writes it, and its length in characters. */
export function parseHead(text: string): NodeHead & { readonly length: number } {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const [, status = '', reason = ''] = /^\S+ (\d+) ?(.*)$/.exec(first) ?? [];
  return { status: Number(status), reason, headers, length: end + 4 };
}

function ownHeaders(res: ServerResponse, isWanted: (name: string) => boolean): string[] {
  return rawNames(res)
    .filter(isWanted)
    .flatMap((name) => valuesOf(res.getHeader(name)).flatMap((value) => [name, value]));
}

/** In the case in which they were set; node:http has them, its types do not. */
function rawNames(res: ServerResponse & { getRawHeaderNames?(): string[] }): string[] {
  return res.getRawHeaderNames?.() ?? res.getHeaderNames();
}

function valuesOf(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}

/** Flattens the forms that writeHead takes: an object, a flat array, an array of pairs; addTrailers takes them too. */
export function flatHeaders(headers: unknown): string[] {
  if (typeof headers !== 'object' || headers === null) return [];
  if (!Array.isArray(headers)) {
    return Object.entries(headers).flatMap(([name, value]) => valuesOf(value).flatMap((one) => [name, one]));
  }
  return headers.flatMap((item: unknown) => valuesOf(item));
}
