// The way from the root to the section that is being resolved: finds circles before they are walked, and bounds the rest.
// Made by resolve.ts, one for each thing that is resolved.
import { basename } from 'node:path';
import { WsgiServeError } from '../errors.js';
import type { Setting } from './deployment.js';
import { attempt } from './problems.js';
import { headerOrigin } from './sections.js';
import type { SectionRead } from './settings.js';
import { sameValues } from './settings-record.js';

/** How often sections may be entered, and how many settings may be copied for them, in one resolution. */
const MAX_SPECS = 100_000;
const MAX_SETTINGS = 5_000_000;
/** How many sections may lead to one another. */
const MAX_DEPTH = 500;
/** How often one section may be on the way with other globals each time: legal, but no honest file does it. */
const MAX_VISITS = 100;

/** One step: a section that is entered, and the words that led to it; null where there were none. */
interface Step {
  /** Which section of which file; a section's name has no line break. */
  readonly key: string;
  readonly here: SectionRead;
  readonly by: Setting | null;
}

/** The sections on the way, and what is known of those that were left again. */
export class Trail {
  readonly #steps: Step[] = [];
  /** How often each section is on the way. */
  readonly #visits = new Map<string, number>();
  /** Sections that failed: there is nothing new to learn from them. */
  readonly #failed = new Map<string, WsgiServeError>();
  #entered = 0;
  #copied = 0;
  #exhausted: WsgiServeError | null = null;

  /** Runs `inside` as part of the way. Throws `cycle` or `too-many-specs`, and what `inside` throws. */
  enter<T>(here: SectionRead, by: Setting | null, inside: () => T): T {
    const key = `${here.section.name}\n${here.view.path}`;
    const step = { key, here, by };
    const failure = this.#failed.get(key);
    if (failure !== undefined) throw failure;
    this.#count(step);
    const visits = this.#visits.get(key) ?? 0;
    if (visits > 0) this.#refuseCircle(step, visits);
    this.#steps.push(step);
    this.#visits.set(key, visits + 1);
    const outcome = attempt(inside);
    this.#steps.pop();
    this.#visits.set(key, visits);
    if (outcome.error === null) return outcome.value;
    this.#failed.set(key, outcome.error);
    throw outcome.error;
  }

  #count(step: Step): void {
    this.#entered += 1;
    this.#copied += Object.keys(step.here.settings.globalConf).length;
    if (this.#steps.length >= MAX_DEPTH) {
      throw tooManySpecs(step, `more than ${MAX_DEPTH} sections lead to one another`);
    }
    if (this.#entered <= MAX_SPECS && this.#copied <= MAX_SETTINGS) return;
    this.#exhausted ??= tooManySpecs(step, 'sections refer to each other so often that it has no end');
    throw this.#exhausted;
  }

  #refuseCircle(step: Step, visits: number): void {
    const earlier = this.#steps.filter(({ key }) => key === step.key);
    if (visits < MAX_VISITS && !earlier.some((one) => sameState(one, step))) return;
    throw circle(this.#roundTo(step));
  }

  /** The way once round the circle that `step` closes, from the section of it that was met first. */
  #roundTo(step: Step): readonly Step[] {
    const way = [...this.#steps, step];
    const before = this.#steps.findLastIndex(({ key }) => key === step.key);
    const members = new Set(way.slice(before).map(({ key }) => key));
    const first = way.findIndex(({ key }) => members.has(key));
    const again = way.findIndex(({ key }, index) => index > first && key === way[first]?.key);
    return way.slice(first, again + 1);
  }
}

/** Where both see the same globals, the second can only go the way of the first. */
function sameState({ here: a }: Step, { here: b }: Step): boolean {
  const sameGlobals = sameValues(a.settings.globalConf, b.settings.globalConf);
  return sameGlobals && sameValues(a.view.scope.inherited, b.view.scope.inherited);
}

function circle(steps: readonly Step[]): WsgiServeError {
  const oneFile = new Set(steps.map(({ here }) => here.view.path)).size === 1;
  const labels = steps.map(({ here: { view, section } }) =>
    oneFile ? section.name : `${basename(view.path)}#${section.name}`,
  );
  const related = steps.slice(1).flatMap(({ here, by }, index) => {
    const note = `${labels[index]} -> ${labels[index + 1]}`;
    return by === null ? [] : [{ note, place: here.view.place(by.origin) }];
  });
  return new WsgiServeError('cycle', `sections use each other in a circle: ${labels.join(' -> ')}`, {
    place: related.at(-1)?.place ?? null,
    related,
    hint: 'One of them must name something that does not lead back',
  });
}

function tooManySpecs({ here: { view, section }, by }: Step, why: string): WsgiServeError {
  const origin = by === null ? headerOrigin(view.path, section) : by.origin;
  return new WsgiServeError('too-many-specs', `[${section.name}]: ${why}`, { place: view.place(origin) });
}
