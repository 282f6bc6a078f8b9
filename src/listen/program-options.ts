// What the file says about the program itself, in its [wsgi-serve] section: one table, and how it is read. Called
// before anything is built; the README's table is tested against it.
import {
  boolean,
  type Converter,
  convert,
  duration,
  integer,
  oneOf,
  permissions,
  size,
  text,
  urlPath,
  workerCount,
} from '../config/convert.js';
import type { Places, Setting, Settings } from '../config/deployment.js';
import { both, forEach } from '../config/problems.js';
import { knownNamesHint, WsgiServeError } from '../errors.js';
import { splitWords } from '../ini/whitespace.js';
import { TS_LOADERS, type TsLoaderName } from '../load/ts-loader.js';
import { type Option, option, optional } from './option.js';

/** Every option of the program, converted: times in milliseconds, sizes in bytes. It is data, and crosses processes. */
export interface ProgramOptions {
  readonly ts_loader: TsLoaderName;
  readonly start_timeout: number;
  readonly workers: number;
  readonly boot_timeout: number;
  readonly ready_check: string | null;
  readonly ready_timeout: number;
  readonly worker_timeout: number;
  readonly max_worker_memory: number;
  readonly max_requests: number;
  readonly max_requests_jitter: number;
  readonly max_restarts: number;
  readonly drain_delay: number;
  readonly hold_timeout: number;
  readonly preload: boolean;
  readonly watch_files: readonly string[];
  readonly pid_file: string | null;
  readonly log_file: string | null;
  readonly user: string | null;
  readonly group: string | null;
  readonly umask: number | null;
}

export type ProgramOptionName = keyof ProgramOptions;

const globs: Converter<readonly string[]> = {
  expected: 'a list of patterns',
  parse: (value) => splitWords(value).map((word) => word.text),
};

/** Every option by its name in the file. */
export const PROGRAM_OPTIONS: { readonly [K in ProgramOptionName]: Option<ProgramOptions[K]> } = {
  ts_loader: option(
    oneOf(...TS_LOADERS),
    'auto',
    'What runs TypeScript: auto, tsx, oxc-node, native or none',
  ),
  start_timeout: option(duration, '60s', 'Time for each module, factory and close; 0 sets no limit'),
  workers: option(workerCount, '0', 'Worker processes below a supervisor; auto, or 0 for a single process'),
  boot_timeout: option(duration, '120s', 'Time for a worker to be ready, checks and all'),
  ready_check: optional(urlPath, 'Path that every server must answer before a worker takes over'),
  ready_timeout: option(duration, '10s', 'Time for the answer to that'),
  worker_timeout: option(
    duration,
    '30s',
    'Time without a sign of life until a worker is killed; 0 for never',
  ),
  max_worker_memory: option(size, '0', 'Resident bytes above which a worker is replaced; 0 sets no limit'),
  max_requests: option(integer(), '0', 'Requests after which a worker is replaced; 0 sets no limit'),
  max_requests_jitter: option(
    integer(),
    '0',
    'At most so many more, by chance, so that they do not go at once',
  ),
  max_restarts: option(integer(), '0', 'Deaths of workers in a row after which it gives up; 0 for never'),
  drain_delay: option(duration, '0', 'Time to go on accepting, not ready any more, before a stop begins'),
  hold_timeout: option(duration, '10s', 'Time that requests wait for a rebuild in development'),
  preload: option(boolean, 'true', 'Whether packages are loaded ahead of the next rebuild in development'),
  watch_files: option(globs, '', 'Patterns of further files whose change reloads, relative to the file'),
  pid_file: optional(
    text,
    'File for the process id, relative to the file; the control socket, `*.control.sock`, stands beside it',
  ),
  log_file: optional(
    text,
    'File that standard output and standard error are appended to, relative to the file',
  ),
  user: optional(text, 'User that workers run as; the supervisor must be root'),
  group: optional(text, "Group that workers run as; the user's own where it is left out"),
  umask: optional(permissions, 'Permissions that new files of workers lack'),
};

/** Throws every `unknown-option` and `bad-value` of the section together. */
export function parseProgramOptions(settings: Settings, places: Places): ProgramOptions {
  const [, options] = both(
    () => refuseUnknown(settings, places),
    () => convertAll(settings, places),
  );
  return options;
}

/** Every option's name, in the order of the table. */
export function programOptionNames(): readonly ProgramOptionName[] {
  return Object.keys(PROGRAM_OPTIONS).filter((key): key is ProgramOptionName => key in PROGRAM_OPTIONS);
}

function convertAll(settings: Settings, places: Places): ProgramOptions {
  const values = forEach(programOptionNames(), (name): [string, unknown] => {
    const setting: Setting | undefined = settings[name];
    const { converter, fallback }: Option<unknown> = PROGRAM_OPTIONS[name];
    if (setting === undefined) return [name, fallback];
    return [name, convert(setting, name, converter, places.place(setting.origin))];
  });
  // Each value comes from the converter of its own row.
  return Object.fromEntries(values) as unknown as ProgramOptions;
}

function refuseUnknown(settings: Settings, places: Places): void {
  const names: readonly string[] = programOptionNames();
  forEach(Object.entries(settings), ([key, { origin }]) => {
    if (names.includes(key)) return;
    throw new WsgiServeError(
      'unknown-option',
      `[wsgi-serve] has "${key}", which is no option of the program`,
      {
        place: places.keyPlace(origin),
        hint: knownNamesHint('Options', key, names),
      },
    );
  });
}
