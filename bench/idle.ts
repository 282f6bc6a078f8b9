// What connections cost that do nothing, or little: the time that one client waits for its answers while a single process
// holds ten thousand others. The clients are processes of their own; Linux, for the memory.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { accepts, freePort, median } from './load.js';

const BIN = resolve(import.meta.dirname, '../../bin/wsgi-serve.js');
const CLIENTS = join(import.meta.dirname, 'idle-clients.js');

const IDLE = 10_000;
const SLOW = 200;
/** Files that a process has open besides its connections, by far. */
const OTHER_FILES = 100;
const GOAL = 2;

const APPS = `export const make = () => async (environ, startResponse) => {
  if (environ.REQUEST_METHOD === 'POST') await environ['wsgi.input'].read();
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return 'ok';
};
`;

/** Prints both medians and their ratio, over `seconds` of asking each, and the memory; opening takes a few seconds more. */
export async function benchIdle(seconds: number): Promise<void> {
  const files = openFilesLimit();
  if (files < IDLE + SLOW + OTHER_FILES) {
    console.log(
      `idle connections: not measured, a process may open no more than ${files} files (ulimit -Hn)`,
    );
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'wsgi-serve-bench-'));
  const children: ChildProcess[] = [];
  try {
    const port = await freePort();
    const server = spawn(process.execPath, [BIN, '-q', writeSite(folder, port)], { stdio: 'ignore' });
    children.push(server);
    while (!(await accepts(port))) await new Promise((next) => setTimeout(next, 20));
    await latency(port, 1); // while it compiles what it runs often
    const unloaded = await latency(port, seconds);
    const before = resident(server);
    const clients = [startClients('idle', port, IDLE), startClients('slow', port, SLOW)];
    children.push(...clients.map(({ child }) => child));
    for (const { ready } of clients) await ready;
    const loaded = await latency(port, seconds);
    print(unloaded, loaded, before, resident(server), await Promise.all(clients.map(({ end }) => end())));
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
}

/** Of a process of Node, which takes as many as it may without being asked. */
function openFilesLimit(): number {
  const limit = spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).stdout.trim();
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}

function writeSite(folder: string, port: number): string {
  const file = join(folder, 'site.ini');
  const limits = `connection_limit = 0\nmax_requests_per_connection = 0\nkeepalive_timeout = 10m`;
  const section = '[app:main]\npaste.app_factory = apps:make\n';
  writeFileSync(file, `${section}[server:main]\nhost = 127.0.0.1\nport = ${port}\n${limits}\n`);
  writeFileSync(join(folder, 'apps.mjs'), APPS);
  return file;
}

/** Milliseconds of each answer, one after the other on one connection. */
async function latency(port: number, seconds: number): Promise<readonly number[]> {
  const socket = connect(port, '127.0.0.1').setNoDelay();
  await once(socket, 'connect');
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) times.push(await ask(socket));
  socket.destroy();
  return times;
}

function ask(socket: Socket): Promise<number> {
  const begun = performance.now();
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  return new Promise((done, failed) => {
    socket.once('data', () => {
      socket.off('error', failed);
      done(performance.now() - begun);
    });
    socket.once('error', failed);
  });
}

interface Clients {
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
  /** Resolves to how many of their connections the server closed. */
  end(): Promise<number>;
}

function startClients(kind: 'idle' | 'slow', port: number, count: number): Clients {
  const args = [CLIENTS, kind, String(port), String(count)];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += String(text);
  });
  const until = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const [, found] = pattern.exec(said) ?? [];
      if (found !== undefined) return found;
      if (child.exitCode !== null) throw new Error(`the ${kind} clients ended`);
      await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
    }
  };
  const end = async (): Promise<number> => {
    child.stdin.end();
    return Number(await until(/lost (\d+)/));
  };
  return { child, ready: until(/(ready)/).then(() => undefined), end };
}

/** In MB. */
function resident({ pid }: ChildProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

function print(
  unloaded: readonly number[],
  loaded: readonly number[],
  before: number,
  after: number,
  lost: readonly number[],
): void {
  const ratio = median(loaded) / median(unloaded);
  console.log(
    `an answer beside ${IDLE} idle connections and ${SLOW} slow senders: ${inWords(loaded)}, without them ` +
      `${inWords(unloaded)}; ratio ${ratio.toFixed(2)} (${ratio <= GOAL ? 'within' : 'OVER'} the goal of ${GOAL})`,
  );
  const each = ((after - before) * 1024) / (IDLE + SLOW);
  console.log(
    `memory: ${before.toFixed(0)} MB without them, ${after.toFixed(0)} MB with them, ${each.toFixed(1)} KB each; ` +
      `${lost.join(' and ')} of them were closed`,
  );
}

function inWords(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const late = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
  return `${median(times).toFixed(3)} ms (one in a hundred over ${late.toFixed(2)} ms)`;
}

if (process.argv[1] === import.meta.filename) await benchIdle(8);
