// What trusted proxies say about a request, read from the fields they set and checked. Pure, called by forwarded.ts.
// Counts from the right: the rightmost entry is the nearest proxy's, and what stands left of the trusted ones is hearsay.
import type { Connection } from '../../gateway/exchange.js';
import {
  type ForwardedElement,
  type Node,
  parseForwarded,
  parseList,
  parseNode,
} from './forwarded-syntax.js';
import { isHost, isPort } from './host.js';
import { type Refusal, refuse } from './refusal.js';
import { PROXY_FIELDS, type ProxyField, type ProxyPolicy } from './trusted-proxy.js';

/** What is claimed; left out where nothing is. */
export interface Claims {
  readonly client?: Node;
  readonly host?: string;
  readonly scheme?: Connection['scheme'];
  readonly port?: string;
  /** How many proxies left their mark. */
  readonly hops?: number;
}

/** All claims, and the values of the fields that make them, cut to the hops that are trusted. */
export interface ReadClaims {
  readonly kind: 'claims';
  readonly claims: Claims;
  readonly kept: ReadonlyMap<ProxyField, string>;
}

/** 400 where a trusted field is not well formed, has several values where it may have one, or names no address. */
export function readClaims(rawHeaders: readonly string[], policy: ProxyPolicy): ReadClaims | Refusal {
  const kept = new Map<ProxyField, string>();
  const claims: Claims = {};
  for (const [field, value] of trustedFields(rawHeaders, policy.fields)) {
    const read = READERS[field](value, policy.count);
    if (read === null) return refuse(400, `${field} is not well formed`);
    kept.set(field, read.kept);
    Object.assign(claims, read.claims);
  }
  return { kind: 'claims', claims, kept };
}

/** The field of a proxy with this name, in any case; null for every other. */
export function proxyField(name: string): ProxyField | null {
  // Asked for every field: the first letter, small or not, rules most of them out.
  const letter = name.charCodeAt(0) | 0x20;
  if (letter !== SMALL_F && letter !== SMALL_X) return null;
  const lower = name.toLowerCase();
  return PROXY_FIELDS.find((field) => field === lower) ?? null;
}

const SMALL_F = 0x66;
const SMALL_X = 0x78;

/** Several fields of one name are one list, in their order (RFC 9110 section 5.3); an empty one says nothing. */
function trustedFields(
  rawHeaders: readonly string[],
  trusted: ReadonlySet<ProxyField>,
): ReadonlyMap<ProxyField, string> {
  const fields = new Map<ProxyField, string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const field = proxyField(rawHeaders[at] ?? '');
    const value = rawHeaders[at + 1] ?? '';
    if (field === null || !trusted.has(field) || value === '') continue;
    const earlier = fields.get(field);
    fields.set(field, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return fields;
}

/** Reads the whole value of one field; null where it is not well formed. */
type Reader = (value: string, count: number) => { readonly claims: Claims; readonly kept: string } | null;

const READERS: Readonly<Record<ProxyField, Reader>> = {
  'x-forwarded-for'(value, count) {
    const hops = parseList(value)?.slice(-count) ?? [];
    const nodes = hops.map(parseNode);
    const client = nodes[0] ?? null;
    if (client === null || nodes.includes(null)) return null;
    return { claims: { client, hops: hops.length }, kept: hops.join(', ') };
  },
  'x-forwarded-host'(value, count) {
    const hops = parseList(value)?.slice(-count) ?? [];
    const [host] = hops;
    if (host === undefined || !hops.every(isHost)) return null;
    return { claims: { host }, kept: hops.join(', ') };
  },
  'x-forwarded-proto'(value) {
    const scheme = schemeOf(onlyItem(value));
    return scheme === null ? null : { claims: { scheme }, kept: scheme };
  },
  'x-forwarded-port'(value) {
    const port = onlyItem(value);
    return isPort(port) ? { claims: { port }, kept: port } : null;
  },
  'x-forwarded-by'(value) {
    return { claims: {}, kept: value };
  },
  forwarded(value, count) {
    const hops = parseForwarded(value)?.slice(-count) ?? [];
    let claims: Claims = { hops: hops.length };
    // From the nearest proxy outwards: where several speak of the same, the outermost that is trusted is right.
    for (const hop of hops.toReversed()) {
      const heard = claimsOf(hop);
      if (heard === null) return null;
      claims = { ...claims, ...heard };
    }
    return hops.length === 0 ? null : { claims, kept: hops.map(({ text }) => text).join(', ') };
  },
};

function claimsOf({ for: node, host, proto }: ForwardedElement): Claims | null {
  const client = node === null ? undefined : parseNode(node);
  const scheme = proto === null ? undefined : schemeOf(proto);
  if (client === null || scheme === null || (host !== null && !isHost(host))) return null;
  return {
    ...(client === undefined ? {} : { client }),
    ...(scheme === undefined ? {} : { scheme }),
    ...(host === null ? {} : { host }),
  };
}

/** The one item of a list; '' where there are several: whose they are is not defined for these fields. */
function onlyItem(value: string): string {
  const [item = '', ...others] = parseList(value) ?? [];
  return others.length === 0 ? item : '';
}

function schemeOf(text: string): Connection['scheme'] | null {
  const lower = text.toLowerCase();
  return lower === 'http' || lower === 'https' ? lower : null;
}
