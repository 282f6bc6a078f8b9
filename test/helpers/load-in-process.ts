// Loads user modules in a process of its own: loaders of TypeScript change the process they are started in for good.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** What was called and came back, or the error. */
export type Loaded =
  | { readonly value: unknown }
  | { readonly code: string; readonly message: string; readonly hint: string; readonly at: string | null };

export interface LoadOptions {
  readonly loader?: string;
  readonly flags?: readonly string[];
}

/** Loads each target from `folder` and calls what it names; rejects where the process does not end by itself. */
export async function loadInProcess(
  folder: string,
  expressions: readonly string[],
  { loader = 'auto', flags = [] }: LoadOptions = {},
): Promise<readonly Loaded[]> {
  const { NODE_OPTIONS: _options, ...env } = process.env;
  const program = join(import.meta.dirname, 'load-program.js');
  const child = spawn(process.execPath, [...flags, program, folder, loader, ...expressions], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 25_000,
    killSignal: 'SIGKILL',
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => (texts.stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (texts.stderr += data.toString()));
  const code = await new Promise<number | null>((done) => child.on('close', done));
  if (code !== 0) throw new Error(`the process ended with ${code}:\n${texts.stdout}\n${texts.stderr}`);
  return JSON.parse(texts.stdout);
}
