// One line an answered request, as access logs have them: pure formatters, called when an answer is through.
// Whatever a client sent is escaped: a request can neither end its line nor begin a column, nor talk to a terminal.

export const ACCESS_LOG_FORMATS = ['common', 'combined', 'json'] as const;

export type AccessLogFormat = (typeof ACCESS_LOG_FORMATS)[number];

/** A request and what came of it. Texts are as received; null where there is none. */
export interface AccessEntry {
  /** When the request came in, in milliseconds since 1970. */
  readonly time: number;
  /** '' for the peer of a unix socket. */
  readonly remoteAddress: string;
  readonly user: string | null;
  /** All three are null where the request could not be read. */
  readonly method: string | null;
  readonly target: string | null;
  readonly httpVersion: string | null;
  readonly host: string | null;
  /** 499 where the client went away before an answer began, as in nginx. */
  readonly status: number;
  /** Bytes of the body that were handed on; where `aborted`, not all of them may have left. */
  readonly bytes: number;
  readonly referer: string | null;
  readonly userAgent: string | null;
  /** Milliseconds from the request to the end of the answer. */
  readonly duration: number;
  readonly requestId: string;
  /** Whether the connection broke before the end of the answer. */
  readonly aborted: boolean;
}

/** Longer texts are cut: a request head may be as large as its limit, and escaping makes four bytes of one. */
const LONGEST_TEXT = 2048;
/** What nginx escapes, and RFC 9110 calls obs-text: C1 controls are among it. */
const UNSAFE = /[\ud800-\udbff][\udc00-\udfff]|["\\\x00-\x1f\x7f-\uffff]/g;
/** The columns that stand without quotes end at a space, and brackets belong to the time. */
const UNSAFE_BARE = /[\ud800-\udbff][\udc00-\udfff]|[ "[\\\]\x00-\x1f\x7f-\uffff]/g;
const UNSAFE_JSON = /[\x7f-\uffff]/g;

/** One line without its end. */
export type AccessLogFormatter = (entry: AccessEntry) => string;

/**
 * `common` is the Common Log Format, `combined` adds Referer and User-Agent (both in UTC, and escaped as nginx does);
 * `json` has every field of an entry, and is ASCII.
 */
export function accessLogFormatter(format: AccessLogFormat): AccessLogFormatter {
  return FORMATTERS[format];
}

const FORMATTERS: Readonly<Record<AccessLogFormat, AccessLogFormatter>> = {
  common,
  combined: (entry) => `${common(entry)} "${quoted(entry.referer)}" "${quoted(entry.userAgent)}"`,
  json,
};

function common(entry: AccessEntry): string {
  const { remoteAddress, user, time, method, target, httpVersion, status, bytes } = entry;
  const request = method === null ? '-' : quoted(`${method} ${target} HTTP/${httpVersion}`);
  return `${bare(remoteAddress)} - ${bare(user)} [${clfTime(time)}] "${request}" ${status} ${bytes === 0 ? '-' : bytes}`;
}

function json(entry: AccessEntry): string {
  const text = JSON.stringify({
    time: new Date(entry.time).toISOString(),
    remoteAddress: entry.remoteAddress,
    user: clipped(entry.user),
    method: entry.method,
    target: clipped(entry.target),
    httpVersion: entry.httpVersion,
    host: clipped(entry.host),
    status: entry.status,
    bytes: entry.bytes,
    referer: clipped(entry.referer),
    userAgent: clipped(entry.userAgent),
    duration: Math.round(entry.duration * 1000) / 1000,
    requestId: entry.requestId,
    aborted: entry.aborted,
  });
  return text.replace(UNSAFE_JSON, (character) => `\\u${hex(character.charCodeAt(0), 4)}`);
}

function quoted(text: string | null): string {
  return text === null || text === '' ? '-' : escaped(text, UNSAFE);
}

function bare(text: string | null): string {
  return text === null || text === '' ? '-' : escaped(text, UNSAFE_BARE);
}

function escaped(text: string, unsafe: RegExp): string {
  return (clipped(text) ?? '').replace(unsafe, bytesOf);
}

/** What came in as a byte is that byte; decoded text, such as a user's name, is its bytes in UTF-8. */
function bytesOf(character: string): string {
  const code = character.charCodeAt(0);
  if (code <= 0xff) return `\\x${hex(code, 2).toUpperCase()}`;
  return Array.from(Buffer.from(character), (byte) => `\\x${hex(byte, 2).toUpperCase()}`).join('');
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

function clipped(text: string | null): string | null {
  return text !== null && text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}...` : text;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The last second that was written out: under load a thousand lines share it. */
let shown = { second: Number.NaN, text: '' };

/** `10/Oct/2000:13:55:36 +0000`. */
function clfTime(time: number): string {
  const second = Math.floor(time / 1000);
  if (second !== shown.second) shown = { second, text: writeTime(new Date(second * 1000)) };
  return shown.text;
}

function writeTime(date: Date): string {
  const [day = '', clock = ''] = date.toISOString().split(/[T.]/);
  const [year, month, dayOfMonth] = day.split('-');
  return `${dayOfMonth}/${MONTHS[Number(month) - 1]}/${year}:${clock} +0000`;
}
