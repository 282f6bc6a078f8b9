// What an app says about its response, checked and laid out for an engine: pure, called by answer.ts.
// Nothing that could break the framing of the connection, or smuggle a second header in, comes through here.
import { inspect } from 'node:util';
import { WsgiServeError } from '../errors.js';
import type { Header } from './wsgi-types.js';

/** The head of a response: what an engine sends before the body. */
export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Name, value, name, value ... in the app's order and case; an array of its own. */
  readonly headers: string[];
  /** What the app says in Content-Length; null where it says nothing. */
  readonly contentLength: number | null;
}

/**
 * Checks what `startResponse` was given (PEP 3333, "The start_response() Callable"); throws `contract`. Where there is a
 * `strip`, headers that belong to the connection are left out and told to it, and are no reason to throw.
 */
export function parseHead(status: unknown, headers: unknown, strip: Strip | null = null): ResponseHead {
  const { code, reason } = parseStatus(status);
  if (!isIterable(headers)) throw refused('the headers are not an iterable of [name, value] pairs');
  const flat: string[] = [];
  let contentLength: number | null = null;
  for (const header of headers) {
    if (!isPair(header)) throw refused(`${quote(header)} is not a [name, value] pair of strings`);
    const [name, value] = header;
    if (!VALUE.test(value)) throw refused(`the value of ${name} holds a control character or is not Latin-1`);
    const kind = kindOf(name);
    if (kind === 'connection') {
      if (strip === null) throw refused(`${name} belongs to the connection, which is the server's`);
      strip(name);
      continue;
    }
    if (kind === 'length') {
      contentLength = parseLength(value, contentLength);
      // RFC 9110 section 8.6: no Content-Length with 204, and clients differ in what they make of one.
      if (code === 204) continue;
    }
    flat.push(name, value);
  }
  return { status: code, reason, headers: flat, contentLength };
}

/** Hears of a header that was left out. */
export type Strip = (name: string) => void;

/** Whether a response never has a body, whatever the app sends: RFC 9110 section 6.4.1. */
export function isBodyless(method: string, status: number): boolean {
  return status === 204 || status === 304 || method === 'HEAD';
}

/** Headers that belong to a connection and not to a response: PEP 3333 keeps them from apps. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'trailers',
  'transfer-encoding',
  'upgrade',
]);

/** Three digits, one space, a reason without spaces around it; no informational status, which ends no exchange. */
const STATUS = /^[2-9]\d\d (?:[!-~\x80-\xff]+(?: +[!-~\x80-\xff]+)*)?$/;
const VALUE = /^[ -~\x80-\xff]*$/;
/** A token of RFC 9110 section 5.6.2. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

interface Status {
  readonly code: number;
  readonly reason: string;
}

/** Statuses and header names that passed the check: an app sends the same few in every response. */
const knownStatuses = new Map<unknown, Status>();
const knownNames = new Map<string, NameKind>();

function parseStatus(status: unknown): Status {
  const known = knownStatuses.get(status);
  if (known !== undefined) return known;
  if (typeof status !== 'string' || !STATUS.test(status)) throw badStatus(status);
  return remember(knownStatuses, status, { code: Number(status.slice(0, 3)), reason: status.slice(4) });
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

function isPair(value: unknown): value is Header {
  return (
    Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && typeof value[1] === 'string'
  );
}

type NameKind = 'ordinary' | 'length' | 'connection';

function kindOf(name: string): NameKind {
  return knownNames.get(name) ?? remember(knownNames, name, checkName(name));
}

/** An app may make its statuses and names up: what it makes us remember is bounded. */
function remember<Key, Value>(known: Map<Key, Value>, key: Key, value: Value): Value {
  if (known.size >= 1000) known.clear();
  known.set(key, value);
  return value;
}

function checkName(name: string): NameKind {
  const lower = name.toLowerCase();
  if (!NAME.test(name)) throw refused(`${quote(name)} is not a header name`);
  if (lower === 'status') throw refused('Status is not a header: it is the first argument');
  if (HOP_BY_HOP.has(lower)) return 'connection';
  return lower === 'content-length' ? 'length' : 'ordinary';
}

function parseLength(value: string, earlier: number | null): number {
  if (earlier !== null) throw refused('Content-Length is given twice');
  const length = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(length)) {
    throw refused(`Content-Length ${quote(value)} is not a number of bytes`);
  }
  return length;
}

function badStatus(status: unknown): WsgiServeError {
  return new WsgiServeError('contract', `startResponse: ${quote(status)} is not a status`, {
    hint: 'Three digits, a space and a reason in Latin-1: "200 OK"; from 200 on',
  });
}

function refused(message: string): WsgiServeError {
  return new WsgiServeError('contract', `startResponse: ${message}`);
}

/** A value as a message shows it: short, and with its control characters escaped. */
function quote(value: unknown): string {
  const text =
    typeof value === 'string' ? JSON.stringify(value) : inspect(value, { depth: 1, breakLength: Infinity });
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
