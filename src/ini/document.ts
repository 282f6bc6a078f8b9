// What a deployment file says, before anything is interpolated: types only.
import type { Position, Source, Span } from '../source.js';

/** A deployment file as written: sections in file order, [DEFAULT] apart. */
export interface IniDocument {
  readonly source: Source;
  /** The entries of [DEFAULT], wherever it stands and however often; keys in order of first appearance. */
  readonly defaults: readonly IniEntry[];
  readonly sections: readonly IniSection[];
}

export interface IniSection {
  /** As written between the brackets, spaces kept: `filter:home ` differs from `filter:home`. */
  readonly name: string;
  /** The name without its brackets. */
  readonly span: Span;
  readonly entries: readonly IniEntry[];
}

/** `key = value`, the value still with its `%(name)s`. */
export interface IniEntry {
  readonly key: string;
  readonly keySpan: Span;
  /** Lines joined with `\n`, each stripped, trailing white space gone. */
  readonly value: string;
  /** From the first character of the value to its last, over all its lines. */
  readonly valueSpan: Span;
  /** Where each `\n`-separated line of `value` begins in the file, for places of single words. */
  readonly lineStarts: readonly Position[];
}
