// What `show FILE` prints: the servers of a file and everything below them, as a tree with the place of each line.
// Called by the show command. Follows the mounts of urlmaps; imports nothing of the user's.
import { assertNever } from '../errors.js';
import { formatOrigin, type Origin } from '../source.js';
import type {
  FactorySpec,
  FilterAppSpec,
  ServerSpec,
  Setting,
  Settings,
  Spec,
  Target,
} from './deployment.js';
import { type OpenedDeployment, resolveSection } from './open-deployment.js';
import { attempt, summaryOf } from './problems.js';
import { headerOrigin, type LoadableSection } from './sections.js';
import { readServers, type Selection } from './servers.js';
import { targetText } from './targets.js';
import { layoutTree, type TreeNode } from './tree-layout.js';

/** The tree as text, places relative to `cwd`. Throws the problems of the servers and of what they reach. */
export function renderTree(opened: OpenedDeployment, selection: Selection, cwd: string): string {
  const tree = new Tree(opened, cwd);
  const hasServers = opened.view.file.index.loadable.some(({ kind }) => kind === 'server');
  const servers = hasServers ? readServers(opened, selection).map((server) => tree.server(server)) : [];
  const others = tree.unreached();
  const heading = hasServers ? 'no server reaches' : 'sections (there is no server)';
  return layoutTree([
    ...servers,
    ...(others.length === 0 ? [] : [{ ...EMPTY, label: heading, children: others }]),
  ]);
}

const EMPTY: TreeNode = { label: '', detail: '', place: '', children: [] };

class Tree {
  readonly #opened: OpenedDeployment;
  readonly #cwd: string;
  /** What was drawn in full: its next appearance stays short, so that circles and repetitions end. */
  readonly #drawn = new Set<string>();

  constructor(opened: OpenedDeployment, cwd: string) {
    this.#opened = opened;
    this.#cwd = cwd;
  }

  server({ section, target, options, origin, app }: ServerSpec): TreeNode {
    const what = target === null ? [] : [targetText(target)];
    const detail = [...what, ...shownOptions(options)].join(', ');
    return { label: `[${section}]`, detail, place: this.#place(origin), children: [this.#spec(app)] };
  }

  /** The loadable sections of the file that nothing led to, apps before the rest. */
  unreached(): readonly TreeNode[] {
    const { resolver, view } = this.#opened;
    const { loadable } = view.file.index;
    const inOrder = [
      ...loadable.filter(({ kind }) => kind === 'app'),
      ...loadable.filter(({ kind }) => kind === 'filter'),
    ];
    return inOrder.flatMap((one) => (resolver.isVisited(view, one.section) ? [] : [this.#section(one)]));
  }

  #section(loadable: LoadableSection): TreeNode {
    const spec = attempt(() => resolveSection(this.#opened, loadable));
    if (spec.error === null) return this.#spec(spec.value);
    const place = this.#place(headerOrigin(this.#opened.view.path, loadable.section));
    return {
      label: `[${loadable.section.name}]`,
      detail: `error: ${summaryOf(spec.error)}`,
      place,
      children: [],
    };
  }

  #spec(spec: Spec): TreeNode {
    const node = { label: labelOf(spec), place: this.#place(spec.origin) };
    const mounts = spec.kind === 'factory' ? mountsOf(spec) : [];
    if (spec.kind === 'factory' && mounts.length === 0) return this.#factory(spec, []);
    const key = JSON.stringify([spec.origin.file, spec.section, spec.kind]);
    if (this.#drawn.has(key)) return { ...node, detail: 'as above', children: [] };
    this.#drawn.add(key);
    switch (spec.kind) {
      case 'factory':
        return this.#factory(
          spec,
          mounts.map((mount) => this.#mount(spec, mount)),
        );
      case 'pipeline':
        return { ...node, detail: 'pipeline', children: this.#specs([...spec.filters, spec.app]) };
      case 'filter-app':
        return this.#filterApp(spec);
      case 'filter-with':
        return { ...node, detail: 'filter-with', children: this.#specs([spec.filter, spec.next]) };
      default:
        return assertNever(spec);
    }
  }

  #specs(specs: readonly Spec[]): readonly TreeNode[] {
    return specs.map((spec) => this.#spec(spec));
  }

  #factory(spec: FactorySpec, children: readonly TreeNode[]): TreeNode {
    const place = this.#place(spec.target.origin);
    return {
      label: labelOf(spec),
      detail: spec.section === null ? '' : targetLine(spec.target),
      place,
      children,
    };
  }

  /** The filter of the section's own stands on the section's line. */
  #filterApp(spec: FilterAppSpec): TreeNode {
    const { filter, next } = spec;
    const node = { label: labelOf(spec), place: this.#place(spec.origin) };
    if (filter.kind !== 'factory')
      return { ...node, detail: 'filter-app', children: this.#specs([filter, next]) };
    return { ...node, detail: targetLine(filter.target), children: this.#specs([next]) };
  }

  #mount(urlmap: FactorySpec, [path, name]: Mount): TreeNode {
    const { scope, globalConf } = urlmap;
    const app = attempt(() => this.#opened.resolver.resolve('app', name, scope, globalConf));
    if (app.error === null) {
      const node = this.#spec(app.value);
      return { ...node, label: `${path} ${node.label}` };
    }
    return {
      label: path,
      detail: `error: ${summaryOf(app.error)}`,
      place: this.#place(name.origin),
      children: [],
    };
  }

  /** File and line: a tree has no room for columns. */
  #place(origin: Origin): string {
    return formatOrigin(origin, this.#cwd).replace(/:\d+$/, '');
  }
}

function labelOf(spec: Spec): string {
  if (spec.section !== null) return `[${spec.section}]`;
  return spec.kind === 'factory' ? targetText(spec.target) : '';
}

function targetLine(target: Target): string {
  return target.kind === 'factory' ? `${target.protocol} = ${targetText(target)}` : targetText(target);
}

function shownOptions(options: Settings): readonly string[] {
  return Object.entries(options).map(([key, { value }]) => `${key} = ${value.replaceAll('\n', ' ')}`);
}

type Mount = readonly [path: string, app: Setting];

/** The paths of an `egg:Paste#urlmap`, each with the app that it names. */
function mountsOf({ objectKind, target, localConf }: FactorySpec): readonly Mount[] {
  const isUrlmap =
    target.kind === 'egg' && target.distribution.toLowerCase() === 'paste' && target.entry === 'urlmap';
  if (!isUrlmap || objectKind !== 'app') return [];
  return Object.entries(localConf).filter(([key]) => key !== 'not_found_app');
}
