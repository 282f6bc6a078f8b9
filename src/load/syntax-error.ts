// Where a syntax error is: the error that `import()` rejects with does not say. Called by import-module.ts once a module
// has failed; starts a process that parses the module again, and runs nothing of the user's.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type FailingLine, lineAt } from './failing-line.js';

/** The syntax error in the module at `url` or in a module it imports by path; null if unknown. */
export async function findSyntaxError(url: string, message: string): Promise<FailingLine | null> {
  const probe = fileURLToPath(new URL('./syntax-probe.js', import.meta.url));
  const output = await errorOutput([probe, url]);
  if (!output.includes(`SyntaxError: ${message}`)) return null;
  const [, named, line, carets = ''] = /^(.+):(\d+)\n.*\n( *)\^/m.exec(output) ?? [];
  return named === undefined ? null : lineAt(named, Number(line), carets.length + 1);
}

function errorOutput(args: readonly string[]): Promise<string> {
  const flags = ['--experimental-vm-modules', '--no-warnings'];
  const { NODE_OPTIONS: _options, ...env } = process.env;
  return new Promise((done) => {
    execFile(process.execPath, [...flags, ...args], { env, timeout: 5000 }, (_error, _output, errors) =>
      done(errors),
    );
  });
}
