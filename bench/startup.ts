// From the command to the first answer, and the memory then: wsgi-serve against a bare node:http script.
// Both serve the same bytes from plain JavaScript; runs are interleaved, medians are compared.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const BIN = resolve(import.meta.dirname, '../../bin/wsgi-serve.js');

const BARE = `import { createServer } from 'node:http';
createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain' });
  response.end('Hello\\n');
}).listen(Number(process.argv[2]), '127.0.0.1');
`;

const APPS = `export const makeApp = () => (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return ['Hello\\n'];
};
`;

const INI = `[app:main]
paste.app_factory = apps:makeApp

[server:main]
host = 127.0.0.1
port = %(http_port)s
`;

interface Sample {
  /** Milliseconds from spawn to the first byte of the first answer. */
  readonly first: number;
  /** Resident memory after it, in MB. */
  readonly resident: number;
}

/** Prints both medians and their difference; `runs` pairs. */
export async function benchStartup(runs: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'wsgi-serve-bench-'));
  try {
    writeFileSync(join(folder, 'bare.mjs'), BARE);
    writeFileSync(join(folder, 'apps.mjs'), APPS);
    writeFileSync(join(folder, 'site.ini'), INI);
    const bare: Sample[] = [];
    const ours: Sample[] = [];
    for (let run = 0; run < runs; run += 1) {
      bare.push(await measure((port) => [join(folder, 'bare.mjs'), String(port)]));
      ours.push(await measure((port) => [BIN, join(folder, 'site.ini'), `http_port=${port}`]));
    }
    print('to the first answer', 'ms', median(ours, 'first'), median(bare, 'first'), 60);
    print('resident memory', 'MB', median(ours, 'resident'), median(bare, 'resident'), 20);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure(args: (port: number) => string[]): Promise<Sample> {
  const port = await freePort();
  const started = performance.now();
  const child = spawn(process.execPath, args(port), { stdio: 'ignore' });
  try {
    await firstAnswer(port, started + 10_000);
    const first = performance.now() - started;
    return { first, resident: residentMegabytes(child) };
  } finally {
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await ended;
  }
}

async function firstAnswer(port: number, deadline: number): Promise<void> {
  while (!(await ask(port))) {
    if (performance.now() > deadline) throw new Error(`nothing answered on port ${port}`);
    await new Promise((next) => setTimeout(next, 1));
  }
}

function ask(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket: Socket = connect(port, '127.0.0.1', () =>
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    );
    socket.once('data', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => done(port));
    });
  });
}

function residentMegabytes(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

function median(samples: readonly Sample[], key: keyof Sample): number {
  const sorted = samples.map((sample) => sample[key]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function print(what: string, unit: string, ours: number, bare: number, limit: number): void {
  const more = ours - bare;
  const verdict = more <= limit ? 'within' : 'OVER';
  console.log(
    `${what}: wsgi-serve ${ours.toFixed(1)} ${unit}, bare node:http ${bare.toFixed(1)} ${unit}, ` +
      `${more.toFixed(1)} ${unit} more (${verdict} the goal of ${limit})`,
  );
}
