// The request gate: what every app may rely on, checked before any app runs. A pure function over the request head.
// Called for every request; an ordinary one passes in one look, and its headers are not copied.
import type { RequestHead } from '../../gateway/exchange.js';
import { type Fields, readFields } from './fields.js';
import { hasClose, hasUpgrade, isContinue, parseContentLength, refuseCoding } from './framing.js';
import { type HostFilter, isHost, isSameHost } from './host.js';
import { OTHER_HOST, type Refusal, refuse } from './refusal.js';
import { type AbsoluteTarget, readTarget, refuseMethod, refuseVersion } from './request-line.js';

export interface GateLimits {
  /** Most header fields of a request; more are 431. Infinity sets no limit. */
  readonly maxHeaders: number;
  /** Most bytes of a request body; a Content-Length above it is 413. Infinity sets no limit. */
  readonly maxBodySize: number;
  /** The hosts that the server answers for, others are 421; null for all. */
  readonly allowsHost: HostFilter | null;
}

/** A request head that passed: no field name with `_`, and the target in origin form or, for OPTIONS, `*`. */
export interface CleanHead extends RequestHead {
  /** The host that is asked for, checked; null only for an HTTP/1.0 request that names none. */
  readonly host: string | null;
  /** Bytes of the body as announced: 0 where there is none, null where it comes in chunks. */
  readonly bodyLength: number | null;
  /** Whether the client waits for `100 Continue` before it sends the body. */
  readonly waitsForContinue: boolean;
  /** Whether the client wants the connection closed after the answer. */
  readonly closes: boolean;
  /** Whether the client offers to go on in another protocol. */
  readonly upgrades: boolean;
  /** Whether a field is there that only a proxy may set: Forwarded and the usual X-Forwarded-... */
  readonly hasForwarded: boolean;
}

export type GateResult = { readonly kind: 'pass'; readonly request: CleanHead } | Refusal;

/**
 * Lets a request pass or refuses it by the first rule that it breaks: version 505, method 405 and 501, target 400,
 * number of fields 431, repeated fields 400, Host 400 and 421, Transfer-Encoding 400 and 501, Content-Length 400 and
 * 413, Expect 417.
 */
export function gate(head: RequestHead, limits: GateLimits): GateResult {
  const { method, httpVersion, rawHeaders } = head;
  const badLine = refuseVersion(httpVersion) ?? refuseMethod(method);
  if (badLine !== null) return badLine;
  const absolute = readTarget(method, head.target);
  if (absolute?.kind === 'refuse') return absolute;
  if (rawHeaders.length > limits.maxHeaders * 2) return refuse(431, 'The request has too many header fields');
  const fields = readFields(rawHeaders);
  if ('kind' in fields) return fields;
  const badHost = refuseHost(fields.host, absolute, httpVersion, limits.allowsHost);
  if (badHost !== null) return badHost;
  const bodyLength = readBodyLength(fields, httpVersion, limits.maxBodySize);
  if (typeof bodyLength === 'object' && bodyLength !== null) return bodyLength;
  // HTTP/1.0 knows no expectations: RFC 9110 section 10.1.1 has them ignored.
  const expects = fields.expect !== null && httpVersion === '1.1';
  if (expects && !isContinue(fields.expect ?? ''))
    return refuse(417, '100-continue is the only expectation met here');
  const request: CleanHead = {
    method,
    target: absolute?.target ?? head.target,
    httpVersion,
    rawHeaders: cleanHeaders(rawHeaders, fields, absolute),
    host: fields.host ?? absolute?.authority ?? null,
    bodyLength,
    waitsForContinue: expects && bodyLength !== 0,
    closes: fields.connection !== null && hasClose(fields.connection),
    upgrades: Boolean(fields.upgrade) && fields.connection !== null && hasUpgrade(fields.connection),
    hasForwarded: fields.hasForwarded,
  };
  return { kind: 'pass', request };
}

/** HTTP/1.1 needs a Host, and a target in absolute form must name the same one: RFC 9112 sections 3.2 and 3.2.2. */
function refuseHost(
  host: string | null,
  absolute: AbsoluteTarget | null,
  httpVersion: string,
  allowsHost: HostFilter | null,
): Refusal | null {
  if (host === null && httpVersion === '1.1') return refuse(400, 'Host is missing');
  if (host !== null && !isHost(host)) return refuse(400, 'Host is not a host');
  if (host !== null && absolute !== null && !isSameHost(host, absolute.authority, absolute.scheme)) {
    return refuse(400, 'Host is not the host of the request target');
  }
  const named = host ?? absolute?.authority ?? null;
  if (allowsHost === null || named === null || allowsHost(named)) return null;
  return OTHER_HOST;
}

/** Bytes, or null for chunks. Both at once are how a request is smuggled in another: RFC 9112 section 6.3. */
function readBodyLength(fields: Fields, httpVersion: string, limit: number): number | null | Refusal {
  const { contentLength, transferEncoding } = fields;
  if (transferEncoding === null) return contentLength === null ? 0 : parseContentLength(contentLength, limit);
  if (contentLength !== null) return refuse(400, 'Content-Length and Transfer-Encoding exclude each other');
  return refuseCoding(transferEncoding, httpVersion);
}

/** The very array that came in, unless something must be taken out of it or added. */
function cleanHeaders(
  rawHeaders: readonly string[],
  fields: Fields,
  absolute: AbsoluteTarget | null,
): readonly string[] {
  const added = absolute !== null && fields.host === null ? ['Host', absolute.authority] : [];
  if (!fields.hasUnderscores) return added.length === 0 ? rawHeaders : [...rawHeaders, ...added];
  // A value stands behind its name: at an odd index the name is one before.
  const kept = rawHeaders.filter((_, at) => !rawHeaders[at - (at % 2)]?.includes('_'));
  return [...kept, ...added];
}
