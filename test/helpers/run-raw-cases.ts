// Runs the raw cases with the Node that starts it, without a test runner, for versions other than the one at hand:
//   node dist/test/helpers/run-raw-cases.js
// Prints what is not as wanted and exits with 1 where anything is.
import { join, resolve } from 'node:path';
import { CaseRunner, CUT_NAMES, type Cut, type RawCase, readCases } from './raw-cases.js';

/** Connections at a time. */
const AT_ONCE = 24;

const GOLDEN = resolve(import.meta.dirname, '../../../test/golden');

/** Every complaint about every case in every cut, as `ID (cut): complaint`. */
export async function runAll(cases: readonly RawCase[], cuts: readonly Cut[]): Promise<readonly string[]> {
  const runner = await new CaseRunner().start();
  const left: { one: RawCase; cut: Cut }[] = cuts.flatMap((cut) => cases.map((one) => ({ one, cut })));
  const complaints: string[] = [];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { one, cut } = next;
      const found = await runner.run(one, cut);
      complaints.push(...found.map((text) => `${one.id} ${one.label} (${cut}): wanted ${one.want}, ${text}`));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await runner.stop();
  return complaints;
}

if (process.argv[1] === import.meta.filename) {
  const complaints = await runAll(readCases(join(GOLDEN, 'http1.json')), CUT_NAMES);
  process.stdout.write(
    `${[...complaints, `${process.version}: ${complaints.length} not as wanted`].join('\n')}\n`,
  );
  process.exitCode = complaints.length === 0 ? 0 : 1;
}
