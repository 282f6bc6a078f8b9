// `config:site.ini#main`, `egg:...` or `call:...` given to loadApp and its sisters -> a Spec. PasteDeploy's `loadcontext`,
// with its messages. Called by the public API.
import { isAbsolute, join } from 'node:path';
import { WsgiServeError } from '../errors.js';
import type { ObjectKind, Scope, Settings, Spec } from './deployment.js';
import { type ReadFile, readRegularFile } from './read.js';
import { configPath, NO_FILE, SCHEMES, splitOnce } from './reference.js';
import { DeploymentResolver } from './resolver.js';
import { BUILT_IN } from './servers.js';
import { settingsFrom, settingsOf } from './settings-record.js';

/** What a URI is resolved with; all of it may be left out. */
export interface UriOptions {
  /** The section's name or the egg's entry; wins over what stands behind `#`. */
  readonly name?: string;
  /** The folder that a relative `config:` path starts from; without it such a path is an error. */
  readonly relativeTo?: string;
  /** Globals; [DEFAULT] of the file wins over them in interpolation, they win over it in what factories get. */
  readonly globalConf?: Readonly<Record<string, string>>;
  /** Gives the bytes of a file; regular files of up to 16 MiB by default. */
  readonly readFile?: ReadFile;
}

/** What a URI stands for. */
export interface ResolvedUri {
  readonly spec: Spec;
  /** Finds further sections while the spec is built. */
  readonly resolver: DeploymentResolver;
}

/** What a URI stands for. Throws `no-scheme`, `unknown-scheme`, and the problems of the file and its sections. */
export function resolveUri(kind: ObjectKind, uri: string, options: UriOptions = {}): ResolvedUri {
  const [address, fragment] = splitOnce(uri, '#');
  const [word, path] = splitOnce(address, ':');
  if (path === null)
    throw new WsgiServeError('no-scheme', `URI has no scheme: '${address}'`, { hint: EXAMPLE });
  const scheme = word.toLowerCase();
  if (!SCHEMES.includes(scheme)) throw unknownScheme(scheme);
  const globals = settingsFrom(options.globalConf ?? {}, '<api>');
  const resolver = new DeploymentResolver(options.readFile ?? readRegularFile, settingsOf([]));
  const name = options.name ?? fragment ?? 'main';
  const scope =
    scheme === 'config' ? fileScope(address, path, globals, options) : { file: NO_FILE, inherited: globals };
  const origin = { file: '<api>', section: null, key: null, span: null };
  const value = scheme === 'config' ? name : `${scheme}:${path}#${name}`;
  if (scheme === 'config') resolver.view(scope);
  const setting = { value, origin };
  const spec =
    kind === 'server'
      ? resolver.resolveServer(setting, scope, globals, BUILT_IN)
      : resolver.resolve(kind, setting, scope, globals);
  return { spec, resolver };
}

const EXAMPLE = 'Example: config:site.ini#main';

function fileScope(uri: string, path: string, globals: Settings, { relativeTo }: UriOptions): Scope {
  if (isAbsolute(path)) return { file: configPath(path, '/'), inherited: globals };
  if (relativeTo === undefined || relativeTo === '') {
    const message = `Cannot resolve relative uri '${uri}'; no relative_to keyword argument given`;
    throw new WsgiServeError('file', message, {
      hint: 'Give relativeTo, the folder that the path starts from',
    });
  }
  const folder = isAbsolute(relativeTo) ? relativeTo : join(process.cwd(), relativeTo);
  return { file: configPath(path, folder), inherited: globals };
}

function unknownScheme(scheme: string): WsgiServeError {
  const known = SCHEMES.join(', ');
  return new WsgiServeError('unknown-scheme', `URI scheme not known: '${scheme}' (from ${known})`, {
    hint: EXAMPLE,
  });
}
