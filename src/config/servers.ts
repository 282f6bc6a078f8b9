// Server sections -> ServerSpecs: which listeners a deployment has, and which app each of them serves. Called by
// read-deployment.ts. What the options of a server mean is listen's to know.
import { basename } from 'node:path';
import { knownNamesHint, WsgiServeError } from '../errors.js';
import type { Origin } from '../source.js';
import type { ServerSpec, Setting, Spec, Target } from './deployment.js';
import type { OpenedDeployment } from './open-deployment.js';
import { attempt, both, forEach, type Outcome, unwrap } from './problems.js';
import { headerOrigin, type LoadableSection } from './sections.js';
import { mergeSettings, takeSetting } from './settings-record.js';

/** What the command line chooses; null leaves the choice to the file. */
export interface Selection {
  /** The one server section to start. */
  readonly serverName: string | null;
  /** The app that is served instead of those that the server sections name. */
  readonly appName: string | null;
}

/**
 * Every server of the file, or the one that is selected, with its app; servers of the same app share its spec.
 * Throws `no-server`, or the problems of all servers and apps together.
 */
export function readServers(opened: OpenedDeployment, selection: Selection): readonly ServerSpec[] {
  const apps = new Map<string, Spec>();
  const appNamed = (name: Setting): Spec => {
    const app = apps.get(name.value) ?? resolveApp(opened, name);
    apps.set(name.value, app);
    return app;
  };
  return forEach(selectSections(opened, selection.serverName), (section) => {
    const resolved = attempt(() => resolveServer(opened, section));
    const appName =
      chosenApp(selection) ?? writtenApp(opened, section, resolved) ?? defaultApp(opened, section);
    const [server, app] = both(
      () => unwrap(resolved),
      () => appNamed(appName),
    );
    return serverSpec(section, server, appName, app);
  });
}

/** A server section, resolved. */
export interface ResolvedServer {
  readonly spec: Spec;
  readonly target: Target | null;
  readonly origin: Origin;
}

/** Resolves a server section, which need not say what serves: then its target is null. */
export function resolveServer(
  { resolver, root, view, globals }: OpenedDeployment,
  { section, name }: LoadableSection,
): ResolvedServer {
  const origin = headerOrigin(view.path, section);
  const spec = resolver.resolveServer(
    name === null ? null : { value: name, origin },
    root,
    globals,
    BUILT_IN,
  );
  return { spec, target: spec.kind === 'factory' && spec.target !== BUILT_IN ? spec.target : null, origin };
}

/** The names of all server sections. Throws `no-server` where there is none. */
export function serverNames(opened: OpenedDeployment): readonly string[] {
  return selectSections(opened, null).map(nameOf);
}

/** What a server section points at that names nothing. */
export const BUILT_IN: Target = {
  kind: 'egg',
  distribution: 'wsgi-serve',
  entry: 'main',
  origin: { file: '<built in>', section: null, key: null, span: null },
};

function selectSections(opened: OpenedDeployment, serverName: string | null): readonly LoadableSection[] {
  const servers = opened.view.file.index.loadable.filter(({ kind }) => kind === 'server');
  const selected = servers.filter((server) => serverName === null || nameOf(server) === serverName);
  if (selected.length === 0) throw noServer(opened, serverName, servers.map(nameOf));
  return selected;
}

function nameOf({ name }: LoadableSection): string {
  return name ?? 'main';
}

function chosenApp({ appName }: Selection): Setting | null {
  const origin = { file: '<command line>', section: null, key: null, span: null };
  return appName === null ? null : { value: appName, origin };
}

/** What `app` says; of a section that cannot be resolved, as it stands there, so that its app is looked at too. */
function writtenApp(
  { view }: OpenedDeployment,
  { section }: LoadableSection,
  resolved: Outcome<ResolvedServer>,
): Setting | null {
  if (resolved.error === null) return resolved.value.spec.localConf['app'] ?? null;
  const [, raw] = view.keysOf(section).find(([key]) => key === 'app') ?? [];
  const value = raw === undefined ? null : attempt(() => view.interpolate(section, raw));
  return raw === undefined || value === null || value.error !== null
    ? null
    : { value: value.value, origin: raw.origin };
}

/** The app that is called like the server, else `main`. */
function defaultApp({ view }: OpenedDeployment, server: LoadableSection): Setting {
  const namesake = view.file.index.find('app', nameOf(server)).length > 0;
  return { value: namesake ? nameOf(server) : 'main', origin: headerOrigin(view.path, server.section) };
}

function serverSpec(
  section: LoadableSection,
  { spec, target, origin }: ResolvedServer,
  appName: Setting,
  app: Spec,
): ServerSpec {
  const options = mergeSettings(spec.localConf);
  takeSetting(options, 'app');
  const { globalConf } = spec;
  return {
    name: nameOf(section),
    section: section.section.name,
    origin,
    target,
    appName,
    app,
    options,
    globalConf,
  };
}

/** A bare `[app]` serves as `main` where no section is called so. */
function resolveApp({ resolver, root, view, globals }: OpenedDeployment, name: Setting): Spec {
  const { index } = view.file;
  const bare =
    name.value === 'main' && index.find('app', 'main').length === 0 && index.find('app', null).length > 0;
  return bare ? resolver.resolveUnnamed('app', root, globals) : resolver.resolve('app', name, root, globals);
}

function noServer(
  { view }: OpenedDeployment,
  wanted: string | null,
  known: readonly string[],
): WsgiServeError {
  const file = basename(view.path);
  const place = view.place({ file: view.path, section: null, key: null, span: null });
  if (wanted !== null && known.length > 0) {
    const message = `no server is called ${JSON.stringify(wanted)} in ${file}`;
    return new WsgiServeError('no-server', message, {
      place,
      hint: knownNamesHint(`Servers in ${file}`, wanted, known),
    });
  }
  const section = `[server:${wanted ?? 'main'}]`;
  return new WsgiServeError('no-server', `${file} has no server section, so nothing says where to listen`, {
    place,
    hint: `Add two lines:\n  ${section}\n  port = 8080`,
  });
}
