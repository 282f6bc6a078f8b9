// How fast the founding document's pipeline is, measured against bare node:http with the same answer.
import { join } from 'node:path';
import { type Contender, missingTools, speedRatio } from './load.js';

const server = (name: string): Contender => ({
  name,
  args: (port) => [join(import.meta.dirname, 'pipeline-server.js'), name, String(port)],
});

/** Prints the ratio of both, 1 being the speed of bare node:http; `rounds` pairs of runs of one second each. */
export async function benchPipeline(rounds: number): Promise<void> {
  const missing = missingTools();
  if (missing !== null) {
    console.log(`pipeline / bare: not measured, ${missing}`);
    return;
  }
  const ratio = await speedRatio(server('bare'), server('pipeline'), rounds);
  const verdict = ratio >= 0.95 ? 'within' : 'OVER';
  console.log(`pipeline / bare: ${ratio.toFixed(2)} (${verdict} the goal of 5 % less)`);
}

if (process.argv[1] === import.meta.filename) await benchPipeline(15);
