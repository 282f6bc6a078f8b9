// Goes on after a problem, so that one run names all of them. Called wherever config resolves things that do not depend
// on each other; the first problem thrown is always the one that PasteDeploy would have stopped at.
import { severalProblems, WsgiServeError } from '../errors.js';

/** How many problems are gathered before the rest is left unsaid. */
const MAX_PROBLEMS = 100;

/** `step` of each item, in order; throws the problems of all of them together. */
export function forEach<T, R>(items: Iterable<T>, step: (item: T) => R): R[] {
  const results: R[] = [];
  const problems: WsgiServeError[] = [];
  for (const item of items) {
    const outcome = attempt(() => step(item));
    if (outcome.error === null) results.push(outcome.value);
    else problems.push(...outcome.error.problems);
    if (problems.length >= MAX_PROBLEMS) break;
  }
  const [first, ...others] = problems;
  if (first !== undefined) throw together(first, others);
  return results;
}

/** Both steps, in order; throws the problems of both together. */
export function both<A, B>(first: () => A, second: () => B): readonly [A, B] {
  const a = attempt(first);
  const b = attempt(second);
  if (a.error !== null) throw together(a.error, b.error === null ? [] : [b.error]);
  if (b.error !== null) throw b.error;
  return [a.value, b.value];
}

/** One error for several, in which each different problem is named once. */
export function together(first: WsgiServeError, others: readonly WsgiServeError[]): WsgiServeError {
  const all = [first, ...others].flatMap((error) => error.problems);
  const different = new Map(all.map((problem) => [identityOf(problem), problem]));
  const [head = first, ...tail] = different.values();
  return severalProblems([head, ...tail.slice(0, MAX_PROBLEMS - 1)]);
}

/** The problems of an error in one line: the first, and how many more there are. */
export function summaryOf(error: WsgiServeError): string {
  const [first = error, ...others] = error.problems;
  return others.length === 0 ? first.message : `${first.message} (and ${others.length} more)`;
}

/** What an outcome holds; throws its problems. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.error !== null) throw outcome.error;
  return outcome.value;
}

/** What `step` gives or throws, as a value. What is not a WsgiServeError is thrown on. */
export function attempt<T>(step: () => T): Outcome<T> {
  try {
    return { error: null, value: step() };
  } catch (error) {
    if (error instanceof WsgiServeError) return { error };
    throw error;
  }
}

/** What a step gave, or its problems. */
export type Outcome<T> = { readonly error: null; readonly value: T } | { readonly error: WsgiServeError };

/** The same mistake reached in two ways is one problem. */
function identityOf({ code, message, place }: WsgiServeError): string {
  const start = place?.origin.span?.start;
  return JSON.stringify([code, message, place?.origin.file, start?.line, start?.column]);
}
