// Server sections -> ServerSpecs: which listeners a deployment has, and which app each of them serves. Called by
// read-deployment.ts. What the options of a server mean is listen's to know.
import { basename } from 'node:path';
import { knownNamesHint, WsgiServeError } from '../errors.js';
import type { Origin } from '../source.js';
import type { ServerSpec, Setting, Spec, Target } from './deployment.js';
import type { OpenedDeployment } from './open-deployment.js';
import { forEach } from './problems.js';
import { headerOrigin, type LoadableSection } from './sections.js';
import { mergeSettings, settingsFrom, takeSetting } from './settings-record.js';

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
  return forEach(selectSections(opened, selection.serverName), (section) => {
    const { spec, target, origin } = resolveServer(opened, section);
    const options = mergeSettings(spec.localConf);
    const written = takeSetting(options, 'app');
    const appName = chosenApp(selection) ?? written ?? defaultApp(opened, section, origin);
    const app = apps.get(appName.value) ?? resolveApp(opened, appName);
    apps.set(appName.value, app);
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
  });
}

/** A server section, resolved; `target` is null where it leaves out what serves, which is no mistake here. */
export function resolveServer(
  { resolver, root, view, globals }: OpenedDeployment,
  { section, name }: LoadableSection,
): { readonly spec: Spec; readonly target: Target | null; readonly origin: Origin } {
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
const BUILT_IN: Target = {
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
  return appName === null ? null : (settingsFrom({ app: appName }, '<command line>')['app'] ?? null);
}

/** The app that is called like the server, else `main`. */
function defaultApp({ view }: OpenedDeployment, server: LoadableSection, origin: Origin): Setting {
  const namesake = view.file.index.find('app', nameOf(server)).length > 0;
  return { value: namesake ? nameOf(server) : 'main', origin };
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
