// Starts the real program on a real process, for end-to-end tests; whatever is started here is ended here.
import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';

/** The repository. */
export const ROOT = resolve(import.meta.dirname, '../../..');

/** What npm puts into the path. */
export const BIN = resolve(ROOT, 'bin/wsgi-serve.js');

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `wsgi-serve` that runs: what it printed so far, waiting for output, sending signals, its end. */
export class Cli {
  readonly child: ChildProcess;
  readonly finished: Promise<CliResult>;
  stdout = '';
  stderr = '';
  #listeners = new Set<() => void>();

  /** `stdout` is an open file in place of the pipe that is read. */
  constructor(
    args: readonly string[],
    options: { cwd?: string; env?: NodeJS.ProcessEnv; node?: string; stdout?: number; bin?: string } = {},
  ) {
    this.child = spawn(options.node ?? process.execPath, [options.bin ?? BIN, ...args], {
      cwd: options.cwd ?? ROOT,
      env: { ...cleanEnvironment(), ...options.env },
      stdio: ['ignore', options.stdout ?? 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (data: Buffer) => this.#took(() => (this.stdout += data.toString())));
    this.child.stderr?.on('data', (data: Buffer) => this.#took(() => (this.stderr += data.toString())));
    this.finished = new Promise((done) => {
      this.child.on('close', (code, signal) => {
        this.#took(() => undefined);
        done({ code, signal, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  /** Resolves with the match once standard output matches; rejects if the program ends first. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout);
      if (match !== null) return match;
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        const match = pattern.exec(this.stdout);
        if (match !== null) return match;
        throw new Error(`ended before it printed ${pattern}:\n${this.stdout}\n${this.stderr}`);
      }
      await new Promise<void>((wake) => {
        const listener = () => {
          this.#listeners.delete(listener);
          wake();
        };
        this.#listeners.add(listener);
      });
    }
  }

  /** The port of `[server:NAME]`, once it is served. */
  async port(name: string): Promise<number> {
    const match = await this.printed(new RegExp(`serving ${name} on http://[^"\\s]*:(\\d+)`));
    return Number(match[1]);
  }

  /** Asks it to stop and waits until it did. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<CliResult> {
    this.child.kill(signal);
    return this.finished;
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    return this.finished.then(() => undefined);
  }

  #took(act: () => void): void {
    act();
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Runs a command that ends by itself. */
export async function runCli(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<CliResult> {
  await using cli = new Cli(args, options);
  return await cli.finished;
}

/** Jest's own flags must not reach the program under test. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, JEST_WORKER_ID: _worker, NODE_ENV: _mode, ...rest } = process.env;
  return rest;
}
