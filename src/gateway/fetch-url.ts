// The URL of a request, as `request.url` has it. Called by lazy-request.ts; pure but for what it remembers.
import type { Run } from './run.js';

/** A target that is the same as the end of a URL: what URL would escape, or take away as dot segments, is not in it. */
const PLAIN_TARGET = /^\/[\w.~!$&'()*+,;=:@/%-]*(?:\?[\w.~!$&()*+,;=:@/?%-]*)?$/;
const DOT_SEGMENT = /\/(?:\.|%2e)/i;
const AUTHORITY = /^[^\s/?#@\\]+$/;
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]+)/i;

/** `host` is what the Host header says. Null where that is no host. */
export function urlOf({ exchange, seen }: Run, host: string | null): string | null {
  const { request, connection } = exchange;
  const named = request.target.charCodeAt(0) === 47 ? null : ABSOLUTE_FORM.exec(request.target)?.[1];
  const authority = named ?? host ?? `${connection.serverName}:${connection.serverPort}`;
  const origin = originOf(`${connection.scheme}://${authority}`, authority);
  if (origin === null) return null;
  const { target } = seen.head;
  if (PLAIN_TARGET.test(target) && !DOT_SEGMENT.test(target)) return origin + target;
  return new URL(target === '*' ? origin : origin + originForm(target)).href;
}

function originForm(target: string): string {
  return target.replace(ABSOLUTE_FORM, '').replace(/^(?!\/)/, '/');
}

/** Hosts that clients ask for are few; a client that makes some up does not make us remember them all. */
const origins = new Map<string, string | null>();

function originOf(text: string, authority: string): string | null {
  const known = origins.get(text);
  if (known !== undefined) return known;
  if (origins.size >= 1000) origins.clear();
  const origin = AUTHORITY.test(authority) && URL.canParse(text) ? new URL(text).origin : null;
  origins.set(text, origin);
  return origin;
}
