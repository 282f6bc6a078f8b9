// Compares a dump with what PasteDeploy made of the same file, as the corpus asks for it.

/**
 * Where `actual` says something else than `expected`. Objects may hold more keys than expected, except global_conf and
 * local_conf; a line of null asks nothing; `{files}` stands for `folder`.
 */
export function dumpDifferences(
  expected: unknown,
  actual: unknown,
  folder: string,
  path = 'dump',
): readonly string[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length)
      return [`${path}: not ${expected.length} items`];
    return expected.flatMap((item, index) =>
      dumpDifferences(item, actual[index], folder, `${path}[${index}]`),
    );
  }
  if (isRecord(expected)) {
    if (!isRecord(actual)) return [`${path}: ${JSON.stringify(actual)} is no object`];
    const exact = /_conf$/.test(path);
    const extra = Object.keys(actual).filter((key) => exact && !Object.hasOwn(expected, key));
    return [
      ...extra.map((key) => `${path}.${key}: not expected`),
      ...Object.keys(expected).flatMap((key) => {
        if (key === 'line' && expected[key] === null) return [];
        const value = Object.hasOwn(actual, key) ? actual[key] : undefined;
        return dumpDifferences(expected[key], value, folder, `${path}.${key}`);
      }),
    ];
  }
  const wanted = typeof expected === 'string' ? expected.replaceAll('{files}', folder) : expected;
  return wanted === actual
    ? []
    : [`${path}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(actual)}`];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
