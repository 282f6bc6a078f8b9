// The commands that ask a running server something: status, workers, reload, restart, stop, scale, why. Called by main.ts;
// each finds the control socket, sends one command and prints the answer.
import { resolve } from 'node:path';
import { WsgiServeError } from '../errors.js';
import { sendCommand } from '../supervise/control-client.js';
import type {
  CommandOf,
  ControlKind,
  ControlResults,
  StatusReport,
  WorkerReport,
} from '../supervise/control-protocol.js';
import type { Failure } from '../supervise/messages.js';
import { findControlSockets } from './find-server.js';

/** How a server is found, and how the answer is printed. */
export interface ControlFlags {
  readonly pidFile?: string;
  readonly format: 'text' | 'json';
  readonly wait?: boolean;
}

/** Those of a command that has none of its own: text, and the truth in the exit code. */
export function controlFlagsOf(pidFile: string | undefined): ControlFlags {
  return { format: 'text', wait: true, ...(pidFile === undefined ? {} : { pidFile }) };
}

export type Print = (text: string) => void;

/** Each resolves to the exit code. `file` is the deployment file of the server, undefined for the only one there is. */
export async function statusCommand(
  file: string | undefined,
  flags: ControlFlags,
  print: Print,
): Promise<number> {
  return ask(file, flags, { kind: 'status', wait: false }, print, statusText);
}

export async function workersCommand(
  file: string | undefined,
  flags: ControlFlags,
  print: Print,
): Promise<number> {
  return ask(file, flags, { kind: 'workers', wait: false }, print, workersText);
}

export async function reloadCommand(
  file: string | undefined,
  flags: ControlFlags,
  print: Print,
): Promise<number> {
  return ask(file, flags, { kind: 'reload', wait: flags.wait ?? false }, print, (result) =>
    result === null
      ? 'reloading\n'
      : `reloaded, generation ${result.generation}, in ${Math.round(result.took)} ms\n`,
  );
}

export async function restartCommand(
  file: string | undefined,
  flags: ControlFlags,
  print: Print,
): Promise<number> {
  return ask(file, flags, { kind: 'restart', wait: flags.wait ?? false }, print, (result) =>
    result === null ? 'restarting\n' : `restarted, now in PID ${result.pid}\n`,
  );
}

export async function stopCommand(
  file: string | undefined,
  flags: ControlFlags,
  print: Print,
): Promise<number> {
  return ask(file, flags, { kind: 'stop', wait: flags.wait ?? false }, print, (result) =>
    result === null ? 'stopping\n' : `stopped, ${result.cut} connections were cut\n`,
  );
}

export async function scaleCommand(
  count: string,
  file: string | undefined,
  flags: ControlFlags,
  print: Print,
): Promise<number> {
  const workers = Number(count);
  if (!/^\d+$/.test(count) || workers < 1 || workers > 1024) {
    throw new WsgiServeError('usage', `"${count}" is not a number of workers from 1 to 1024`);
  }
  return ask(
    file,
    flags,
    { kind: 'scale', workers, wait: true },
    print,
    (result) => `${result.workers} ${result.workers === 1 ? 'worker' : 'workers'}\n`,
  );
}

/** Exit code 1 where no app loaded the file. */
export async function whyCommand(
  path: string,
  file: string | undefined,
  flags: ControlFlags,
  print: Print,
): Promise<number> {
  const loaded = resolve(path);
  let found = false;
  const code = await ask(file, flags, { kind: 'why', file: loaded, wait: true }, print, (chains) => {
    found = chains.length > 0;
    if (!found) return `no app has loaded ${loaded}\n`;
    return chains
      .map(({ section, path: links }) => `[${section}]\n${links.map((link) => `  ${link}\n`).join('')}`)
      .join('');
  });
  return code === 0 && !found ? 1 : code;
}

async function ask<Kind extends ControlKind>(
  file: string | undefined,
  flags: ControlFlags,
  command: CommandOf<Kind>,
  print: Print,
  describe: (result: ControlResults[Kind]) => string,
): Promise<number> {
  const sockets = await findControlSockets(file, flags.pidFile);
  const answer = await sendCommand<Kind>(sockets, command);
  if (!answer.ok) return fail(answer.failure, flags, print);
  const text = describe(answer.result);
  print(flags.format === 'json' ? `${JSON.stringify(answer.result, null, 2)}\n` : text);
  return 0;
}

/** The exit code is the truth of what was asked for. */
function fail(failure: Failure, { format }: ControlFlags, print: Print): number {
  if (format === 'json') print(`${JSON.stringify({ failure }, null, 2)}\n`);
  else process.stderr.write(`${failure.text}\n`);
  return failure.exitCode;
}

function statusText(status: StatusReport): string {
  const { pid, version, file, generation, state, servers, workers, lastReload } = status;
  const lines = [
    `Server running in PID ${pid}`,
    `${file}: ${state}, generation ${generation}, up ${duration(status.uptime)}, wsgi-serve ${version}`,
    ...servers.map(({ name, url }) => `  ${name} on ${url}`),
  ];
  if (lastReload?.failure) lines.push(`the last reload failed at ${lastReload.at}:`, lastReload.failure.text);
  return `${lines.join('\n')}\n${workersText(workers)}`;
}

const COLUMNS = ['pid', 'generation', 'state', 'up', 'memory', 'answered', 'busy', 'restarts'] as const;

function workersText(workers: readonly WorkerReport[]): string {
  const rows = [COLUMNS, ...workers.map(rowOf)];
  const widths = COLUMNS.map((_, at) => Math.max(...rows.map((row) => String(row[at]).length)));
  return rows.map((row) => `${row.map((cell, at) => cell.padStart(widths[at] ?? 0)).join('  ')}\n`).join('');
}

function rowOf(worker: WorkerReport): readonly string[] {
  const { pid, generation, state, uptime, memory, answered, busy, restarts } = worker;
  const megabytes = `${Math.round(memory / 1_000_000)} MB`;
  return [
    ...[String(pid), String(generation), state, duration(uptime), megabytes],
    ...[answered, busy, restarts].map(String),
  ];
}

/** `3d 4h`, `4h 5m`, `5m 6s`, `6s`. */
function duration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  const shown = first === -1 ? parts.slice(3) : parts.slice(first, first + 2);
  return shown.map(([count, unit]) => `${count}${unit}`).join(' ');
}
