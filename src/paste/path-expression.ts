// The keys of a urlmap: `/path`, `domain example.com port 8080 /path`. Pure; urlmap.ts matches what this parses.
import { WsgiServeError } from '../errors.js';

/** Where an app is mounted. */
export interface MountPoint {
  /** `example.com` or `example.com:8080`, in lower case; null where any host will do. */
  readonly domain: string | null;
  /** One slash at its start, none at its end: '' is the root. */
  readonly path: string;
}

/**
 * Parses a key as Paste does: `domain D`, `port P` and one path, in any order; `http://D:P/path` says the same.
 * Throws `bad-value`.
 */
export function parsePathExpression(expression: string): MountPoint {
  const words = expression.split(/\s+/).filter((word) => word !== '');
  const domain = takeOption(words, 'domain', 'a domain name', expression);
  const port = takeOption(words, 'port', 'a port number', expression);
  const [path = '', second] = words;
  if (second !== undefined)
    throw bad(expression, `more than one path given (have '${path}', got '${second}')`);
  if (port !== null && domain === null)
    throw bad(expression, 'If you give a port, you must also give a domain');
  if (port !== null && !/^\d+$/.test(port)) throw bad(expression, `'${port}' is not a port number`);
  if (domain === null) return parseUrl(path, expression);
  return { domain: (port === null ? domain : `${domain}:${port}`).toLowerCase(), path: trimPath(`/${path}`) };
}

/** One slash for several: mount points and requests are both seen so. */
export function collapseSlashes(path: string): string {
  return path.includes('//') ? path.replace(/\/{2,}/g, '/') : path;
}

/** Takes `name` and the word behind it out of `words`; null where it does not stand there. */
function takeOption(words: string[], name: string, what: string, expression: string): string | null {
  const index = words.indexOf(name);
  if (index === -1) return null;
  const [, value] = words.splice(index, 2);
  if (value === undefined) throw bad(expression, `'${name}' must be followed with ${what}`);
  if (words.includes(name)) throw bad(expression, `'${name}' given twice`);
  return value;
}

/** `/path`, `http://host/path` or nothing at all, which is the root. */
function parseUrl(url: string, expression: string): MountPoint {
  const [, domain, path] = /^https?:\/\/([^/]+)(.*)$/s.exec(url) ?? [];
  if (domain !== undefined && path !== undefined)
    return { domain: domain.toLowerCase(), path: trimPath(path) };
  if (url !== '' && !url.startsWith('/')) {
    throw bad(expression, `URL fragments must start with / or http:// (you gave '${url}')`);
  }
  return { domain: null, path: trimPath(url) };
}

function trimPath(path: string): string {
  return collapseSlashes(path).replace(/\/$/, '');
}

function bad(expression: string, message: string): WsgiServeError {
  return new WsgiServeError('bad-value', `mount "${expression}": ${message}`, {
    key: expression,
    hint: 'A mount is a path such as /blog, or: domain example.com port 8080 /blog',
  });
}
