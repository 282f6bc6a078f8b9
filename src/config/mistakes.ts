// The errors of resolve.ts: each in the words of the section that it is about, with what would be right.
// Decides nothing.
import { type ErrorCode, nearestName, WsgiServeError } from '../errors.js';
import type { Place } from '../source.js';
import type { Setting } from './deployment.js';
import { SCHEMES } from './reference.js';
import { headerOrigin } from './sections.js';
import type { SectionRead } from './settings.js';
import { PROTOCOLS } from './targets.js';

/** `call:` without a colon behind it. */
export function badCall(expression: string, place: Place): WsgiServeError {
  return new WsgiServeError('bad-call', `"call:${expression}" is not call:module:name`, {
    place,
    hint: 'Examples: call:apps:make_app, call:./lib/apps.js:makeApp',
  });
}

/** A reference like `foo:bar`. */
export function unknownScheme(word: string, place: Place): WsgiServeError {
  const near = nearestName(word, SCHEMES);
  return new WsgiServeError('unknown-scheme', `nothing is known of the scheme "${word}:"`, {
    place,
    hint: `Schemes: ${SCHEMES.join(', ')}.${near === null ? '' : ` Did you mean "${near}:"?`}`,
  });
}

/** A section that cannot do without `key`. */
export function missingKey(
  code: ErrorCode & ('missing-next' | 'missing-pipeline'),
  key: string,
  here: SectionRead,
): WsgiServeError {
  const hint =
    key === 'next' ? 'Add "next = NAME", the app that it stands over' : 'Add "pipeline = FILTER ... APP"';
  return new WsgiServeError(code, `[${here.section.name}] has no "${key}"`, {
    place: headerPlace(here),
    hint: shadowHint(here, [key]) ?? hint,
  });
}

/** Keys beside `pipeline`. */
export function extraKeys(here: SectionRead): WsgiServeError {
  const { view, section, settings } = here;
  const keys = Object.keys(settings.localConf);
  const [first] = Object.values(settings.localConf);
  return new WsgiServeError(
    'pipeline-extra',
    `[${section.name}] has keys that no pipeline reads: ${keys.join(', ')}`,
    {
      place: first === undefined ? headerPlace(here) : view.place(first.origin),
      hint: 'Give the keys to the filter or the app that reads them; "set NAME = VALUE" sets a global for all of them',
    },
  );
}

/** A pipeline without even an app. */
export function emptyPipeline({ view, section }: SectionRead, pipeline: Setting): WsgiServeError {
  return new WsgiServeError('empty-pipeline', `the pipeline of [${section.name}] is empty`, {
    place: view.place(pipeline.origin),
    hint: 'Name the filters from the outermost to the innermost, then the app',
  });
}

/** A section with neither `use` nor a factory. */
export function noLoader(here: SectionRead): WsgiServeError {
  const { kind, section, settings } = here;
  const known = ['use', ...PROTOCOLS[kind].flat()];
  const nears = Object.keys(settings.localConf).flatMap((key) => {
    const near = nearestName(key, known);
    return near === null ? [] : [`Did you mean "${near}" by "${key}"?`];
  });
  return new WsgiServeError(
    'no-loader',
    `[${section.name}] does not say what it is: it has no "use" and no factory`,
    {
      place: headerPlace(here),
      hint: shadowHint(here, known) ?? nears[0] ?? `Add one of: ${known.join(', ')}`,
    },
  );
}

function headerPlace({ view, section }: SectionRead): Place {
  return view.place(headerOrigin(view.path, section));
}

/** Says so where the missing key is there and [DEFAULT] takes it away. */
function shadowHint({ settings }: SectionRead, keys: readonly string[]): string | null {
  const found = settings.shadowed.find(({ key }) => keys.includes(key));
  return found === undefined ? null : `Its "${found.key}" is left out, because [DEFAULT] has that key too`;
}
