// The request target taken apart and its path decoded: pure, called by environ.ts for every request.
// It never guesses: what is no target by RFC 9112 section 3.2 is refused, not repaired.

/** A request target in its parts, the path decoded. */
export interface Target {
  /** Percent-decoded UTF-8; '' for `*`. */
  readonly path: string;
  /** What follows the first `?`, as sent; '' where there is none. */
  readonly query: string;
  /** `host:port` of a target in absolute form, which overrides Host; null in the usual form. */
  readonly authority: string | null;
}

const ABSOLUTE_FORM = /^https?:\/\/([^/?#@]+)((?:[/?].*)?)$/is;
/** A percent sign that begins no escape: it stays as it is. */
const LONE_PERCENT = /%(?![0-9a-f]{2})/gi;
const ASTERISK_FORM: Target = { path: '', query: '', authority: null };

/** Splits `target`; null where it is no target for an app, or its path is not UTF-8 or holds a NUL: the answer is 400. */
export function parseTarget(target: string): Target | null {
  if (target.charCodeAt(0) === 47) return parsePath(target, null);
  if (target === '*') return ASTERISK_FORM;
  const [, authority, rest] = ABSOLUTE_FORM.exec(target) ?? [];
  if (authority === undefined || rest === undefined) return null;
  return parsePath(rest.startsWith('/') ? rest : `/${rest}`, authority);
}

function parsePath(target: string, authority: string | null): Target | null {
  const mark = target.indexOf('?');
  const path = decodePath(mark === -1 ? target : target.slice(0, mark));
  if (path === null) return null;
  return { path, query: mark === -1 ? '' : target.slice(mark + 1), authority };
}

/** `%C3%A9` as `é`; a `+` stays, and so does a `%` that begins no escape. Null where bytes are not UTF-8, or NUL. */
export function decodePath(path: string): string | null {
  if (!path.includes('%')) return path;
  try {
    const decoded = decodeURIComponent(path.replace(LONE_PERCENT, '%25'));
    return decoded.includes('\0') ? null : decoded;
  } catch {
    return null;
  }
}
