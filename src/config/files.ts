// The deployment files that were read so far, each of them once. Made by resolver.ts, one for each deployment.
// Knows nothing of what the sections mean.
import { resolve } from 'node:path';
import type { IniDocument } from '../ini/document.js';
import { parseIni } from '../ini/parse.js';
import type { Origin, Place, Source } from '../source.js';
import { attempt, type Outcome, unwrap } from './problems.js';
import { type ReadFile, readSource } from './read.js';
import { SectionIndex } from './sections.js';

/** A file that was read, and its sections by kind and name. */
export interface DeploymentFile {
  readonly document: IniDocument;
  readonly index: SectionIndex;
}

/** Reads and parses files, and remembers them. */
export class DeploymentFiles {
  readonly #readFile: ReadFile;
  /** By the path as it was asked for; a file that cannot be read is not tried again. */
  readonly #read = new Map<string, Outcome<DeploymentFile>>();
  readonly #sources = new Map<string, Source>();

  constructor(readFile: ReadFile) {
    this.#readFile = readFile;
  }

  /** Every file that was read, in the order of reading. */
  get sources(): readonly Source[] {
    return [...this.#sources.values()];
  }

  /** The file at `path`; `place` is where it is named. Throws what readSource and parseIni throw. */
  open(path: string, place: Place | null): DeploymentFile {
    const known = this.#read.get(path) ?? attempt(() => this.#parse(path, place));
    this.#read.set(path, known);
    return unwrap(known);
  }

  /** An origin together with the text that it points into, if that was read. */
  place(origin: Origin): Place {
    return { origin, source: this.#sources.get(origin.file) ?? null };
  }

  /** The same for the key of a value, where it is the key that is wrong. */
  keyPlace(origin: Origin): Place {
    const files = [...this.#read.values()].flatMap((one) => (one.error === null ? [one.value] : []));
    const file = files.find(({ document }) => document.source.path === origin.file);
    const section = file?.index.named(origin.section ?? '');
    const entries = section?.entries ?? file?.document.defaults ?? [];
    const span = entries.find(({ key }) => key === origin.key)?.keySpan ?? origin.span;
    return this.place({ ...origin, span });
  }

  #parse(path: string, place: Place | null): DeploymentFile {
    const source = readSource(path, resolve(path), place, this.#readFile);
    this.#sources.set(source.path, source);
    const document = parseIni(source);
    return { document, index: new SectionIndex(document) };
  }
}
