// What proxies write: the Forwarded field of RFC 7239 section 4, lists of X-Forwarded-..., and addresses with ports.
// Pure, called by forwarded.ts for trusted peers only. Nothing is repaired: what is not well formed is null.
import { isIPv4, isIPv6 } from 'node:net';
import { isPort } from './host.js';

/** One hop of Forwarded: the parameters that matter, unquoted, and the element as written. */
export interface ForwardedElement {
  readonly for: string | null;
  readonly host: string | null;
  readonly proto: string | null;
  readonly text: string;
}

/** An address, and the port where one is written, else ''. */
export interface Node {
  readonly address: string;
  readonly port: string;
}

/** `token=token` or `token="quoted string"`. */
const PAIR =
  /([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)|"((?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*)")/y;
/** Without any of these a text is one item as it stands. */
const LIST_SIGNS = /[,"\t ]/;
/** What stands between two elements of a list, and at its ends. */
const COMMA = /[\t ]*,[\t ]*/y;

/** The elements from left to right. Null for anything but the grammar, for a parameter twice in one element, for empty ones. */
export function parseForwarded(text: string): readonly ForwardedElement[] | null {
  const elements: ForwardedElement[] = [];
  let at = 0;
  for (;;) {
    const read = readElement(text, at);
    if (read === null) return null;
    elements.push(read.element);
    if (read.end === text.length) return elements;
    COMMA.lastIndex = read.end;
    if (!COMMA.test(text)) return null;
    at = COMMA.lastIndex;
  }
}

/** The items of `a, b, "c"`, unquoted. Null where a quote is left open, or stands in the middle. */
export function parseList(text: string): readonly string[] | null {
  if (!LIST_SIGNS.test(text)) return [text];
  const items = text.split(',').map(unquoted);
  return items.every((item) => item !== null) ? items : null;
}

/** `1.2.3.4`, `1.2.3.4:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`; names, `unknown` and `_hidden` are none. */
export function parseNode(text: string): Node | null {
  if (isAddress(text)) return { address: text, port: '' };
  const [, v6, v4, port = ''] = /^(?:\[([^\]]*)\]|([\d.]+))(?::(\d+))?$/.exec(text) ?? [];
  const address = v6 ?? v4 ?? '';
  if (v6 === undefined ? !isIPv4(address) : !isAddress(address) || isIPv4(address)) return null;
  return port === '' || isPort(port) ? { address, port } : null;
}

function readElement(text: string, start: number): { element: ForwardedElement; end: number } | null {
  const pairs = new Map<string, string>();
  let at = start;
  for (;;) {
    PAIR.lastIndex = at;
    const [pair, name = '', token, quoted = ''] = PAIR.exec(text) ?? [];
    const key = name.toLowerCase();
    if (pair === undefined || pairs.has(key)) return null;
    pairs.set(key, token ?? quoted.replace(/\\(.)/g, '$1'));
    at += pair.length;
    if (text[at] !== ';') break;
    at += 1;
  }
  const get = (key: string): string | null => pairs.get(key) ?? null;
  const element = { for: get('for'), host: get('host'), proto: get('proto'), text: text.slice(start, at) };
  return { element, end: at };
}

function unquoted(item: string): string | null {
  const text = item.replace(/^[\t ]+|[\t ]+$/g, '');
  const inner = text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
  return inner.includes('"') ? null : inner;
}

/** Without a zone such as `%eth0`, which means something on one machine only. */
function isAddress(text: string): boolean {
  return isIPv4(text) || (isIPv6(text) && !text.includes('%'));
}
