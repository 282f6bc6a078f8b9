// The command line: words to functions. The only importer of commander and the only place that sets the exit code.
// Each command's code is imported when it runs, so that `show` never loads a server.
import { existsSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { permissions, workerCount } from '../config/convert.js';
import { knownNamesHint, nearestName, WsgiServeError } from '../errors.js';
import { LOG_LEVELS, tellLostOutput } from '../log.js';
import type { CheckFormat } from './check.js';
import type { ControlFlags } from './control.js';
import { packageVersion } from './package-version.js';
import { reportError } from './report.js';
import type { ServeFlags } from './serve.js';
import { isAction } from './serve-action-name.js';
import type { ShowFormat } from './show.js';

/** Runs `wsgi-serve ARGS...` and ends the process with its exit code; errors are printed, never thrown. */
export async function main(args: readonly string[]): Promise<void> {
  surviveLostOutput();
  const folder = currentFolder();
  try {
    if (folder === null) throw new WsgiServeError('usage', 'the current folder is no longer there');
    await createProgram().parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = exitCodeOf(error, folder ?? '');
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
    .configureOutput({ writeOut: print })
    .exitOverride();
  addServe(program);
  addCheck(program);
  addShow(program);
  addControl(program);
  return program;
}

function addServe(program: Command): void {
  program
    .command('serve', { isDefault: true })
    .description('build every app of FILE and serve it (the default command)')
    .argument('<file>', 'the deployment file')
    .argument(
      '[variables...]',
      'name=value: globals that win over [DEFAULT]; before them, as paster has it, start, stop, restart or status',
    )
    .option('-n, --app-name <name>', 'serve this app on every listener')
    .option('--server-name <name>', 'start [server:<name>] alone')
    .addOption(
      new Option('--workers <n>', 'worker processes below a supervisor; auto, or 0 for none').argParser(
        workers,
      ),
    )
    .option('--reload', 'development: reload whenever a file changes that the deployment stands on')
    .option('--show-errors', 'with --reload: answer with what a build failed by, not with the version before')
    .option('--no-live-reload', 'with --reload: leave pages alone, which else load themselves anew')
    .option('--daemon', 'go on in the background; the exit code tells whether it serves')
    .option(
      '--pid-file <file>',
      'write the process id there; the control socket, `*.control.sock`, stands beside it',
    )
    .option('--log-file <file>', 'append output and errors there')
    .option('--user <user>', 'run workers as this user')
    .option('--group <group>', 'run workers as this group')
    .addOption(new Option('--umask <mode>', 'permissions that new files lack, in octal').argParser(umask))
    .option('--monitor-restart', 'restart the app when it dies: one worker below a supervisor')
    .addOption(new Option('--log-level <level>', 'what the log tells (default: "info")').choices(LOG_LEVELS))
    .option('-v, --verbose', 'one log level more; may be repeated', count, 0)
    .option('-q, --quiet', 'one log level less; may be repeated', count, 0)
    .action(async (file: string, words: string[], options: ServeFlags) => {
      const [action = '', ...variables] = words;
      if (isAction(action)) {
        const { serveActionCommand } = await import('./serve-action.js');
        process.exitCode = await serveActionCommand(action, file, variables, options, print);
        return;
      }
      refuseCommand(file, program);
      const { serveCommand } = await import('./serve.js');
      process.exitCode = await serveCommand(file, words, options);
    });
}

/** A word that is no file, and comes near to a command. */
function refuseCommand(word: string, program: Command): void {
  if (!/^[a-z]+$/i.test(word) || existsSync(word)) return;
  const names = program.commands.map((command) => command.name());
  const near = nearestName(word, names);
  if (near === null) return;
  throw new WsgiServeError('usage', `there is neither a command nor a file called "${word}"`, {
    hint: knownNamesHint('Commands', word, names),
  });
}

function addCheck(program: Command): void {
  program
    .command('check')
    .description('do everything but listen, and tell every problem of FILE at once')
    .argument('<file>', 'the deployment file')
    .argument('[variables...]', 'name=value: globals that win over [DEFAULT]')
    .addOption(new Option('--format <format>', 'text or json').choices(['text', 'json']).default('text'))
    .action(async (file: string, variables: string[], options: { format: CheckFormat }) => {
      const { checkCommand } = await import('./check.js');
      process.exitCode = await checkCommand(file, variables, options.format, print);
    });
}

function addShow(program: Command): void {
  program
    .command('show')
    .description('print what FILE resolves to; nothing is imported')
    .argument('<files...>', 'deployment files, and name=value variables for all of them')
    .addOption(
      new Option('--format <format>', 'tree, json or ini').choices(['tree', 'json', 'ini']).default('tree'),
    )
    .action(async (files: string[], options: { format: ShowFormat }) => {
      const { showCommand } = await import('./show.js');
      showCommand(files, options.format, print);
    });
}

/** What is asked of a server that runs. */
function addControl(program: Command): void {
  const named = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .addOption(new Option('--pid-file <file>', 'the server with this pid file'))
      .addOption(new Option('--format <format>', 'text or json').choices(['text', 'json']).default('text'));
  const waiting = (command: Command): Command =>
    command.option('--wait', 'answer when it is done; the exit code tells what came of it');
  const load = (): Promise<typeof import('./control.js')> => import('./control.js');
  const run = (code: Promise<number>): Promise<void> =>
    code.then((value) => {
      process.exitCode = value;
    });
  named('status', 'how a running server is')
    .argument('[file]', FILE)
    .action(async (file, flags: ControlFlags) => run((await load()).statusCommand(file, flags, print)));
  named('workers', 'the workers of a running server')
    .argument('[file]', FILE)
    .action(async (file, flags: ControlFlags) => run((await load()).workersCommand(file, flags, print)));
  waiting(named('reload', 'replace the workers by new ones; where these cannot be built, nothing changes'))
    .argument('[file]', FILE)
    .action(async (file, flags: ControlFlags) => run((await load()).reloadCommand(file, flags, print)));
  waiting(named('restart', 'replace the whole program, with its sockets kept'))
    .argument('[file]', FILE)
    .action(async (file, flags: ControlFlags) => run((await load()).restartCommand(file, flags, print)));
  waiting(named('stop', 'finish the requests under way, and end'))
    .argument('[file]', FILE)
    .action(async (file, flags: ControlFlags) => run((await load()).stopCommand(file, flags, print)));
  named('scale', 'have so many workers')
    .argument('<workers>', 'how many, from 1 on')
    .argument('[file]', FILE)
    .action(async (count, file, flags: ControlFlags) =>
      run((await load()).scaleCommand(count, file, flags, print)),
    );
  named('why', 'which app loaded a file, and through which imports')
    .argument('<path>', 'the file')
    .argument('[file]', FILE)
    .action(async (path, file, flags: ControlFlags) =>
      run((await load()).whyCommand(path, file, flags, print)),
    );
}

const FILE = 'its deployment file; may be left out where there is but one';

function workers(value: string): number {
  const number = workerCount.parse(value);
  if (number === undefined) throw new InvalidArgumentError(`It is not ${workerCount.expected}.`);
  return number;
}

function umask(value: string): number {
  const mode = permissions.parse(value);
  if (mode === undefined) throw new InvalidArgumentError(`It is not ${permissions.expected}.`);
  return mode;
}

function count(value: string, previous: number): number {
  if (value !== undefined && value !== '') throw new InvalidArgumentError('takes no value');
  return previous + 1;
}

/** Null where it was removed. Node remembers the answer: a server may be asked again long after that. */
function currentFolder(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}

/** commander has printed its own message by then; asking for help or the version is no error. */
function exitCodeOf(error: unknown, cwd: string): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return reportError(error, (text) => process.stderr.write(text), cwd);
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((done) => {
    if (stream.destroyed || stream.writableEnded) done();
    else stream.write('', () => done());
  });
}

/** Prints what a command was asked for, which fails where that cannot be written. */
function print(text: string): void {
  process.stdout.write(text, (error) => {
    // Called when the command has set its own exit code.
    if (error && !isClosedPipe(error)) process.exitCode ||= 1;
  });
}

/** A server goes on where nothing can be printed any more, and a reader that has seen enough is no error. */
function surviveLostOutput(): void {
  process.stdout.on('error', (error) => {
    if (!isClosedPipe(error)) tellLostOutput(error);
  });
  process.stderr.on('error', () => undefined);
}

/** As in `wsgi-serve show site.ini | head`. */
function isClosedPipe(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EPIPE';
}
