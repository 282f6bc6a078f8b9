// Waits for a condition instead of for a time; the test's own time-out is the only limit.

/** Resolves once `holds` gives true, asked again and again. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((again) => setTimeout(again, 5));
}
