// How many requests a worker answers before it asks to be replaced. Called by a worker once, when it begins to serve.

/**
 * `maxRequests`, and up to `jitter` more by chance, so that workers that began together do not leave together; Infinity
 * where there is no limit (0). To be compared with the requests answered: at so many it is time to retire.
 */
export function requestBudget(
  maxRequests: number,
  jitter: number,
  random: () => number = Math.random,
): number {
  if (maxRequests === 0) return Number.POSITIVE_INFINITY;
  return maxRequests + Math.floor(random() * (jitter + 1));
}
