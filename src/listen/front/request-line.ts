// The first line of a request: its version, method and target (RFC 9112 section 3). Pure, called by the gate.
// It looks at the text only; what a target names is the app's to know.
import { isHost } from './host.js';
import { type Refusal, refuse } from './refusal.js';

/** A target in absolute form, `http://host:port/path`, taken apart. */
export interface AbsoluteTarget {
  readonly kind: 'absolute';
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  /** The same target in origin form: begins with `/`. */
  readonly target: string;
}

/** IANA's registry of HTTP methods, without CONNECT, TRACE and PRI. */
const METHODS: ReadonlySet<string> = new Set(
  [
    'GET HEAD POST PUT DELETE OPTIONS PATCH QUERY SEARCH ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY LABEL LINK',
    'LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE ORDERPATCH PROPFIND PROPPATCH REBIND',
    'REPORT UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL',
  ].flatMap((line) => line.split(' ')),
);

const SLASH = 0x2f;
const HASH = 0x23;
const ABSOLUTE_FORM = /^(https?):\/\/([^/?]*)(.*)$/is;

/** Null for HTTP/1.0 and 1.1: what else llhttp lets through (0.9, 2.0) is 505. */
export function refuseVersion(httpVersion: string): Refusal | null {
  if (httpVersion === '1.1' || httpVersion === '1.0') return null;
  return refuse(505, 'This server speaks HTTP/1.1 and HTTP/1.0');
}

/** Null for a method that an app may get; 405 for CONNECT and TRACE, which no app can answer; 501 for unknown ones. */
export function refuseMethod(method: string): Refusal | null {
  // Most requests, by a comparison that costs nothing.
  if (method === 'GET' || METHODS.has(method)) return null;
  if (method === 'CONNECT' || method === 'TRACE') return refuse(405, 'This server takes no such requests');
  return refuse(501, 'This server does not know the method');
}

/**
 * Null for a target in origin form and for `OPTIONS *`, which stand as they are; other targets are taken apart.
 * 400 for what is no target: a fragment, user information, a relative path, characters that no URI has.
 */
export function readTarget(method: string, target: string): AbsoluteTarget | Refusal | null {
  for (let at = 0; at < target.length; at += 1) {
    const code = target.charCodeAt(at);
    if (code <= 0x20 || code >= 0x7f) return refuse(400, 'The request target has characters that no URI has');
    if (code === HASH) return refuse(400, 'The request target has a fragment');
  }
  if (target.charCodeAt(0) === SLASH || (target === '*' && method === 'OPTIONS')) return null;
  return parseAbsolute(target);
}

function parseAbsolute(target: string): AbsoluteTarget | Refusal {
  const [, scheme, authority = '', rest = ''] = ABSOLUTE_FORM.exec(target) ?? [];
  if (scheme === undefined) return refuse(400, 'The request target is neither a path nor an http URL');
  // `user@host` is an old way to make one host look like another: RFC 9110 section 4.2.4 has it treated as an error.
  if (!isHost(authority)) return refuse(400, 'The request target has no valid host');
  return {
    kind: 'absolute',
    scheme: scheme.length === 5 ? 'https' : 'http',
    authority,
    target: rest.charCodeAt(0) === SLASH ? rest : `/${rest}`,
  };
}
