// How fast apps of other kinds are through wsgi-serve, measured against their usual servers with the same app.
// Linux, with taskset and wrk.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Contender, missingTools, speedRatio } from './load.js';

const BIN = resolve(import.meta.dirname, '../../bin/wsgi-serve.js');
const PEERS = join(import.meta.dirname, 'interfaces-peers.js');
const APPS = join(import.meta.dirname, 'interfaces-apps.js');

const SITE = `[server:main]
host = 127.0.0.1
port = %(http_port)s
max_requests_per_connection = 0
[app:hono]
fetch.app = ${APPS}:hono
[app:express]
node.app = ${APPS}:web
[filter:pass]
paste.filter_factory = ${APPS}:passThrough
[pipeline:below-hono]
pipeline = pass pass hono
[pipeline:below-express]
pipeline = pass pass express
[composite:hono-pipeline]
use = egg:Paste#urlmap
/ = hono
/V1 = hono
/V2 = below-hono
[composite:express-pipeline]
use = egg:Paste#urlmap
/ = express
/V1 = express
/V2 = below-express
[app:main]
use = hono
`;

/** Prints every ratio with its goal, 1 being the usual server of the app; `rounds` pairs of runs of one second each. */
export async function benchInterfaces(rounds: number): Promise<void> {
  const missing = missingTools();
  if (missing !== null) {
    console.log(`interfaces: not measured, ${missing}`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'wsgi-serve-bench-'));
  const file = join(folder, 'site.ini');
  try {
    writeFileSync(file, SITE);
    await compare(file, 'hono', '@hono/node-server', 0.95, rounds);
    await compare(file, 'express', 'Express alone', 0.97, rounds);
    await compare(file, 'hono-pipeline', '@hono/node-server', 0.9, rounds);
    await compare(file, 'express-pipeline', 'Express alone', 0.9, rounds);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function compare(file: string, app: string, peer: string, goal: number, rounds: number): Promise<void> {
  const [kind = app] = app.split('-');
  const base: Contender = { name: peer, args: (port) => [PEERS, kind, String(port)] };
  const ratio = await speedRatio(base, { name: app, args: (port) => serving(file, app, port) }, rounds);
  const verdict = ratio >= goal ? 'within' : 'UNDER';
  console.log(`${app} / ${peer}: ${ratio.toFixed(2)} (${verdict} the goal of ${goal})`);
}

function serving(file: string, app: string, port: number): string[] {
  return [BIN, '-q', '-n', app, file, `http_port=${port}`];
}

if (process.argv[1] === import.meta.filename) await benchInterfaces(9);
