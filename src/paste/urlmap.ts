// egg:Paste#urlmap: sends each request to the app that is mounted at its path and host. Called by build, usable alone.
// It moves the matched part of the path from PATH_INFO to SCRIPT_NAME and tells clients nothing of the other mounts.
import { attempt, forEach } from '../config/problems.js';
import type { CompositeFactory } from '../gateway/app.js';
import type { Environ, WsgiApp } from '../gateway/wsgi-types.js';
import { collapseSlashes, type MountPoint, parsePathExpression } from './path-expression.js';

interface Mount extends MountPoint {
  readonly app: WsgiApp;
}

/**
 * An app that dispatches to `apps` by path expression, such as `/blog` or `domain example.com /`: mounts with a domain
 * come first, then the longest path that covers whole segments of the request's. Of two keys that mean the same the
 * later one counts. `notFound` answers where nothing matches. Throws `bad-value` for all keys that are no path expression.
 */
export function urlmap(apps: Readonly<Record<string, WsgiApp>>, notFound: WsgiApp = answerNotFound): WsgiApp {
  const mounts = sortMounts(apps);
  const byDomain = mounts.some(({ domain }) => domain !== null);
  const app: WsgiApp = (environ, startResponse) => {
    const path = collapseSlashes(environ.PATH_INFO);
    const host = byDomain ? hostOf(environ) : null;
    for (const mount of mounts) {
      if (!covers(mount.path, path) || !serves(mount.domain, host)) continue;
      environ.SCRIPT_NAME += mount.path;
      environ.PATH_INFO = path.slice(mount.path.length);
      return mount.app(environ, startResponse);
    }
    environ['paste.urlmap_object'] = app;
    return notFound(environ, startResponse);
  };
  return app;
}

/** `paste.composite_factory`: each key is a path expression, each value names an app; `not_found_app` may be global. */
export const urlmapFactory: CompositeFactory = async (loader, globalConf, localConf) => {
  const { not_found_app: notFound = globalConf['not_found_app'], ...names } = localConf;
  const apps: Record<string, WsgiApp> = {};
  for (const [expression, name] of Object.entries(names)) {
    apps[expression] = await loader.getApp(name, globalConf);
  }
  return urlmap(apps, notFound ? await loader.getApp(notFound, globalConf) : undefined);
};

/** A mount that no request reaches, and the one that takes its requests. */
export interface UnreachableMount {
  readonly expression: string;
  readonly hiddenBy: string;
}

/**
 * The keys of a urlmap that can never match: of two that mean the same the first, and a domain with a port below one
 * without, which comes first and takes every port. What is no path expression is left out.
 */
export function unreachableMounts(expressions: readonly string[]): UnreachableMount[] {
  const points = expressions.flatMap((expression) => {
    const parsed = attempt(() => parsePathExpression(expression));
    return parsed.error === null ? [{ expression, ...parsed.value }] : [];
  });
  return points.flatMap((point, index) => {
    const hider = points.find((other, at) => hides(other, point, at > index));
    return hider === undefined ? [] : [{ expression: point.expression, hiddenBy: hider.expression }];
  });
}

function hides(other: MountPoint, point: MountPoint, isLater: boolean): boolean {
  if (other.domain === point.domain) return isLater && other.path === point.path;
  return (
    other.domain !== null &&
    point.domain?.replace(/:\d+$/, '') === other.domain &&
    covers(other.path, point.path)
  );
}

/** Paste's order: domains by name, a mount for any domain last; within a domain the longest path first. */
function sortMounts(apps: Readonly<Record<string, WsgiApp>>): readonly Mount[] {
  const mounts = forEach(Object.entries(apps), ([expression, app]) => ({
    ...parsePathExpression(expression),
    app,
  }));
  const byPoint = new Map(mounts.map((mount) => [`${mount.domain ?? ''} ${mount.path}`, mount]));
  return [...byPoint.values()].sort(
    (a, b) => compareDomains(a.domain, b.domain) || b.path.length - a.path.length,
  );
}

function compareDomains(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  return a < b ? -1 : 1;
}

/** Whether `path` is the mount's own or lies below it: `/foo` covers `/foo/bar` and not `/foobar`. */
function covers(mountPath: string, path: string): boolean {
  return path.startsWith(mountPath) && (path.length === mountPath.length || path[mountPath.length] === '/');
}

interface Host {
  readonly name: string;
  readonly withPort: string;
}

function serves(domain: string | null, host: Host | null): boolean {
  return domain === null || (host !== null && (domain === host.name || domain === host.withPort));
}

/** The host that the client asked for, in lower case; an IPv6 address keeps its brackets. */
function hostOf(environ: Environ): Host {
  const asked = (environ.HTTP_HOST ?? environ.SERVER_NAME ?? '').toLowerCase();
  const [, name = asked, port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(asked) ?? [];
  return { name, withPort: `${name}:${port || (environ['wsgi.url_scheme'] === 'https' ? '443' : '80')}` };
}

const answerNotFound: WsgiApp = (_environ, startResponse) => {
  startResponse('404 Not Found', [['Content-Type', 'text/plain; charset=utf-8']]);
  return ['Not Found\n'];
};
