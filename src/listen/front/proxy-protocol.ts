// The PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt): what a proxy writes before the first request.
// A pure parser over the bytes that came in so far, called by proxy-socket.ts. It reads nothing of what follows.
import { isIPv4, isIPv6 } from 'node:net';
import { isPort } from './host.js';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** `local`: the proxy speaks for itself, or for a client without an address. */
export type ProxyHeader =
  | { readonly kind: 'proxied'; readonly source: Endpoint; readonly destination: Endpoint }
  | { readonly kind: 'local' };

/** `length` counts the bytes of the header; `more` asks for more of them. */
export type ProxyParse =
  | { readonly kind: 'more' }
  | { readonly kind: 'header'; readonly header: ProxyHeader; readonly length: number }
  | { readonly kind: 'bad' };

const V1_START = Buffer.from('PROXY ', 'latin1');
/** The longest line of version 1, with CRLF. */
const V1_LENGTH = 107;
const V2_START = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V2_FIXED = 16;

const MORE: ProxyParse = { kind: 'more' };
const BAD: ProxyParse = { kind: 'bad' };
const LOCAL: ProxyHeader = { kind: 'local' };

/** Reads the header at the start of `bytes`, which are all that came in so far. */
export function parseProxyHeader(bytes: Buffer): ProxyParse {
  if (startsLike(bytes, V1_START)) return bytes.length < V1_START.length ? MORE : parseLine(bytes);
  if (startsLike(bytes, V2_START)) return bytes.length < V2_FIXED ? MORE : parseBinary(bytes);
  return BAD;
}

/** Whether `bytes` begin with `start`, or are the beginning of it. */
function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.subarray(0, length).equals(start.subarray(0, length));
}

function parseLine(bytes: Buffer): ProxyParse {
  const end = bytes.subarray(0, V1_LENGTH).indexOf('\r\n');
  if (end === -1) return bytes.length < V1_LENGTH ? MORE : BAD;
  const header = parseWords(bytes.toString('latin1', 0, end).split(' '));
  return header === null ? BAD : { kind: 'header', header, length: end + 2 };
}

function parseWords(words: readonly string[]): ProxyHeader | null {
  const [, family, source = '', destination = '', sourcePort = '', destinationPort = ''] = words;
  if (family === 'UNKNOWN') return LOCAL;
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : () => false;
  const isWhole = words.length === 6 && isAddress(source) && isAddress(destination);
  if (!isWhole || !isPort(sourcePort) || !isPort(destinationPort)) return null;
  return {
    kind: 'proxied',
    source: { address: source, port: Number(sourcePort) },
    destination: { address: destination, port: Number(destinationPort) },
  };
}

/** Signature, version and command, family and protocol, length of what follows, addresses, and TLVs that nobody reads. */
function parseBinary(bytes: Buffer): ProxyParse {
  const command = bytes.readUInt8(12);
  const family = bytes.readUInt8(13);
  const length = V2_FIXED + bytes.readUInt16BE(14);
  if (command !== 0x20 && command !== 0x21) return BAD;
  if (bytes.length < length) return MORE;
  const header = command === 0x20 ? LOCAL : parseAddresses(family, bytes.subarray(V2_FIXED, length));
  return header === null ? BAD : { kind: 'header', header, length };
}

/** By family: 0 unspecified, 0x11 TCP over IPv4, 0x21 TCP over IPv6, 0x31 unix stream. Datagrams carry no HTTP. */
function parseAddresses(family: number, bytes: Buffer): ProxyHeader | null {
  if (family === 0x00 || family === 0x31) return LOCAL;
  const size = family === 0x11 ? 4 : family === 0x21 ? 16 : 0;
  if (size === 0 || bytes.length < size * 2 + 4) return null;
  const show = size === 4 ? showIPv4 : showIPv6;
  return {
    kind: 'proxied',
    source: { address: show(bytes.subarray(0, size)), port: bytes.readUInt16BE(size * 2) },
    destination: { address: show(bytes.subarray(size, size * 2)), port: bytes.readUInt16BE(size * 2 + 2) },
  };
}

function showIPv4(bytes: Buffer): string {
  return bytes.join('.');
}

/** As RFC 5952 has it, which is how URL writes an address. */
function showIPv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
