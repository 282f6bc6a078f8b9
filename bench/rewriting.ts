// How much memory a filter takes that reads a stream of 1 GiB and changes it, over what the same server takes idle.
// The server is the program itself, the client a process of its own. Linux.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { accepts, freePort, median } from './load.js';

const BIN = resolve(import.meta.dirname, '../../bin/wsgi-serve.js');
const CLIENT = join(import.meta.dirname, 'rewriting-client.js');
const APPS = join(import.meta.dirname, 'rewriting-apps.js');
const MEBIBYTES = 1024;
/** In MiB. */
const GOAL = 64;

const SITE = `[server:main]
host = 127.0.0.1
port = %(http_port)s
[filter:rewriting]
paste.filter_factory = ${APPS}:rewriting
[app:by-fetch]
fetch.app = ${APPS}:byFetch
[app:by-node]
node.app = ${APPS}:byNode
[pipeline:fetch]
pipeline = rewriting by-fetch
[pipeline:node]
pipeline = rewriting by-node
`;

/** Prints the median and the worst of `runs` runs, each on a server of its own, for an app of each kind. */
export async function benchRewriting(runs: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'wsgi-serve-bench-'));
  const file = join(folder, 'site.ini');
  try {
    writeFileSync(file, SITE);
    for (const app of ['fetch', 'node']) {
      const extras: number[] = [];
      for (let run = 0; run < runs; run += 1) extras.push(await measure(file, app));
      print(app, extras);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The most memory while the stream is read, over that of the idle server, in MiB. */
async function measure(file: string, app: string): Promise<number> {
  const port = await freePort();
  const args = [BIN, '-q', '-n', app, file, `http_port=${port}`];
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    while (!(await accepts(port))) await new Promise((next) => setTimeout(next, 20));
    // What is loaded with the first answer is not the stream's.
    await read(port, 0);
    const idle = memory(server, 'VmRSS');
    forgetPeak(server);
    const bytes = await read(port, MEBIBYTES);
    if (bytes < MEBIBYTES * 1024 * 1024) throw new Error(`only ${bytes} bytes of the stream came`);
    return memory(server, 'VmHWM') - idle;
  } finally {
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
}

/** Reads a stream of so many MiB in another process; gives the bytes of its answer. */
async function read(port: number, mebibytes: number): Promise<number> {
  const client = spawn(process.execPath, [CLIENT, String(port), `/${mebibytes}`]);
  let printed = '';
  client.stdout.on('data', (text: Buffer) => {
    printed += String(text);
  });
  await once(client, 'close');
  return Number(printed);
}

/** In MiB: `VmRSS` as it is now, `VmHWM` the most that it was. */
function memory({ pid }: ChildProcess, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}

/** Starting up takes more memory for a moment: VmHWM begins again from here (proc(5), clear_refs). */
function forgetPeak({ pid }: ChildProcess): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function print(app: string, extras: readonly number[]): void {
  const middle = median(extras);
  const verdict = middle < GOAL ? 'within' : 'OVER';
  console.log(
    `a rewritten stream of ${MEBIBYTES} MiB of a ${app} app: ${middle.toFixed(0)} MiB more than idle ` +
      `(${verdict} the goal of ${GOAL}), at most ${Math.max(...extras).toFixed(0)} MiB in ${extras.length} runs`,
  );
}

if (process.argv[1] === import.meta.filename) await benchRewriting(5);
