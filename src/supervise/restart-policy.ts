// Whether and when a worker that died takes its place again. Called by the supervisor at each death that it did not ask
// for. Pure: it knows neither workers nor clocks.

/** What follows from a death. `deaths` is the number of deaths in a row, for the next question about the same place. */
export type AfterDeath =
  /** A new worker, after `delay` milliseconds. */
  | { readonly kind: 'restart'; readonly deaths: number; readonly delay: number }
  /** No more: it died as often in a row as is allowed. */
  | { readonly kind: 'give-up'; readonly deaths: number };

/** Milliseconds that a worker must have served for its death to be the first one of a row. */
export const STABLE_AFTER = 60_000;

/**
 * For one worker's place among the others: each place has a row of its own, so that the workers of one may die again and
 * again while those of another serve on. `before` is its `deaths` so far, 0 at the start; `upFor` the milliseconds, on a
 * clock that nobody sets, that the worker has served, 0 for one that never did. `maxRestarts` deaths in a row are the
 * end; 0 for never.
 */
export function afterDeath(
  before: number,
  upFor: number,
  maxRestarts: number,
  random: () => number = Math.random,
): AfterDeath {
  const deaths = inARow(before, upFor);
  if (maxRestarts > 0 && deaths >= maxRestarts) return { kind: 'give-up', deaths };
  return { kind: 'restart', deaths, delay: delayAfter(deaths, random) };
}

/** How many in a row with this one, which served for `upFor` milliseconds, had to be replaced; `before` without it. */
export function inARow(before: number, upFor: number): number {
  return upFor >= STABLE_AFTER ? 1 : before + 1;
}

const LONGEST = 30_000;
/** So that workers that died together do not come back together. */
const SPREAD = 0.2;

/** Milliseconds until the next one comes, after so many in a row: 0, 1, 2, 4 ... 30 s, each up to a fifth more or less. */
export function delayAfter(count: number, random: () => number = Math.random): number {
  if (count === 1) return 0;
  const delay = Math.min(1000 * 2 ** (count - 2), LONGEST);
  return Math.round(delay * (1 - SPREAD + 2 * SPREAD * random()));
}
