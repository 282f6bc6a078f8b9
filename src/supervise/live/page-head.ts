// The head of an answer: whether it is that of a page to which ASCII can be added, and what it says when that is done.
// Pure; called by page-answer.ts.
import type { Header } from '../../gateway/wsgi-types.js';
import { allowsOwnScript } from './content-security-policy.js';

/** Heads that break the contract are those of no page: the server refuses them in its own words. */
export function isPageHead(status: string, headers: readonly Header[]): boolean {
  const fields = fieldsOf(headers);
  return (
    fields !== null &&
    !NO_WHOLE_BODY.has(String(status).slice(0, 3)) &&
    isHtml(fields.get('content-type')) &&
    isPlain(fields.get('content-encoding')) &&
    // It is saved, not shown.
    !/^\s*attachment\b/i.test(fields.get('content-disposition') ?? '') &&
    allowsOwnScript(fields.get('content-security-policy')) &&
    // No script runs below it whose tag has no hash of it (Subresource Integrity, "Integrity-Policy").
    !/\bscript\b/.test(fields.get('integrity-policy') ?? '')
  );
}

/** As `headers`, for a body of `size` more bytes. */
export function withRoom(headers: readonly Header[], size: number): readonly Header[] {
  return headers
    .filter(([name]) => !OF_OLD_BODY.has(name.toLowerCase()))
    .map(([name, value]) => (isLength(name, value) ? [name, String(Number(value) + size)] : [name, value]));
}

/** Answers without a body, and those with a piece of one, whose place among the others must stay what it is. */
const NO_WHOLE_BODY: ReadonlySet<string> = new Set(['204', '205', '206', '304']);

/**
 * What is true of the body that the app made alone. Validators go too, and do not just become weak: the page would come
 * back with the script of an old generation in it, or from a server that knows no live reload.
 */
const OF_OLD_BODY: ReadonlySet<string> = new Set([
  ...['etag', 'last-modified'],
  ...['content-md5', 'digest', 'content-digest', 'repr-digest'],
]);

/** By name in lower case, those of one name in one list; null where some are no headers at all. */
function fieldsOf(headers: readonly unknown[]): ReadonlyMap<string, string> | null {
  const fields = new Map<string, string>();
  for (const header of headers) {
    if (!Array.isArray(header)) return null;
    const [name, value]: unknown[] = header;
    if (typeof name !== 'string' || typeof value !== 'string') return null;
    const key = name.toLowerCase();
    const earlier = fields.get(key);
    fields.set(key, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return fields;
}

/** In an encoding in which ASCII is ASCII: all but those of two bytes or four that browsers know. */
function isHtml(contentType = ''): boolean {
  return (
    /^\s*text\/html\s*(?:;|$)/i.test(contentType) &&
    !/charset\s*=\s*"?(?:utf-?(?:16|32)|[\w-]*(?:ucs-?[24]|unicode))/i.test(contentType)
  );
}

function isPlain(contentEncoding = ''): boolean {
  return /^\s*(?:identity)?\s*$/i.test(contentEncoding);
}

/** A length that is kept is still held to: one that the app does not keep to is found as without live reload. */
function isLength(name: string, value: string): boolean {
  return name.toLowerCase() === 'content-length' && /^\d+$/.test(value);
}
