// Strings of a deployment file as booleans, numbers, durations, sizes and lists. Called by listen for server options,
// and by the authors of factories through asBool, asInt and asList, which are paste.deploy.converters.
import { availableParallelism } from 'node:os';
import { WsgiServeError } from '../errors.js';
import { splitWords, strip } from '../ini/whitespace.js';
import type { Place } from '../source.js';
import type { Setting } from './deployment.js';

/** How one kind of value is written. */
export interface Converter<T> {
  /** What is expected, as in `"80a" is not EXPECTED`. */
  readonly expected: string;
  /** Undefined where `text` is not of this kind. */
  parse(text: string): T | undefined;
}

/** The value of a setting. Throws `bad-value` at its place. */
export function convert<T>(setting: Setting, key: string, converter: Converter<T>, place: Place): T {
  const value = converter.parse(strip(setting.value));
  if (value !== undefined) return value;
  throw new WsgiServeError(
    'bad-value',
    `${key} = ${JSON.stringify(setting.value)} is not ${converter.expected}`,
    { place },
  );
}

/** Any text but none at all. */
export const text: Converter<string> = {
  expected: 'a text',
  parse: (value) => (value === '' ? undefined : value),
};

/** The path of a request: begins with `/`, and has nothing that no target has. */
export const urlPath: Converter<string> = {
  expected: 'a path that begins with /, such as /ready',
  parse: (value) => (/^\/[!"$-~]*$/.test(value) ? value : undefined),
};

const TRUE: ReadonlySet<string> = new Set(['true', 'yes', 'on', 'y', 't', '1']);
const FALSE: ReadonlySet<string> = new Set(['false', 'no', 'off', 'n', 'f', '0']);

/** true, yes, on, y, t, 1 and false, no, off, n, f, 0, in any case. */
export const boolean: Converter<boolean> = {
  expected: 'true or false (yes and no, on and off, 1 and 0)',
  parse(value) {
    const word = value.toLowerCase();
    return TRUE.has(word) ? true : FALSE.has(word) ? false : undefined;
  },
};

/** A whole number from `least` to `most`. */
export function integer(least = 0, most = Number.MAX_SAFE_INTEGER): Converter<number> {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  return {
    expected: `a whole number ${range}`,
    parse(value) {
      const number = /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN;
      return number >= least && number <= most ? number : undefined;
    },
  };
}

/** A number of workers; `auto` is one for each processor that the process may use. */
export const workerCount: Converter<number> = {
  expected: 'a number of workers from 0 to 1024, or auto',
  parse: (value) => (value.toLowerCase() === 'auto' ? availableParallelism() : integer(0, 1024).parse(value)),
};

/** One of these words. */
export function oneOf<const T extends string>(...words: readonly T[]): Converter<T> {
  return {
    expected: `one of ${words.join(', ')}`,
    parse: (value) => words.find((word) => word === value.toLowerCase()),
  };
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1000,
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
};

/** Timers of Node that are longer than 24.8 days ring at once: with a little room for what is added to one. */
const LONGEST = 24 * 24 * 3_600_000;

/** A length of time in milliseconds: `30` and `30s` are thirty seconds; ms, s, m, h. At most 24 days. */
export const duration: Converter<number> = {
  expected: 'a length of time such as 30s, 5m or 250ms, of at most 24 days',
  parse(value) {
    const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h)?$/i.exec(value) ?? [];
    const factor = UNITS[unit.toLowerCase()];
    if (number === undefined || factor === undefined) return undefined;
    const milliseconds = Math.round(Number(number) * factor);
    return milliseconds <= LONGEST ? milliseconds : undefined;
  },
};

/** A number of bytes: `1 GiB`, `16k` (powers of 1024 with or without the i), plain digits are bytes. */
export const size: Converter<number> = {
  expected: 'a size such as 16 KiB, 10M or 1 GiB',
  parse(value) {
    const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])i?)?b?$/i.exec(value) ?? [];
    if (number === undefined) return undefined;
    return safeInteger(Number(number) * 1024 ** ' kmgt'.indexOf(unit.toLowerCase() || ' '));
  },
};

/** A number of bytes that is not 0, where none at all would leave no room for anything. */
export const sizeFromOne: Converter<number> = {
  expected: 'a size from 1 byte on, such as 16 KiB',
  parse: (value) => size.parse(value) || undefined,
};

/** Permissions as chmod takes them, in octal: `600`. */
export const permissions: Converter<number> = {
  expected: 'permissions in octal, such as 600',
  parse: (value) => (/^0?o?[0-7]{3,4}$/.test(value) ? Number.parseInt(value.replace('o', ''), 8) : undefined),
};

/**
 * paste.deploy.converters.asbool: true, yes, on, y, t, 1 and their opposites, without regard to case and spaces.
 * What is no string is taken as JavaScript's truth. Throws `bad-value`: `String is not true/false: 'maybe'`.
 */
export function asBool(value: unknown): boolean {
  if (typeof value !== 'string') return Boolean(value);
  const word = strip(value).toLowerCase();
  const parsed = boolean.parse(word);
  if (parsed === undefined) throw new WsgiServeError('bad-value', `String is not true/false: '${word}'`);
  return parsed;
}

/**
 * paste.deploy.converters.asint: digits as Python's int() takes them (`1_000` too), and numbers without their fraction.
 * Throws `bad-value`: `Bad integer value: 'x'`.
 */
export function asInt(value: unknown): number {
  const plain = typeof value === 'boolean' ? Number(value) : value;
  const number = typeof plain === 'string' ? digits(strip(plain)) : plain;
  if (typeof number === 'number' && Number.isSafeInteger(Math.trunc(number))) return Math.trunc(number);
  const shown = typeof value === 'string' ? `'${value}'` : String(value);
  throw new WsgiServeError('bad-value', `Bad integer value: ${shown}`);
}

/**
 * paste.deploy.converters.aslist: a string split at `separator` (white space by default), its parts stripped unless
 * `stripped` is false; an array is itself, null and undefined are [], anything else is a list of one.
 */
export function asList(value: unknown, separator?: string, stripped = true): readonly unknown[] {
  if (typeof value === 'string') {
    const parts =
      separator === undefined ? splitWords(value).map((word) => word.text) : value.split(separator);
    return stripped ? parts.map((part) => strip(part)) : parts;
  }
  if (Array.isArray(value)) return value;
  return value === null || value === undefined ? [] : [value];
}

function digits(value: string): number {
  return /^[+-]?\d+(?:_\d+)*$/.test(value) ? Number(value.replaceAll('_', '')) : Number.NaN;
}

/** Rounded; undefined where a number is too large to be exact, or to mean anything. */
function safeInteger(number: number): number | undefined {
  const rounded = Math.round(number);
  return Number.isSafeInteger(rounded) ? rounded : undefined;
}
