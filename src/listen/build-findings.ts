// What building a deployment brings to light beyond its errors: keys that nobody read, mounts that nothing can reach.
// Called by check.ts.
import type {
  FactorySpec,
  ObjectKind,
  Resolver,
  Scope,
  Setting,
  Settings,
  Spec,
} from '../config/deployment.js';
import type { DeploymentResolver } from '../config/resolver.js';
import { WsgiServeError } from '../errors.js';
import type { ConfReads } from '../load/conf.js';
import { unreachableMounts } from '../paste/urlmap.js';
import type { Origin, Place } from '../source.js';

/** A resolver that remembers what composites asked it for. */
export class BuildRecorder implements Resolver {
  readonly specs: Spec[] = [];
  readonly #resolver: DeploymentResolver;

  constructor(resolver: DeploymentResolver) {
    this.#resolver = resolver;
  }

  resolve(kind: ObjectKind, name: Setting, scope: Scope, globalConf: Settings): Spec {
    const spec = this.#resolver.resolve(kind, name, scope, globalConf);
    this.specs.push(spec);
    return spec;
  }

  place(origin: Origin): Place {
    return this.#resolver.place(origin);
  }

  keyPlace(origin: Origin): Place {
    return this.#resolver.keyPlace(origin);
  }
}

/** `unread-key` for each key that was handed to factories and that none of them read. */
export function unreadKeys(reads: ConfReads, resolver: DeploymentResolver): readonly WsgiServeError[] {
  const unread = reads.unread;
  return unread.map(({ key, setting }) => {
    const where = setting.origin.section === null ? 'a section' : `[${setting.origin.section}]`;
    return new WsgiServeError('unread-key', `no factory read "${key}" of ${where}`, {
      place: resolver.keyPlace(setting.origin),
      hint: 'Is it misspelt, or does the factory take it from somewhere else?',
    });
  });
}

/** `unreachable-mount` for each path of a urlmap that another path of it always answers for. */
export function unreachableMountsOf(
  specs: readonly Spec[],
  resolver: DeploymentResolver,
): readonly WsgiServeError[] {
  return specs
    .flatMap(factoriesOf)
    .filter(isUrlmap)
    .flatMap((spec) => {
      const mounts = Object.keys(spec.localConf).filter((key) => key !== 'not_found_app');
      return unreachableMounts(mounts).flatMap(({ expression, hiddenBy }) => {
        const [setting, winner] = [spec.localConf[expression], spec.localConf[hiddenBy]];
        if (setting === undefined || winner === undefined) return [];
        const message = `no request can reach "${expression}" of [${setting.origin.section}]`;
        const related = [{ note: `"${hiddenBy}" answers for it`, place: resolver.keyPlace(winner.origin) }];
        return [
          new WsgiServeError('unreachable-mount', message, {
            place: resolver.keyPlace(setting.origin),
            related,
          }),
        ];
      });
    });
}

function factoriesOf(spec: Spec): readonly FactorySpec[] {
  switch (spec.kind) {
    case 'factory':
      return [spec];
    case 'pipeline':
      return [...spec.filters, spec.app].flatMap(factoriesOf);
    case 'filter-app':
    case 'filter-with':
      return [spec.filter, spec.next].flatMap(factoriesOf);
  }
}

function isUrlmap({ target }: FactorySpec): boolean {
  return target.kind === 'egg' && target.distribution.toLowerCase() === 'paste' && target.entry === 'urlmap';
}
