// What the file says about the program itself, in its [wsgi-serve] section. Called by cli before anything is built.
import { convert, duration, oneOf } from '../config/convert.js';
import type { Settings } from '../config/deployment.js';
import { forEach } from '../config/problems.js';
import { knownNamesHint, WsgiServeError } from '../errors.js';
import { TS_LOADERS, type TsLoaderName } from '../load/ts-loader.js';
import type { Origin, Place } from '../source.js';

export interface ProgramOptions {
  /** `ts_loader`, default `auto`: what makes Node take TypeScript. */
  readonly tsLoader: TsLoaderName;
  /** `start_timeout`, default 60 s: how long each module, factory and close may take, in milliseconds; 0 for ever. */
  readonly startTimeout: number;
}

const CONVERTERS = {
  ts_loader: oneOf(...TS_LOADERS),
  start_timeout: duration,
} as const;

/** Throws every `unknown-option` and `bad-value` of the section together. */
export function parseProgramOptions(settings: Settings, placeOf: (origin: Origin) => Place): ProgramOptions {
  forEach(Object.entries(settings), ([key, { origin }]) => {
    if (Object.hasOwn(CONVERTERS, key)) return;
    throw new WsgiServeError(
      'unknown-option',
      `[wsgi-serve] has "${key}", which is no option of the program`,
      {
        place: placeOf(origin),
        hint: knownNamesHint('Options', key, Object.keys(CONVERTERS)),
      },
    );
  });
  const { ts_loader: loader, start_timeout: timeout } = settings;
  return {
    tsLoader:
      loader === undefined
        ? 'auto'
        : convert(loader, 'ts_loader', CONVERTERS.ts_loader, placeOf(loader.origin)),
    startTimeout:
      timeout === undefined
        ? 60_000
        : convert(timeout, 'start_timeout', CONVERTERS.start_timeout, placeOf(timeout.origin)),
  };
}
