// What a section points at by itself: `paste.app_factory = module:export` and its like. Called by resolve.ts.
// Imports nothing: a target is words until load/ looks at it.
import { assertNever, WsgiServeError } from '../errors.js';
import type { ObjectKind, Target } from './deployment.js';
import { prefixOf } from './sections.js';
import type { SectionRead } from './settings.js';
import { takeSetting } from './settings-record.js';

type FactoryTarget = Target & { readonly kind: 'factory' };

/**
 * The keys that name a factory, by kind. Of one group the first that is there counts and the others are ordinary keys;
 * keys of two groups are a mistake. PasteDeploy's own come first, in its order.
 */
export const PROTOCOLS: Readonly<Record<ObjectKind, readonly (readonly string[])[]>> = {
  app: [
    ['paste.app_factory'],
    ['paste.composite_factory'],
    ['paste.composit_factory'],
    ['paste.app'],
    ['fetch.app_factory'],
    ['fetch.app'],
    ['node.app_factory'],
    ['node.app'],
  ],
  filter: [
    ['paste.filter_factory', 'paste.filter_app_factory'],
    ['node.filter'],
    ['node.middleware'],
    ['node.filter_factory'],
    ['fetch.filter_factory'],
  ],
  server: [['paste.server_factory', 'paste.server_runner']],
};

/** Takes the factory key out of a section's settings; null where there is none. Throws `multiple-protocols`. */
export function takeTarget(here: SectionRead): FactoryTarget | null {
  const { localConf } = here.settings;
  const [protocol, other] = PROTOCOLS[here.kind].flatMap(
    (group) => group.find((key) => key in localConf) ?? [],
  );
  if (protocol !== undefined && other !== undefined) throw severalTargets(here, protocol, other);
  const setting = protocol === undefined ? null : takeSetting(localConf, protocol);
  if (protocol === undefined || setting === null) return null;
  return { kind: 'factory', protocol, expression: setting.value, origin: setting.origin };
}

/** A target as it is written. */
export function targetText(target: Target): string {
  switch (target.kind) {
    case 'factory':
      return target.expression;
    case 'call':
      return `call:${target.expression}`;
    case 'egg':
      return `egg:${target.distribution}#${target.entry}`;
    default:
      return assertNever(target);
  }
}

/** Which protocol a `call:` has: a section's prefix tells a composite from an app, else the kind is all that counts. */
export function callProtocol(kind: ObjectKind, section: string | null): string {
  const prefix = section === null ? '' : prefixOf(section);
  return prefix === 'composite' || prefix === 'composit'
    ? 'paste.composite_factory'
    : `paste.${kind}_factory`;
}

/** What PasteDeploy calls the protocol of a `call:` in a section; outside app and composite sections just words. */
export function protocolOfSection(section: string): string {
  const prefix = prefixOf(section);
  if (prefix === 'app' || prefix === 'application') return 'paste.app_factory';
  if (prefix === 'composite' || prefix === 'composit') return 'paste.composit_factory';
  return `paste.${prefix}_factory`;
}

function severalTargets(
  { view, section, settings }: SectionRead,
  first: string,
  second: string,
): WsgiServeError {
  const place = (key: string) => {
    const origin = settings.localConf[key]?.origin;
    return origin === undefined ? [] : [view.place(origin)];
  };
  return new WsgiServeError('multiple-protocols', `[${section.name}] has both ${first} and ${second}`, {
    place: place(second)[0] ?? null,
    related: place(first).map((one) => ({ note: `${first} stands here`, place: one })),
    hint: 'A section makes one thing: keep one of the two',
  });
}
