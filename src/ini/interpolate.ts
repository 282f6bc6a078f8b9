// `%(name)s` in values, by the rules of Python's BasicInterpolation. Called by config for each value that is wanted.
// Never looks anywhere but in the values that it is given.
import { knownNamesHint, WsgiServeError } from '../errors.js';
import type { Origin, Place, Source } from '../source.js';
import type { IniEntry } from './document.js';
import { spanInValue } from './place.js';

/** A value as written, `%(name)s` and all. */
export interface RawValue {
  readonly value: string;
  readonly origin: Origin;
  /** What it was read from: null where `value` stands in no file in just these letters. */
  readonly entry: IniEntry | null;
  readonly source: Source | null;
}

/** The values that `%(name)s` may name: those of the section, then those of [DEFAULT]. */
export interface KnownValues {
  get(key: string): RawValue | undefined;
  keys(): Iterable<string>;
}

/** How many values `%(name)s` may lead through, as in Python. */
const MAX_DEPTH = 10;

/** How many characters a value may gain; each replacement counts as one more, so that empty ones end too. */
const MAX_GROWTH = 1024 * 1024;

/** How many names an error looks through for the nearest one. */
const MAX_NAMES_COMPARED = 2000;

/**
 * The value with `%(name)s` replaced and `%%` made one `%`.
 * Throws `interpolation-missing`, `interpolation-syntax`, `interpolation-depth` or `interpolation-size`.
 */
export function interpolate(raw: RawValue, known: KnownValues): string {
  return raw.value.includes('%') ? new Interpolation(raw, known).run() : raw.value;
}

/** A `%(name)s`: in which value, and which part of it. */
interface Use {
  readonly raw: RawValue;
  readonly name: string;
  readonly start: number;
  readonly length: number;
}

class Interpolation {
  readonly #top: RawValue;
  readonly #known: KnownValues;
  /** From the wanted value down to the one that is being read. */
  readonly #uses: Use[] = [];
  #budget: number;

  constructor(top: RawValue, known: KnownValues) {
    this.#top = top;
    this.#known = known;
    this.#budget = top.value.length + MAX_GROWTH;
  }

  run(): string {
    return this.#expand(this.#top);
  }

  #expand(raw: RawValue): string {
    const { value } = raw;
    if (this.#uses.length >= MAX_DEPTH) throw this.#tooDeep();
    let result = '';
    for (let at = 0; ; ) {
      const percent = value.indexOf('%', at);
      if (percent === -1) return result + this.#spend(value.slice(at));
      result += this.#spend(value.slice(at, percent));
      if (value[percent + 1] === '%') {
        result += '%';
        at = percent + 2;
      } else {
        const use = this.#readUse(raw, percent);
        result += this.#replace(use);
        at = percent + use.length;
      }
    }
  }

  #spend(text: string): string {
    this.#budget -= text.length;
    if (this.#budget < 0) throw this.#tooLarge();
    return text;
  }

  #readUse(raw: RawValue, start: number): Use {
    const { value } = raw;
    if (value[start + 1] !== '(') throw this.#loneSign(raw, start);
    const close = value.indexOf(')', start);
    if (close <= start + 2 || value[close + 1] !== 's') throw this.#brokenUse(raw, start);
    return { raw, name: value.slice(start + 2, close), start, length: close + 2 - start };
  }

  #replace(use: Use): string {
    this.#budget -= 1;
    const found = this.#known.get(use.name);
    if (found === undefined) throw this.#missing(use);
    if (!found.value.includes('%')) return this.#spend(found.value);
    this.#uses.push(use);
    const text = this.#expand(found);
    this.#uses.pop();
    return text;
  }

  #missing(use: Use): WsgiServeError {
    const section = this.#top.origin.section;
    const where = section === null || section === 'DEFAULT' ? 'of [DEFAULT]' : `of [${section}] or [DEFAULT]`;
    const names = firstOf(this.#known.keys(), MAX_NAMES_COMPARED).filter(
      (name) => name !== this.#top.origin.key,
    );
    return new WsgiServeError(
      'interpolation-missing',
      `${nameOf(use.raw)}: %(${use.name})s names no key ${where}`,
      {
        place: placeOf(use.raw, use.start, use.length),
        hint: knownNamesHint('Keys that can be named', use.name, names),
        related: this.#trail(),
      },
    );
  }

  #loneSign(raw: RawValue, start: number): WsgiServeError {
    const found = JSON.stringify(raw.value.slice(start, start + 20));
    return new WsgiServeError(
      'interpolation-syntax',
      `${nameOf(raw)}: "%" must be followed by "%" or by "(name)s", found ${found}`,
      { place: placeOf(raw, start, 1), hint: 'Write "%%" for a percent sign', related: this.#trail() },
    );
  }

  #brokenUse(raw: RawValue, start: number): WsgiServeError {
    const found = JSON.stringify(raw.value.slice(start, start + 20));
    return new WsgiServeError('interpolation-syntax', `${nameOf(raw)}: ${found} is not a whole "%(name)s"`, {
      place: placeOf(raw, start, 2),
      hint: 'Write "%(name)s" with the "s", or "%%(" for a percent sign and a parenthesis',
      related: this.#trail(),
    });
  }

  #tooDeep(): WsgiServeError {
    const names = this.#uses.map((use) => use.name);
    const again = names.findIndex((name, index) => names.indexOf(name) < index);
    const why =
      again === -1
        ? `leads through more than ${MAX_DEPTH} values: ${names.join(' -> ')}`
        : `leads round in a circle: ${names.slice(0, again + 1).join(' -> ')}`;
    return new WsgiServeError('interpolation-depth', `${nameOf(this.#top)} ${why}`, {
      place: this.#firstPlace(),
      related: this.#trail().slice(1, again === -1 ? MAX_DEPTH : again + 1),
    });
  }

  #tooLarge(): WsgiServeError {
    return new WsgiServeError(
      'interpolation-size',
      `${nameOf(this.#top)} grows by more than ${MAX_GROWTH} characters while %(name)s is replaced`,
      { place: this.#firstPlace() },
    );
  }

  #firstPlace(): Place {
    const [use] = this.#uses;
    return use === undefined ? placeOf(this.#top, 0, 0) : placeOf(use.raw, use.start, use.length);
  }

  /** Through which other values the error was reached. */
  #trail() {
    return this.#uses.map((use) => ({
      note: `${nameOf(use.raw)} uses %(${use.name})s`,
      place: placeOf(use.raw, use.start, use.length),
    }));
  }
}

/** So many of them, without looking at the others. */
function firstOf(names: Iterable<string>, count: number): readonly string[] {
  const first: string[] = [];
  for (const name of names) {
    if (first.length === count) break;
    first.push(name);
  }
  return first;
}

function nameOf({ origin }: RawValue): string {
  const key = JSON.stringify(origin.key ?? '');
  return origin.section === null ? key : `${key} of [${origin.section}]`;
}

/** The place of a part of a value, or of the whole where its letters stand nowhere. */
function placeOf({ entry, origin, source }: RawValue, start: number, length: number): Place {
  return entry === null
    ? { origin, source }
    : { origin: { ...origin, span: spanInValue(entry, start, length) }, source };
}
