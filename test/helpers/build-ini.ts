// Builds what INI text describes out of functions of the test: real config, real build, nothing imported.
import { type BuilderOptions, createBuilder } from '../../src/build/builder.js';
import type { ObjectKind, Spec, Target } from '../../src/config/deployment.js';
import { openDeployment } from '../../src/config/open-deployment.js';
import { WsgiServeError } from '../../src/errors.js';
import type { Callable, TargetLoader } from '../../src/load/load-target.js';

/** Functions by the expressions that name them, or the protocol of an egg and its function. */
export type Factories = Readonly<
  Record<string, Callable | { readonly protocol: string; readonly value: Callable }>
>;

/** The file that INI text stands for. */
export const FILE = '/srv/site.ini';

/** A builder for a deployment file of this text, and its sections as specs. */
export function builderOf(ini: string, factories: Factories, options: Partial<BuilderOptions> = {}) {
  const { resolver, root, globals } = openDeployment(FILE, { readFile: () => Buffer.from(ini) });
  const placeOf = resolver.place.bind(resolver);
  const builder = createBuilder({ resolver, targets: targetsOf(factories), placeOf, ...options });
  const spec = (name: string, kind: ObjectKind = 'app'): Spec => {
    return resolver.resolve(
      kind,
      { value: name, origin: { file: FILE, section: null, key: null, span: null } },
      root,
      globals,
    );
  };
  return { builder, spec, resolver };
}

function targetsOf(factories: Factories): TargetLoader {
  return {
    async load(_kind, target) {
      const name = nameOf(target);
      const found = factories[name];
      if (found === undefined) throw new WsgiServeError('module-not-found', `there is no module "${name}"`);
      if (typeof found !== 'function') return { name, owner: undefined, ...found };
      return { name, owner: factories, value: found, protocol: target.kind === 'egg' ? '' : target.protocol };
    },
    require() {},
  };
}

function nameOf(target: Target): string {
  return target.kind === 'egg' ? `egg:${target.distribution}#${target.entry}` : target.expression;
}
