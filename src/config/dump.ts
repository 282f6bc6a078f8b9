// What `show FILE --format json` prints: every loadable section of a file, resolved by itself, in PasteDeploy's own words.
// Called by the show command. Needs no server section and imports nothing.
import { assertNever, type WsgiServeError } from '../errors.js';
import type { ObjectKind, Spec } from './deployment.js';
import {
  type OpenedDeployment,
  type OpenOptions,
  openDeployment,
  resolveSection,
} from './open-deployment.js';
import { attempt } from './problems.js';
import type { LoadableSection } from './sections.js';
import { plainValues } from './settings-record.js';
import { targetText } from './targets.js';

/** One deployment file: its sections in file order, or why it cannot be read. */
export type DeploymentDump = { readonly sections: readonly SectionDump[] } | { readonly error: ProblemDump };

/** A section: what it stands for, or its problem. */
export interface SectionDump {
  readonly section: string;
  readonly kind: ObjectKind;
  readonly name: string | null;
  readonly context?: ContextDump;
  readonly error?: ProblemDump;
}

/** PasteDeploy's LoaderContext. */
export interface ContextDump {
  readonly type: string;
  readonly protocol: string | null;
  readonly target: string | null;
  readonly global_conf: Readonly<Record<string, string>>;
  readonly local_conf: Readonly<Record<string, string>>;
  readonly filters?: readonly ContextDump[];
  readonly app?: ContextDump;
  readonly filter?: ContextDump;
  readonly next?: ContextDump;
}

/** A problem: its code, its place (from 1), and what would be right. */
export interface ProblemDump {
  readonly code: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
  readonly hint: string | null;
}

/** Never throws for what a user wrote: problems are part of the document, the first of each section. */
export function dumpDeployment(file: string, options: OpenOptions = {}): DeploymentDump {
  const opened = attempt(() => openDeployment(file, options));
  if (opened.error !== null) return { error: dumpProblem(opened.error) };
  const { value } = opened;
  return { sections: value.view.file.index.loadable.map((section) => dumpSection(value, section)) };
}

function dumpSection(opened: OpenedDeployment, loadable: LoadableSection): SectionDump {
  const { section, kind, name } = loadable;
  const head = { section: section.name, kind, name };
  const spec = attempt(() => resolveSection(opened, loadable));
  return spec.error === null
    ? { ...head, context: dumpSpec(spec.value) }
    : { ...head, error: dumpProblem(spec.error) };
}

function dumpSpec(spec: Spec): ContextDump {
  const confs = {
    protocol: spec.protocol,
    target: spec.kind === 'factory' ? targetText(spec.target) : null,
    global_conf: plainValues(spec.globalConf),
    local_conf: plainValues(spec.localConf),
  };
  switch (spec.kind) {
    case 'factory':
      return { type: TYPES[spec.objectKind], ...confs };
    case 'pipeline':
      return { type: 'pipeline', ...confs, filters: spec.filters.map(dumpSpec), app: dumpSpec(spec.app) };
    case 'filter-app':
      return { type: 'filter_app', ...confs, filter: dumpSpec(spec.filter), next: dumpSpec(spec.next) };
    case 'filter-with':
      return { type: 'filtered_with', ...confs, filter: dumpSpec(spec.filter), next: dumpSpec(spec.next) };
    default:
      return assertNever(spec);
  }
}

const TYPES: Readonly<Record<ObjectKind, string>> = {
  app: 'application',
  filter: 'filter',
  server: 'server',
};

/** The problem that PasteDeploy would have stopped at. */
function dumpProblem(error: WsgiServeError): ProblemDump {
  const { code, place, message, hint } = error.problems[0] ?? error;
  const start = place?.origin.span?.start;
  const file = place?.origin.file ?? null;
  return { code, file, line: start?.line ?? null, column: start?.column ?? null, message, hint };
}
