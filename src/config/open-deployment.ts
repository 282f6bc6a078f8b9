// The first step of everything: a deployment file is read, and what its names stand for can be asked. Called by
// read-deployment.ts, and by those who look at single sections (dump, flat, tree).
import { isAbsolute } from 'node:path';
import type { Scope, Settings, Spec } from './deployment.js';
import { type ReadFile, readRegularFile } from './read.js';
import { DeploymentResolver } from './resolver.js';
import type { ScopeView } from './scope-view.js';
import { headerOrigin, type LoadableSection } from './sections.js';
import { settingsFrom, settingsOf } from './settings-record.js';

/** What a deployment file is read with. */
export interface OpenOptions {
  /** Globals of the command line, which win over [DEFAULT] in every file. */
  readonly variables?: Readonly<Record<string, string>>;
  /** The folder that a relative file name starts from; the process's own by default. */
  readonly cwd?: string;
  /** Gives the bytes of a file; regular files of up to 16 MiB by default. */
  readonly readFile?: ReadFile;
}

/** A deployment file that was read and understood as text; nothing is resolved yet. */
export interface OpenedDeployment {
  readonly resolver: DeploymentResolver;
  /** Where the names of the file are looked up. */
  readonly root: Scope;
  readonly view: ScopeView;
  /** The globals that every resolution from the root begins with. */
  readonly globals: Settings;
}

/** Reads `file`. Throws the problems of reading: `file-not-found`, `file`, `encoding`, `syntax` and its like. */
export function openDeployment(file: string, options: OpenOptions = {}): OpenedDeployment {
  const cwd = options.cwd ?? process.cwd();
  const globals = settingsFrom(options.variables ?? {}, '<command line>');
  const resolver = new DeploymentResolver(options.readFile ?? readRegularFile, globals);
  const root = { file: isAbsolute(file) ? file : `${cwd}/${file}`, inherited: settingsOf([]) };
  return { resolver, root, view: resolver.view(root), globals };
}

/** What a section of the opened file stands for, found by its name as PasteDeploy would. */
export function resolveSection(opened: OpenedDeployment, { section, kind, name }: LoadableSection): Spec {
  const { resolver, root, view, globals } = opened;
  if (name === null) return resolver.resolveUnnamed(kind, root, globals);
  return resolver.resolve(kind, { value: name, origin: headerOrigin(view.path, section) }, root, globals);
}
