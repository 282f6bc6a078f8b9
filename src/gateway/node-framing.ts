// What the head of a node app's answer may not say of where that answer ends: clients and proxies would differ about it.
// Called by node-strict.ts before node:http makes the head, which it does of whatever it is given.
import type { ServerResponse } from 'node:http';
import { WsgiServeError } from '../errors.js';

/** What a head says of where its answer ends: the status, and every value of the two fields. */
export interface Framing {
  readonly status: number;
  lengths: readonly unknown[];
  codings: readonly unknown[];
}

/** What `res.writeHead(...args)` would say, with what was set before: what it is given wins. */
export function framingOf(res: ServerResponse, args: readonly unknown[]): Framing {
  const [status, second, third] = args;
  const given = typeof second === 'string' ? third : (second ?? third);
  const framing: Framing = { status: Number(status), lengths: NONE, codings: NONE };
  if (typeof given === 'object' && given !== null) gather(framing, given);
  if (framing.lengths === NONE) framing.lengths = valuesOf(res.getHeader(LENGTH));
  if (framing.codings === NONE) framing.codings = valuesOf(res.getHeader(CODING));
  return framing;
}

/**
 * What is wrong with it: an informational status, a length that is none, two lengths, a length beside a transfer coding,
 * a coding that does not end with `chunked` (RFC 9112 section 6), or a length of what has no body (RFC 9110 section
 * 8.6). A `contract` error; null where nothing is.
 */
export function framingMistake({ status, lengths, codings }: Framing): WsgiServeError | null {
  if (status < 200) return mistake(`${status} is not the status of an answer`);
  if (lengths.length > 1) return mistake('Content-Length is given twice');
  if (lengths.length === 1 && !/^\d+$/.test(String(lengths[0]))) {
    return mistake(`Content-Length ${JSON.stringify(String(lengths[0]))} is not a number of bytes`);
  }
  if (codings.length > 0) return codingMistake(codings.join(', '), lengths.length > 0);
  // Zero does no harm, and middleware says it for the sake of some browsers.
  if (status !== 204 || lengths.length === 0 || Number(lengths[0]) === 0) return null;
  return mistake(`Content-Length ${lengths[0]} with status 204, which has no body`);
}

/** The length of the body in bytes; null where the head says none. */
export function lengthOf({ lengths }: Framing): number | null {
  return lengths.length === 0 ? null : Number(lengths[0]);
}

function codingMistake(coding: string, hasLength: boolean): WsgiServeError | null {
  if (hasLength) return mistake('Content-Length and Transfer-Encoding exclude each other');
  if (/(?:^|,)\s*chunked\s*$/i.test(coding)) return null;
  return mistake(`Transfer-Encoding ${JSON.stringify(coding)} does not end with chunked`);
}

const NONE: readonly unknown[] = [];

/** Of an object, a flat array or an array of pairs. */
function gather(framing: Framing, given: object): void {
  if (!Array.isArray(given)) {
    for (const key of Object.keys(given)) if (mayMatter(key)) add(framing, key, Reflect.get(given, key));
  } else if (Array.isArray(given[0])) {
    for (const [key, value] of given) add(framing, key, value);
  } else {
    for (let index = 0; index + 1 < given.length; index += 2) {
      if (mayMatter(given[index])) add(framing, given[index], given[index + 1]);
    }
  }
}

const LENGTH = 'content-length';
const CODING = 'transfer-encoding';

/** By their length alone most names are told apart. */
function mayMatter(key: unknown): boolean {
  return typeof key === 'string' && (key.length === LENGTH.length || key.length === CODING.length);
}

function add(framing: Framing, key: unknown, value: unknown): void {
  const name = String(key).toLowerCase();
  if (name === LENGTH) framing.lengths = [...framing.lengths, ...valuesOf(value)];
  else if (name === CODING) framing.codings = [...framing.codings, ...valuesOf(value)];
}

function valuesOf(value: unknown): readonly unknown[] {
  if (value === undefined) return NONE;
  return Array.isArray(value) ? value : [value];
}

function mistake(message: string): WsgiServeError {
  return new WsgiServeError('contract', `writeHead: ${message}`);
}
