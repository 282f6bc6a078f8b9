// A server on one core under wrk on another: what the throughput benchmarks stand on. Linux, with taskset and wrk.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** A server to measure: `node` with these arguments listens on the loopback at `port`. */
export interface Contender {
  readonly name: string;
  readonly args: (port: number) => readonly string[];
}

/** What a throughput benchmark needs and this machine lacks, in words; null where it has all. */
export function missingTools(): string | null {
  const missing = ['wrk', 'taskset'].filter((tool) => spawnSync('which', [tool]).status !== 0);
  return missing.length === 0 ? null : `needs ${missing.join(' and ')} (apt install wrk util-linux)`;
}

/**
 * Requests per second of `contender` divided by those of `base`: the median over `rounds` pairs of runs, one second each,
 * one right after the other and in turns first, so that whatever else the machine does falls on both.
 */
export async function speedRatio(base: Contender, contender: Contender, rounds: number): Promise<number> {
  const reference = await start(base);
  const measured = await start(contender);
  try {
    // While they compile what they run often; Express takes a few seconds to get there.
    for (let second = 0; second < 4; second += 1) await ratioOf(reference, measured);
    const ratios: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const inTurn = round % 2 === 0;
      ratios.push(inTurn ? await ratioOf(reference, measured) : 1 / (await ratioOf(measured, reference)));
    }
    return median(ratios);
  } finally {
    reference.child.kill('SIGKILL');
    measured.child.kill('SIGKILL');
  }
}

/** The speed of `second` in terms of that of `first`, which runs first. */
async function ratioOf(first: Running, second: Running): Promise<number> {
  const speed = await load(first.port);
  return (await load(second.port)) / speed;
}

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
}

async function start(contender: Contender): Promise<Running> {
  const port = await freePort();
  const args = ['-c', '0', process.execPath, ...contender.args(port)];
  const child = spawn('taskset', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const deadline = performance.now() + 10_000;
  while (!(await accepts(port))) {
    if (performance.now() > deadline || child.exitCode !== null)
      throw new Error(`${contender.name} did not start`);
    await new Promise((next) => setTimeout(next, 20));
  }
  return { child, port };
}

/** Requests per second over one second of 32 connections. */
async function load(port: number): Promise<number> {
  const wrk = spawn('taskset', ['-c', '1', 'wrk', '-t1', '-c32', '-d1s', `http://127.0.0.1:${port}/V2`]);
  let report = '';
  wrk.stdout.on('data', (text: Buffer) => {
    report += String(text);
  });
  await once(wrk, 'close');
  const failures = /Non-2xx or 3xx responses: \d+|Socket errors: .*/.exec(report);
  if (failures !== null) throw new Error(failures[0]);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(report)?.[1]);
}

/** Whether something listens on the loopback at `port`. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

/** A port on the loopback that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** The middle one of `values`; NaN where there are none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
