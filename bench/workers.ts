// What workers cost and bear: requests while workers are replaced all the time and killed, twice the work on two cores,
// memory. Linux, with wrk. Counts outcomes; only the gain of a second worker is a matter of speed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { accepts, freePort, missingTools } from './load.js';

const BIN = resolve(import.meta.dirname, '../../bin/wsgi-serve.js');

const APPS = `
const answer = (startResponse, text) => { startResponse('200 OK', [['Content-Type', 'text/plain']]); return text; };
export const plain = () => async (environ, startResponse) => {
  if (environ.REQUEST_METHOD === 'POST') await environ['wsgi.input'].read();
  return answer(startResponse, 'ok');
};
export const busy = () => (environ, startResponse) => {
  const end = process.cpuUsage().user + 5000;
  while (process.cpuUsage().user < end);
  return answer(startResponse, 'done');
};
`;

/** Prints what came of each; the whole takes about four minutes. */
export async function benchWorkers(): Promise<void> {
  const missing = missingTools();
  if (missing !== null) {
    console.log(`workers: not measured, ${missing}`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'wsgi-serve-bench-'));
  try {
    writeFileSync(join(folder, 'apps.mjs'), APPS);
    await reloads(folder);
    await kills(folder);
    await secondWorker(folder);
    await memory(folder);
    await manyReloads(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A reload every 150 ms for 20 seconds, under three kinds of load. */
async function reloads(folder: string): Promise<void> {
  const server = await start(folder, 'plain', ['--workers', '2']);
  const reloading = setInterval(() => server.child.kill('SIGHUP'), 150);
  const outcomes = await Promise.all([
    wrk(server.port, 20, []),
    wrk(server.port, 20, ['-H', 'Connection: close']),
    posts(server.port, 500),
  ]);
  clearInterval(reloading);
  const generation = await server.end();
  console.log(`a reload every 150 ms for 20 s (${generation} reloads): ${outcomes.join('; ')}`);
}

/** A worker is killed each second, of four. */
async function kills(folder: string): Promise<void> {
  const server = await start(folder, 'plain', ['--workers', '4']);
  let killed = 0;
  const killing = setInterval(() => {
    const workers = childrenOf(server.child.pid ?? 0);
    const victim = workers[Math.floor(Math.random() * workers.length)];
    if (victim === undefined) return;
    process.kill(victim, 'SIGKILL');
    killed += 1;
  }, 1000);
  const outcome = await wrk(server.port, 10, []);
  clearInterval(killing);
  await server.end();
  console.log(`${killed} of four workers killed in 10 s: ${outcome}`);
}

/** How much more two workers do than one, of work that takes a processor. */
async function secondWorker(folder: string): Promise<void> {
  const rates: number[] = [];
  for (const workers of ['1', '2']) {
    const server = await start(folder, 'busy', ['--workers', workers]);
    await rate(server.port, 2);
    rates.push(await rate(server.port, 6));
    await server.end();
  }
  const [one = Number.NaN, two = Number.NaN] = rates;
  const verdict = two / one >= 1.8 ? 'within' : 'UNDER';
  console.log(`two workers / one: ${(two / one).toFixed(2)} (${verdict} the goal of 1.8)`);
}

async function memory(folder: string): Promise<void> {
  const alone = await start(folder, 'plain', []);
  await rate(alone.port, 2);
  const single = resident(alone.child.pid ?? 0);
  await alone.end();
  const server = await start(folder, 'plain', ['--workers', '2']);
  for (let time = 0; time < 20; time += 1) {
    server.child.kill('SIGHUP');
    await new Promise((next) => setTimeout(next, 400));
  }
  await rate(server.port, 2);
  const supervisor = resident(server.child.pid ?? 0);
  const workers = childrenOf(server.child.pid ?? 0).map(resident);
  await server.end();
  const most = Math.max(...workers) - single;
  console.log(
    `memory: the supervisor takes ${Math.round(supervisor)} MB (${supervisor < 60 ? 'within' : 'OVER'} the goal of 60), ` +
      `a worker ${Math.round(most)} MB more than a single process (${most <= 10 ? 'within' : 'OVER'} the goal of 10)`,
  );
}

/** What a thousand reloads leave behind, after the first hundred. */
async function manyReloads(folder: string): Promise<void> {
  const server = await start(folder, 'plain', ['--workers', '1']);
  const pid = server.child.pid ?? 0;
  const held = async (): Promise<string> => {
    // The one before it may still be about to end.
    while (childrenOf(pid).length > 1) await new Promise((next) => setTimeout(next, 20));
    const [worker = 0] = childrenOf(pid);
    return `${holdings(pid)}, its worker ${holdings(worker)}`;
  };
  await server.reload(100);
  const after100 = await held();
  await server.reload(900);
  const after1000 = await held();
  await server.end();
  console.log(`after 100 reloads the supervisor has ${after100}; after 1000 ${after1000}`);
}

function holdings(pid: number): string {
  return `${Math.round(resident(pid))} MB and ${readdirSync(`/proc/${pid}/fd`).length} descriptors`;
}

interface Server {
  readonly child: ChildProcess;
  readonly port: number;
  /** So many reloads, one after the other. */
  reload(count: number): Promise<void>;
  /** Stops it; resolves to how often it was reloaded. */
  end(): Promise<number>;
}

async function start(folder: string, app: string, args: readonly string[]): Promise<Server> {
  const port = await freePort();
  const file = join(folder, `${app}.ini`);
  const limits = 'max_requests_per_connection = 0';
  const section = `[app:main]\npaste.app_factory = apps:${app}\n`;
  writeFileSync(file, `${section}[server:main]\nhost = 127.0.0.1\nport = ${port}\n${limits}\n`);
  const child = spawn(process.execPath, [BIN, file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let reloaded = 0;
  child.stdout?.on('data', (text: Buffer) => {
    reloaded += String(text).split('reloaded,').length - 1;
  });
  while (!(await accepts(port))) await new Promise((next) => setTimeout(next, 20));
  const reload = async (count: number): Promise<void> => {
    for (const last = reloaded + count; reloaded < last; ) {
      const before = reloaded;
      child.kill('SIGHUP');
      while (reloaded === before) await new Promise((next) => setTimeout(next, 5));
    }
  };
  const end = async (): Promise<number> => {
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
    return reloaded;
  };
  return { child, port, reload, end };
}

/** In words: how many requests, and what failed. */
async function wrk(port: number, seconds: number, args: readonly string[]): Promise<string> {
  const report = await runWrk(port, seconds, args);
  const requests = /(\d+) requests in/.exec(report)?.[1] ?? '0';
  const failures = /Socket errors: .*|Non-2xx or 3xx responses: \d+/g;
  return `${requests} requests${args.length > 0 ? ' on connections of their own' : ''}, ${
    report.match(failures)?.join(', ') ?? 'none failed'
  }`;
}

async function rate(port: number, seconds: number): Promise<number> {
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(await runWrk(port, seconds, []))?.[1]);
}

async function runWrk(port: number, seconds: number, args: readonly string[]): Promise<string> {
  const child = spawn('wrk', ['-t1', '-c16', `-d${seconds}s`, ...args, `http://127.0.0.1:${port}/`]);
  let report = '';
  child.stdout.on('data', (text: Buffer) => {
    report += String(text);
  });
  await once(child, 'close');
  return report;
}

/** One after the other, each of 16 KB on a connection of its own. */
async function posts(port: number, count: number): Promise<string> {
  const failures: string[] = [];
  for (let post = 0; post < count; post += 1) {
    const failure = await postOnce(port);
    if (failure !== null) failures.push(failure);
    await new Promise((next) => setTimeout(next, 30));
  }
  return `${count} POSTs of 16 KB, ${failures.length === 0 ? 'none failed' : failures.join(', ')}`;
}

function postOnce(port: number): Promise<string | null> {
  return new Promise((done) => {
    const options = { host: '127.0.0.1', port, method: 'POST', agent: false } as const;
    const sent = request(options, (res) => {
      res.resume();
      res.once('end', () => done(res.statusCode === 200 ? null : String(res.statusCode)));
      res.once('error', ({ message }) => done(message));
    });
    sent.once('error', ({ message }) => done(message));
    sent.end(Buffer.alloc(16_384));
  });
}

function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
    .map(Number);
}

/** Behind the name of the program, which may hold anything. */
function parentOf(pid: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);
  } catch {
    return 0;
  }
}

/** In MB. */
function resident(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

if (process.argv[1] === import.meta.filename) await benchWorkers();
