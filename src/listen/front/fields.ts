// The header fields that the server itself acts on, found in one pass over a request's raw headers. Called by the gate
// for every request: it compares and counts, and makes no text.
import { type Refusal, refuse } from './refusal.js';

/** What a request has of these fields, as sent; null where there is none. */
export interface Fields {
  // A request has these once: two of them are what two servers read differently.
  host: string | null;
  contentLength: string | null;
  transferEncoding: string | null;
  contentType: string | null;
  authorization: string | null;
  // These are lists, and lists may be spread over several fields.
  connection: string | null;
  expect: string | null;
  upgrade: string | null;
  /** Whether a field is there that only a proxy may set: Forwarded and the usual X-Forwarded-... */
  hasForwarded: boolean;
  /** Whether a name has `_`: in environ it would pass for the same name with `-`. */
  hasUnderscores: boolean;
}

type Single = 'host' | 'contentLength' | 'transferEncoding' | 'contentType' | 'authorization';
type List = 'connection' | 'expect' | 'upgrade';
type Kind = Single | List | 'forwarded' | 'underscore' | 'other';

/** What a field is called that may come once only; null for lists. */
const ONLY_ONCE: Readonly<Record<Single | List, string | null>> = {
  host: 'Host',
  contentLength: 'Content-Length',
  transferEncoding: 'Transfer-Encoding',
  contentType: 'Content-Type',
  authorization: 'Authorization',
  connection: null,
  expect: null,
  upgrade: null,
};

/** Reads name, value, name, value ...; 400 where a field comes twice that may come once only. */
export function readFields(rawHeaders: readonly string[]): Fields | Refusal {
  const fields = noFields();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const kind = kindOf(rawHeaders[at] ?? '');
    if (kind === 'other') continue;
    if (kind === 'underscore') fields.hasUnderscores = true;
    else if (kind === 'forwarded') fields.hasForwarded = true;
    else {
      const refused = addField(fields, kind, rawHeaders[at + 1] ?? '');
      if (refused !== null) return refused;
    }
  }
  return fields;
}

function addField(fields: Fields, kind: Single | List, value: string): Refusal | null {
  const earlier = fields[kind];
  const name = ONLY_ONCE[kind];
  if (earlier !== null && name !== null) return refuse(400, `${name} is given twice`);
  fields[kind] = earlier === null ? value : `${earlier},${value}`;
  return null;
}

/** What a field is to the server. Most names are told apart by their length alone. */
function kindOf(name: string): Kind {
  switch (name.length) {
    case 4:
      return is(name, 'host') ? 'host' : otherKind(name);
    case 6:
      return is(name, 'expect') ? 'expect' : otherKind(name);
    case 7:
      return is(name, 'upgrade') ? 'upgrade' : otherKind(name);
    case 9:
      return is(name, 'forwarded') ? 'forwarded' : otherKind(name);
    case 10:
      return is(name, 'connection') ? 'connection' : otherKind(name);
    case 12:
      return is(name, 'content-type') ? 'contentType' : otherKind(name);
    case 13:
      return is(name, 'authorization') ? 'authorization' : otherKind(name);
    case 14:
      if (is(name, 'content-length')) return 'contentLength';
      return is(name, 'x-forwarded-by') ? 'forwarded' : otherKind(name);
    case 15:
      return is(name, 'x-forwarded-for') ? 'forwarded' : otherKind(name);
    case 16:
      return is(name, 'x-forwarded-host') || is(name, 'x-forwarded-port') ? 'forwarded' : otherKind(name);
    case 17:
      if (is(name, 'transfer-encoding')) return 'transferEncoding';
      return is(name, 'x-forwarded-proto') ? 'forwarded' : otherKind(name);
    default:
      return otherKind(name);
  }
}

function otherKind(name: string): Kind {
  return name.includes('_') ? 'underscore' : 'other';
}

/** Whether `name` is `lower` in any case; both are tokens of the same length. Bit 0x20 is what makes a letter small. */
function is(name: string, lower: string): boolean {
  for (let at = 0; at < lower.length; at += 1) {
    if ((name.charCodeAt(at) | 0x20) !== lower.charCodeAt(at)) return false;
  }
  return true;
}

function noFields(): Fields {
  return {
    host: null,
    contentLength: null,
    transferEncoding: null,
    contentType: null,
    authorization: null,
    connection: null,
    expect: null,
    upgrade: null,
    hasForwarded: false,
    hasUnderscores: false,
  };
}
