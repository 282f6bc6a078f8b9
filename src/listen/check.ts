// Everything but listening, for the whole file at once: resolve, read options, import, build, close again.
// Called by the check command. Goes on after each problem; what it builds is closed before it returns.
import { tryBuilds } from '../build/build-servers.js';
import { serverSpec } from '../build/builder.js';
import type { Spec } from '../config/deployment.js';
import {
  type OpenedDeployment,
  type OpenOptions,
  openDeployment,
  resolveSection,
} from '../config/open-deployment.js';
import { together } from '../config/problems.js';
import { readProgram } from '../config/program.js';
import { readServers, serverNames } from '../config/servers.js';
import { shadowedKeys, unreachedSections } from '../config/warnings.js';
import { isWarning, WsgiServeError } from '../errors.js';
import { ConfReads } from '../load/conf.js';
import { BuildRecorder, unreachableMountsOf, unreadKeys } from './build-findings.js';
import { createDeploymentBuilder, planServer, type ServerPlan, sharedAddresses } from './plan.js';
import { type ProgramOptions, parseProgramOptions } from './program-options.js';

/** Everything found, problems before warnings, each once. Never rejects for what a user wrote. */
export async function checkDeployment(
  file: string,
  options: OpenOptions,
): Promise<readonly WsgiServeError[]> {
  const found = new Findings();
  const opened = found.of(() => openDeployment(file, options));
  if (opened !== undefined) await checkOpened(opened, found);
  return found.sorted();
}

async function checkOpened(opened: OpenedDeployment, found: Findings): Promise<void> {
  const { resolver } = opened;
  // Where nothing says what is served, any app of the file may be meant.
  const names = found.of(() => serverNames(opened));
  if (names === undefined) return checkApps(opened, found);
  const servers = names.flatMap(
    (serverName) => found.of(() => readServers(opened, { serverName, appName: null })) ?? [],
  );
  const plans = servers.flatMap((server) => found.of(() => [planServer(server, resolver)]) ?? []);
  for (const plan of plans) if (plan.kind === 'built-in') found.add(plan.parsed.warnings);
  found.add(sharedAddresses(plans));
  const program = found.of(() => parseProgramOptions(readProgram(opened), resolver));
  const apps = servers.map(({ app }) => app);
  if (program !== undefined) await checkBuild(opened, apps, plans, program, found);
  found.add(shadowedKeys(resolver));
  // What a server that cannot be resolved would have led to is not known.
  if (servers.length === names.length) found.add(unreachedSections(opened));
}

/** Every app of the file by itself. */
async function checkApps(opened: OpenedDeployment, found: Findings): Promise<void> {
  const sections = opened.view.file.index.loadable.filter(({ kind }) => kind === 'app');
  const apps = sections.flatMap((section) => found.of(() => [resolveSection(opened, section)]) ?? []);
  const program = found.of(() => parseProgramOptions(readProgram(opened), opened.resolver));
  if (program !== undefined) await checkBuild(opened, apps, [], program, found);
  found.add(shadowedKeys(opened.resolver));
}

/** Keys that nobody read can only be told where every factory was called; servers may read theirs when they serve. */
async function checkBuild(
  { resolver }: OpenedDeployment,
  apps: readonly Spec[],
  plans: readonly ServerPlan[],
  program: ProgramOptions,
  found: Findings,
): Promise<void> {
  const reads = new ConfReads();
  const recorder = new BuildRecorder(resolver);
  const builder = createDeploymentBuilder(recorder, program, {
    localConfOf: (settings, code) => reads.watch(settings, code),
    onProblem: (problem) => found.add(problem.problems),
  });
  const servers = createDeploymentBuilder(recorder, program);
  const foreign = plans.flatMap((plan) => (plan.kind === 'foreign' ? [plan.server] : []));
  found.add(
    await tryBuilds([
      ...apps.map((app) => () => builder.buildApp(app)),
      ...foreign.map((server) => () => servers.buildServer(serverSpec(server, server.target))),
    ]),
  );
  found.add(unreachableMountsOf([...apps, ...recorder.specs], resolver));
  if (!found.hasProblems) found.add(unreadKeys(reads, resolver));
}

/** What was found so far. */
class Findings {
  readonly #found: WsgiServeError[] = [];

  get hasProblems(): boolean {
    return this.#found.some((problem) => !isWarning(problem));
  }

  /** What `step` gives, undefined where it throws what a user caused. */
  of<T>(step: () => T): T | undefined {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof WsgiServeError)) throw error;
      this.add(error.problems);
      return undefined;
    }
  }

  add(problems: readonly WsgiServeError[]): void {
    this.#found.push(...problems);
  }

  sorted(): readonly WsgiServeError[] {
    const [first, ...others] = this.#found;
    if (first === undefined) return [];
    const all = together(first, others).problems;
    return [...all.filter((problem) => !isWarning(problem)), ...all.filter(isWarning)];
  }
}
