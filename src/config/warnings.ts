// What is legal in a deployment file and yet probably not meant. Called by read-deployment.ts and the check command.
// Needs no user code; nothing here ever stops a deployment.
import { WsgiServeError } from '../errors.js';
import type { Setting } from './deployment.js';
import type { OpenedDeployment } from './open-deployment.js';
import { attempt } from './problems.js';
import type { DeploymentResolver, Visit } from './resolver.js';
import { headerOrigin } from './sections.js';
import type { ShadowedKey } from './settings.js';

/** `shadowed-key` for each key so far that is left out because [DEFAULT] has it too, with another value. */
export function shadowedKeys(resolver: DeploymentResolver): readonly WsgiServeError[] {
  return resolver.visits.flatMap((visit) =>
    visit.shadowed.filter((key) => saysOtherwise(visit, key)).map((key) => shadowedKey(visit, key)),
  );
}

/** `unreached-section` for each loadable section of the file that nothing led to so far. */
export function unreachedSections({ resolver, view }: OpenedDeployment): readonly WsgiServeError[] {
  return view.file.index.loadable
    .filter(({ section }) => !resolver.isVisited(view, section))
    .map(({ section }) => {
      const place = view.place(headerOrigin(view.path, section));
      return new WsgiServeError('unreached-section', `no server reaches [${section.name}]`, { place });
    });
}

/** `x = %(x)s` means the default and says so. */
function saysOtherwise({ view, section }: Visit, { key, raw, by }: ShadowedKey): boolean {
  if (raw.value === by.value || raw.value === `%(${key})s`) return false;
  const own = attempt(() => view.interpolate(section, raw));
  return own.error !== null || own.value !== by.value;
}

function shadowedKey({ view, section }: Visit, { key, raw, by }: ShadowedKey): WsgiServeError {
  const name = JSON.stringify(key);
  return new WsgiServeError(
    'shadowed-key',
    `${name} of [${section.name}] is left out, because ${whose(by)} has it too`,
    {
      place:
        raw.entry === null ? view.place(raw.origin) : view.place({ ...raw.origin, span: raw.entry.keySpan }),
      related: [{ note: `${name} = ${JSON.stringify(by.value)} counts`, place: view.place(by.origin) }],
      hint: `Rename one of the two, or write "set ${key} = ..." to change the global value from here on`,
    },
  );
}

function whose({ origin }: Setting): string {
  if (origin.file === '<command line>') return 'the command line';
  return origin.section === null || origin.section === 'DEFAULT' ? '[DEFAULT]' : `[${origin.section}]`;
}
