// Who may speak for others: which peers are trusted proxies, how many of them stand in a row, which fields they set.
// Waitress's model and option names. Made once for each server from its options, read by forwarded.ts.
import { BlockList, isIP } from 'node:net';
import { knownNamesHint, WsgiServeError } from '../../errors.js';
import type { Place } from '../../source.js';

/** Fields that a proxy sets and anybody can send. */
export const PROXY_FIELDS = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-by',
  'forwarded',
] as const;

export type ProxyField = (typeof PROXY_FIELDS)[number];

export interface ProxyPolicy {
  /** Whether the peer with this address is a trusted proxy; '' is the peer of a unix socket. */
  readonly trusts: (address: string) => boolean;
  /** Trusted proxies in a row: what the rightmost `count` of them wrote is believed. */
  readonly count: number;
  /** The fields they set; either `forwarded`, or any of the others. */
  readonly fields: ReadonlySet<ProxyField>;
  /** Whether fields that nobody trusted has set are taken out of what apps see. */
  readonly clearsUntrusted: boolean;
}

/** The options as they are written; null where one is left out. */
export interface ProxySettings {
  /** Addresses, networks such as `10.0.0.0/8`, `unix` for every peer of a unix socket, `*` for all; separated by spaces or commas. */
  readonly trusted_proxy: string | null;
  /** Default 1. */
  readonly trusted_proxy_count: number | null;
  /** Names of PROXY_FIELDS. Default `x-forwarded-proto`, as in Waitress. */
  readonly trusted_proxy_headers: string | null;
  /** Default true. */
  readonly clear_untrusted_proxy_headers: boolean | null;
}

/** Trusts nobody, and lets no app see what nobody trusted has set. */
export const NO_PROXIES: ProxyPolicy = {
  trusts: () => false,
  count: 1,
  fields: new Set(),
  clearsUntrusted: true,
};

/** Throws `bad-value` for values that are no such thing, or do not go together. */
export function createProxyPolicy(
  settings: ProxySettings,
  placeOf: (option: keyof ProxySettings) => Place | null = () => null,
): ProxyPolicy {
  const clearsUntrusted = settings.clear_untrusted_proxy_headers ?? true;
  if (settings.trusted_proxy === null) {
    for (const option of ['trusted_proxy_count', 'trusted_proxy_headers'] as const) {
      if (settings[option] !== null) throw meansNothing(option, placeOf(option));
    }
    return { ...NO_PROXIES, clearsUntrusted };
  }
  return {
    trusts: peersOf(wordsOf(settings.trusted_proxy), placeOf('trusted_proxy')),
    count: settings.trusted_proxy_count ?? 1,
    fields: fieldsOf(settings.trusted_proxy_headers ?? 'x-forwarded-proto', placeOf('trusted_proxy_headers')),
    clearsUntrusted,
  };
}

function peersOf(words: readonly string[], place: Place | null): ProxyPolicy['trusts'] {
  if (words.length === 0) throw notAPeer('', place);
  if (words.includes('*')) return () => true;
  const networks = new BlockList();
  for (const word of words.filter((word) => word !== 'unix')) addNetwork(networks, word, place);
  const isTrusted = (address: string): boolean => {
    if (address === '') return words.includes('unix');
    const plain = plainAddress(address);
    const family = isIP(plain);
    return family !== 0 && networks.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  };
  // Proxies are few and speak for everybody: the last one is most often the next one, and looking it up is slow.
  let last = { address: '', isTrusted: isTrusted('') };
  return (address) => {
    if (address !== last.address) last = { address, isTrusted: isTrusted(address) };
    return last.isTrusted;
  };
}

function addNetwork(networks: BlockList, word: string, place: Place | null): void {
  const [, text = '', bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(word) ?? [];
  const address = plainAddress(text);
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? most : Number(bits);
  if (family === 0 || prefix > most) throw notAPeer(word, place);
  networks.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
}

/** An IPv4 peer of a socket for both families shows up as `::ffff:10.0.0.1`; a link-local one names its interface. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=[\d.]+$)/i, '').replace(/%.*$/, '');
}

function fieldsOf(text: string, place: Place | null): ReadonlySet<ProxyField> {
  const fields = new Set<ProxyField>();
  for (const word of wordsOf(text)) {
    const field = PROXY_FIELDS.find((known) => known === word.toLowerCase());
    if (field === undefined) throw notAField(word, place);
    fields.add(field);
  }
  if (fields.size === 0) throw notAField('', place);
  if (fields.has('forwarded') && fields.size > 1) throw mixedFields(place);
  return fields;
}

function wordsOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

function notAPeer(word: string, place: Place | null): WsgiServeError {
  return new WsgiServeError('bad-value', `trusted_proxy has ${JSON.stringify(word)}, which is no address`, {
    place,
    hint: 'Write addresses, networks such as 10.0.0.0/8, unix for peers of a unix socket, or * for everybody',
  });
}

function notAField(word: string, place: Place | null): WsgiServeError {
  const message = `trusted_proxy_headers has ${JSON.stringify(word)}, which is no header of a proxy`;
  return new WsgiServeError('bad-value', message, {
    place,
    hint: knownNamesHint('Headers', word.toLowerCase(), PROXY_FIELDS),
  });
}

function mixedFields(place: Place | null): WsgiServeError {
  return new WsgiServeError('bad-value', 'trusted_proxy_headers has both forwarded and x-forwarded headers', {
    place,
    hint: 'A proxy sets one kind and passes the other on from the client: trust the one that it sets',
  });
}

function meansNothing(option: string, place: Place | null): WsgiServeError {
  return new WsgiServeError('bad-value', `${option} means nothing without trusted_proxy`, {
    place,
    hint: 'Name the addresses of the proxies in trusted_proxy, or take this line out',
  });
}
