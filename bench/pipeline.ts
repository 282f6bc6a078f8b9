// How fast the founding document's pipeline is through the command line, with everything that stands before an app
// there, measured against bare node:http with the same answer.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Contender, missingTools, speedRatio } from './load.js';

const BIN = resolve(import.meta.dirname, '../../bin/wsgi-serve.js');
const APPS = join(import.meta.dirname, 'pipeline-apps.js');

/** A urlmap, two filters and an app that returns a string: what GET /V2 goes through. */
const SITE = `[server:main]
host = 127.0.0.1
port = %(http_port)s
[composite:main]
use = egg:Paste#urlmap
/ : pub0
/V1 : pub1
/V2 : pub2
[app:pub0]
paste.app_factory = ${APPS}:answering
[pipeline:pub1]
pipeline = pass pub0
[pipeline:pub2]
pipeline = pass pass pub0
[filter:pass]
paste.filter_factory = ${APPS}:passing
`;

const BARE: Contender = { name: 'bare', args: (port) => [APPS, String(port)] };

/** Prints the ratio of both, 1 being the speed of bare node:http; `rounds` pairs of runs of one second each. */
export async function benchPipeline(rounds: number): Promise<void> {
  const missing = missingTools();
  if (missing !== null) {
    console.log(`pipeline / bare: not measured, ${missing}`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'wsgi-serve-bench-'));
  try {
    const file = join(folder, 'site.ini');
    writeFileSync(file, SITE);
    const args = (port: number): string[] => [BIN, '-q', file, `http_port=${port}`];
    const ratio = await speedRatio(BARE, { name: 'pipeline', args }, rounds);
    const verdict = ratio >= 0.95 ? 'within' : 'OVER';
    console.log(`pipeline / bare: ${ratio.toFixed(3)} (${verdict} the goal of 5 % less)`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === import.meta.filename) await benchPipeline(15);
