// Who a request is really from and what it asked for, behind trusted proxies: a pure function over a request head,
// called for every request. Of a peer that is not trusted nothing is believed, and nothing is derived from it.
import type { Connection } from '../../gateway/exchange.js';
import type { CleanHead } from './gate.js';
import { type HostFilter, splitHost } from './host.js';
import { type Claims, proxyField, type ReadClaims, readClaims } from './proxy-claims.js';
import { OTHER_HOST, type Refusal } from './refusal.js';
import type { ProxyField, ProxyPolicy } from './trusted-proxy.js';

/** A request as its client sent it to the outermost trusted proxy. */
export interface Unproxied {
  readonly kind: 'pass';
  /** With the fields of proxies cut to what trusted proxies wrote, and Host as the client sent it. */
  readonly request: CleanHead;
  /** `remotePort` is '' where the proxy did not tell it. */
  readonly connection: Connection;
  /** How many fewer proxies than the policy counts on have left their mark: worth a line in the log. */
  readonly missingHops: number;
}

/**
 * `connection` is the connection to the peer, whose address decides whether it is a proxy. 400 where a trusted proxy
 * wrote what is not well formed or names no address (`unknown`, `_hidden`), or several values where one is defined. 421
 * where it passes on a host that the server does not answer for: what the gate saw was the proxy's own.
 */
export function unproxy(
  head: CleanHead,
  connection: Connection,
  policy: ProxyPolicy,
  allowsHost: HostFilter | null = null,
): Unproxied | Refusal {
  if (!head.hasForwarded) return { kind: 'pass', request: head, connection, missingHops: 0 };
  const read = policy.trusts(connection.remoteAddress) ? readClaims(head.rawHeaders, policy) : NOTHING;
  if (read.kind === 'refuse') return read;
  const { claims, kept } = read;
  const host = hostOf(claims, connection);
  if (host !== null && allowsHost !== null && !allowsHost(host)) return OTHER_HOST;
  return {
    kind: 'pass',
    request: {
      ...head,
      host: host ?? head.host,
      rawHeaders: rewrite(head.rawHeaders, kept, host, policy.clearsUntrusted),
    },
    connection: connectionOf(claims, connection),
    missingHops: claims.hops === undefined ? 0 : policy.count - claims.hops,
  };
}

const NOTHING: ReadClaims = { kind: 'claims', claims: {}, kept: new Map() };

/** The port belongs to the client's side of the proxy: that of the host, else what the proxy says, else the scheme's. */
function connectionOf(claims: Claims, connection: Connection): Connection {
  const { client, scheme } = claims;
  const host = claims.host === undefined ? null : splitHost(claims.host);
  return {
    scheme: scheme ?? connection.scheme,
    remoteAddress: client?.address ?? connection.remoteAddress,
    remotePort: client?.port ?? connection.remotePort,
    serverName: host?.name ?? connection.serverName,
    serverPort: host?.port ?? portOf(claims) ?? connection.serverPort,
  };
}

/** What Host says for the client; null where no proxy said anything about it. A port that is not the scheme's is named. */
function hostOf(claims: Claims, connection: Connection): string | null {
  const { host } = claims;
  if (host === undefined || splitHost(host).port !== null) return host ?? null;
  const port = portOf(claims);
  return port === null || port === defaultPort(claims.scheme ?? connection.scheme) ? host : `${host}:${port}`;
}

function portOf({ port, scheme }: Claims): string | null {
  return port ?? (scheme === undefined ? null : defaultPort(scheme));
}

function defaultPort(scheme: Connection['scheme']): string {
  return scheme === 'https' ? '443' : '80';
}

/** Each field that is kept stands once, where it first stood; the others go, or stay if they are not cleared. */
function rewrite(
  rawHeaders: readonly string[],
  kept: ReadonlyMap<ProxyField, string>,
  host: string | null,
  clearsUntrusted: boolean,
): readonly string[] {
  const written: string[] = [];
  const left = new Map(kept);
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    const field = proxyField(name);
    const value = field === null ? undefined : left.get(field);
    if (host !== null && name.toLowerCase() === 'host') continue;
    if (field === null || (!kept.has(field) && !clearsUntrusted))
      written.push(name, rawHeaders[at + 1] ?? '');
    else if (value !== undefined && left.delete(field)) written.push(name, value);
  }
  return host === null ? written : ['Host', host, ...written];
}
