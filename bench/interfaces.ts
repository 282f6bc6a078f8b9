// How fast apps of other kinds are through wsgi-serve, measured against their usual servers with the same app; and how
// much memory a filter takes that reads and changes a stream of 1 GiB. Linux, with taskset and wrk.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
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
[app:large]
fetch.app = ${APPS}:large
[filter:pass]
paste.filter_factory = ${APPS}:passThrough
[filter:rewriting]
paste.filter_factory = ${APPS}:rewriting
[pipeline:below-hono]
pipeline = pass pass hono
[pipeline:below-express]
pipeline = pass pass express
[pipeline:rewritten]
pipeline = rewriting large
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
  const folder = mkdtempSync(join(tmpdir(), 'wsgi-serve-bench-'));
  const file = join(folder, 'site.ini');
  try {
    writeFileSync(file, SITE);
    if (missing === null) {
      await compare(file, 'hono', '@hono/node-server', 0.95, rounds);
      await compare(file, 'express', 'Express alone', 0.97, rounds);
      await compare(file, 'hono-pipeline', '@hono/node-server', 0.9, rounds);
      await compare(file, 'express-pipeline', 'Express alone', 0.9, rounds);
    } else {
      console.log(`interfaces: not measured, ${missing}`);
    }
    await measureMemory(file);
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

/** Reads the rewritten stream to its end, and looks at the server's memory meanwhile. */
async function measureMemory(file: string): Promise<void> {
  const port = 20_000 + (process.pid % 20_000);
  const child = spawn(process.execPath, serving(file, 'rewritten', port), { stdio: 'ignore' });
  try {
    const url = `http://127.0.0.1:${port}/`;
    while (!(await answers(url))) await new Promise((next) => setTimeout(next, 20));
    const idle = resident(child.pid);
    let most = idle;
    const look = setInterval(() => {
      most = Math.max(most, resident(child.pid));
    }, 10);
    const bytes = await download(url);
    clearInterval(look);
    const mebibytes = Math.round(bytes / 1024 / 1024);
    console.log(
      `a rewritten stream of ${mebibytes} MiB takes ${Math.round(most - idle)} MB more than idling`,
    );
  } finally {
    child.kill('SIGKILL');
  }
}

/** Whether the server is up: the head of an answer is enough. */
function answers(url: string): Promise<boolean> {
  return new Promise((done) => {
    get(url, (res) => {
      res.destroy();
      done(true);
    }).on('error', () => done(false));
  });
}

function download(url: string): Promise<number> {
  return new Promise((done, failed) => {
    get(url, (res) => {
      let bytes = 0;
      res.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      res.on('end', () => done(bytes));
      res.on('error', failed);
    }).on('error', failed);
  });
}

/** In MB. */
function resident(pid: number | undefined): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

if (process.argv[1] === import.meta.filename) await benchInterfaces(9);
