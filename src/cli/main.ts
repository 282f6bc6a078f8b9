// The command line: words to functions. The only importer of commander and the only place that sets the exit code.
// Each command's code is imported when it runs, so that `show` never loads a server.
import { createRequire } from 'node:module';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { LOG_LEVELS } from '../log.js';
import type { CheckFormat } from './check.js';
import { reportError } from './report.js';
import type { ServeFlags } from './serve.js';
import type { ShowFormat } from './show.js';

/** Runs `wsgi-serve ARGS...` and ends the process with its exit code; errors are printed, never thrown. */
export async function main(args: readonly string[]): Promise<void> {
  ignoreClosedPipe();
  try {
    await createProgram().parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
  // Not left to Node: a module of the user's may have started timers that would keep the process alive.
  await flushed(process.stdout);
  await flushed(process.stderr);
  process.exit();
}

/** Every command, option and default; the README's table is tested against it. */
export function createProgram(): Command {
  const program = new Command('wsgi-serve')
    .description('Serves the apps of a deployment file: every [server:*] section is one listener.')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride();
  addServe(program);
  addCheck(program);
  addShow(program);
  return program;
}

function addServe(program: Command): void {
  program
    .command('serve', { isDefault: true })
    .description('build every app of FILE and serve it (the default command)')
    .argument('<file>', 'the deployment file')
    .argument('[variables...]', 'name=value: globals that win over [DEFAULT]')
    .option('-n, --app-name <name>', 'serve this app on every listener')
    .option('--server-name <name>', 'start [server:<name>] alone')
    .addOption(new Option('--log-level <level>', 'what the log tells (default: "info")').choices(LOG_LEVELS))
    .option('-v, --verbose', 'one log level more; may be repeated', count, 0)
    .option('-q, --quiet', 'one log level less; may be repeated', count, 0)
    .action(async (file: string, variables: string[], options: ServeFlags) => {
      const { serveCommand } = await import('./serve.js');
      process.exitCode = await serveCommand(file, variables, options);
    });
}

function addCheck(program: Command): void {
  program
    .command('check')
    .description('do everything but listen, and tell every problem of FILE at once')
    .argument('<file>', 'the deployment file')
    .argument('[variables...]', 'name=value: globals that win over [DEFAULT]')
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .action(async (file: string, variables: string[], options: { format: CheckFormat }) => {
      const { checkCommand } = await import('./check.js');
      process.exitCode = await checkCommand(file, variables, options.format, (text) =>
        process.stdout.write(text),
      );
    });
}

function addShow(program: Command): void {
  program
    .command('show')
    .description('print what FILE resolves to; nothing is imported')
    .argument('<files...>', 'deployment files, and name=value variables for all of them')
    .addOption(
      new Option('--format <format>', 'how to print').choices(['tree', 'json', 'ini']).default('tree'),
    )
    .action(async (files: string[], options: { format: ShowFormat }) => {
      const { showCommand } = await import('./show.js');
      showCommand(files, options.format, (text) => process.stdout.write(text));
    });
}

function count(value: string, previous: number): number {
  if (value !== undefined && value !== '') throw new InvalidArgumentError('takes no value');
  return previous + 1;
}

/** commander has printed its own message by then; asking for help or the version is no error. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return reportError(error, (text) => process.stderr.write(text), process.cwd());
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((done) => {
    if (stream.destroyed || stream.writableEnded) done();
    else stream.write('', () => done());
  });
}

/** `wsgi-serve show site.ini | head` ends quietly when the reader has seen enough. */
function ignoreClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

function packageVersion(): string {
  const data: unknown = createRequire(import.meta.url)('wsgi-serve/package.json');
  const named = typeof data === 'object' && data !== null && 'version' in data ? data.version : null;
  return typeof named === 'string' ? named : 'unknown';
}
