// The value of a Host field (RFC 9112 section 3.2): its grammar, and which hosts a server answers for. Pure, for the
// gate and for forwarded.ts. Hosts end up in links, redirects and cache keys: what is not plainly a host is refused.
import { isIPv6 } from 'node:net';
import type { Converter } from '../../config/convert.js';

/** Which hosts a server answers for, by the whole value of Host. */
export type HostFilter = (host: string) => boolean;

const DOT = 0x2e;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;

/** The unreserved characters of RFC 3986 section 2.3, by code. */
const NAME_CHARACTERS = tableOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~');

/** The last text that was found to be a host: a server is asked for the same few, over and over. */
let known = 'localhost';

/**
 * Whether `text` is `name`, `1.2.3.4` or `[v6]`, with or without a port from 0 to 65535 (which may be empty, as the
 * grammar has it). A name has no empty labels but the last. Percent escapes and sub-delims (`!$&'()*+,;=`), which
 * RFC 3986 has and DNS has not, are refused: a comma in Host is two hosts in one.
 */
export function isHost(text: string): boolean {
  if (text === known) return true;
  const valid = hasHostSyntax(text);
  if (valid) known = text;
  return valid;
}

/** Whether two hosts are the same for `scheme`, whose default port may be left out. Both must be hosts. */
export function isSameHost(one: string, other: string, scheme: 'http' | 'https'): boolean {
  return one === other || normal(one, scheme) === normal(other, scheme);
}

/** The name or address alone, and the port as written; the port is null where there is none. */
export function splitHost(host: string): { readonly name: string; readonly port: string | null } {
  const colon = host.lastIndexOf(':');
  if (colon === -1 || colon < host.lastIndexOf(']')) return { name: host, port: null };
  return { name: host.slice(0, colon), port: host.slice(colon + 1) || null };
}

/** Whether `text` is a port from 0 to 65535, written as people do: no sign, no zeros in front. */
export function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65535;
}

/** Names as a host filter takes them, separated by spaces or commas: what is no host would never be asked for. */
export const hostNames: Converter<readonly string[]> = {
  expected:
    'a list of hosts such as example.org, .example.org or [::1], without ports; left out, it means all',
  parse(value) {
    const names = value.split(/[\s,]+/).filter(Boolean);
    const areHosts = names.every((name) => isHost(name.replace(/^\./, '')) && splitHost(name).name === name);
    return names.length > 0 && areHosts ? names : undefined;
  },
};

/**
 * A filter for the names a server answers for: `example.com` for exactly that, `.example.com` for that and everything
 * below it, whatever the port, the case and a dot at the end.
 */
export function hostFilter(names: readonly string[]): HostFilter {
  const exact = new Set(names.map((name) => name.replace(/^\./, '').toLowerCase()));
  const suffixes = names.filter((name) => name.startsWith('.')).map((name) => name.toLowerCase());
  return (host) => {
    const name = splitHost(host).name.toLowerCase().replace(/\.$/, '');
    return exact.has(name) || suffixes.some((suffix) => name.endsWith(suffix));
  };
}

function hasHostSyntax(text: string): boolean {
  if (text.charCodeAt(0) === OPEN_BRACKET) {
    const end = text.indexOf(']');
    const address = text.slice(1, end);
    return end !== -1 && isIPv6(address) && !address.includes('%') && isPortPart(text, end + 1);
  }
  let at = 0;
  let before = DOT;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (NAME_CHARACTERS[code] !== 1 || (code === DOT && before === DOT)) break;
    before = code;
  }
  return at > 0 && isPortPart(text, at);
}

/** Whether `text` from `start` on is empty, or a colon and at most five digits that are a port. */
function isPortPart(text: string, start: number): boolean {
  if (start === text.length) return true;
  if (text.charCodeAt(start) !== COLON || text.length - start > 6) return false;
  let port = 0;
  for (let at = start + 1; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= 65535;
}

function normal(host: string, scheme: 'http' | 'https'): string {
  const { name, port } = splitHost(host.toLowerCase());
  return port === null || Number(port) === (scheme === 'https' ? 443 : 80) ? name : `${name}:${Number(port)}`;
}

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}
