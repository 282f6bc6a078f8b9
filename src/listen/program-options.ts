// What the file says about the program itself, in its [wsgi-serve] section. Called by cli before anything is built.
import { convert, duration, oneOf } from '../config/convert.js';
import type { Places, Settings } from '../config/deployment.js';
import { both, forEach } from '../config/problems.js';
import { knownNamesHint, WsgiServeError } from '../errors.js';
import { TS_LOADERS, type TsLoaderName } from '../load/ts-loader.js';

export interface ProgramOptions {
  /** `ts_loader`, default `auto`: what makes Node take TypeScript. */
  readonly tsLoader: TsLoaderName;
  /** `start_timeout`, default 60 s: how long each module, factory and close may take, in milliseconds; 0 for ever. */
  readonly startTimeout: number;
}

/** Throws every `unknown-option` and `bad-value` of the section together. */
export function parseProgramOptions(settings: Settings, places: Places): ProgramOptions {
  const { ts_loader: loader, start_timeout: timeout } = settings;
  const [, [tsLoader, startTimeout]] = both(
    () => refuseUnknown(settings, places),
    () =>
      both(
        () => (loader ? convert(loader, 'ts_loader', TS_LOADER, places.place(loader.origin)) : 'auto'),
        () => (timeout ? convert(timeout, 'start_timeout', duration, places.place(timeout.origin)) : 60_000),
      ),
  );
  return { tsLoader, startTimeout };
}

const TS_LOADER = oneOf(...TS_LOADERS);
const NAMES = ['ts_loader', 'start_timeout'];

function refuseUnknown(settings: Settings, places: Places): void {
  forEach(Object.entries(settings), ([key, { origin }]) => {
    if (NAMES.includes(key)) return;
    throw new WsgiServeError(
      'unknown-option',
      `[wsgi-serve] has "${key}", which is no option of the program`,
      {
        place: places.keyPlace(origin),
        hint: knownNamesHint('Options', key, NAMES),
      },
    );
  });
}
