// What serving and `check` do alike before anything listens: read the options of every server, make a builder.
import { type Builder, type BuilderOptions, createBuilder } from '../build/builder.js';
import type { Resolver, ServerSpec, Target } from '../config/deployment.js';
import type { DeploymentResolver } from '../config/resolver.js';
import { WsgiServeError } from '../errors.js';
import type { ImportTools } from '../load/import-target.js';
import { createTargetLoader } from '../load/load-target.js';
import { TsLoader } from '../load/ts-loader.js';
import { formatAddress, isSameAddress } from './address.js';
import { isBuiltInServer } from './foreign-server.js';
import { type ParsedOptions, parseOptions } from './parse-options.js';
import type { ProgramOptions } from './program-options.js';
import { ALL_EGGS } from './server-eggs.js';

/** A server section, read: with the options of the built-in server, or with the target of another. */
export type ServerPlan =
  | { readonly kind: 'built-in'; readonly server: ServerSpec; readonly parsed: ParsedOptions }
  | { readonly kind: 'foreign'; readonly server: ServerSpec & { readonly target: Target } };

/** Throws the problems of parseOptions. Nothing of the user's runs. */
export function planServer(server: ServerSpec, resolver: DeploymentResolver): ServerPlan {
  const { target } = server;
  if (target !== null && !isBuiltInServer(target)) return { kind: 'foreign', server: { ...server, target } };
  const parsed = parseOptions(server, resolver);
  return { kind: 'built-in', server, parsed };
}

/** `address-in-use` for each server that another one of the file, written before it, keeps from binding. */
export function sharedAddresses(plans: readonly ServerPlan[]): readonly WsgiServeError[] {
  const builtIn = plans.flatMap((plan) => (plan.kind === 'built-in' ? [plan] : []));
  const firsts = new Map<string, (typeof builtIn)[number]>();
  return builtIn.flatMap((plan) => {
    const { server, parsed } = plan;
    const { address, place } = parsed;
    const first = firsts.get(formatAddress(address)) ?? plan;
    firsts.set(formatAddress(address), first);
    if (first === plan || !isSameAddress(first.parsed.address, address)) return [];
    const message = `[${server.section}] and [${first.server.section}] both listen on ${formatAddress(address)}`;
    const related = [{ note: 'the other one', place: first.parsed.place }];
    return [
      new WsgiServeError('address-in-use', message, {
        place,
        related,
        hint: 'Give one of them another port',
      }),
    ];
  });
}

/** A builder that knows the built-in eggs. */
export function createDeploymentBuilder(
  resolver: Resolver & Pick<DeploymentResolver, 'place' | 'keyPlace'>,
  program: ProgramOptions,
  {
    onLocated,
    ...options
  }: Pick<BuilderOptions, 'localConfOf' | 'onProblem'> & Pick<ImportTools, 'onLocated'> = {},
): Builder {
  const placeOf = resolver.place.bind(resolver);
  const keyPlaceOf = resolver.keyPlace.bind(resolver);
  const tsLoader = new TsLoader(program.ts_loader);
  const targets = createTargetLoader(ALL_EGGS, placeOf, { tsLoader, ...(onLocated && { onLocated }) });
  const limit = { milliseconds: program.start_timeout || null };
  return createBuilder({ resolver, targets, placeOf, keyPlaceOf, limit, ...options });
}
