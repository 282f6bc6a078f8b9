// A deployment that does on request what a supervisor has to cope with, in a folder of its own that is also its runtime
// folder: no server of another test is found. Whatever was started there, here or in the background, ends with it.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { DeploymentFolder } from './deployment-folder.js';
import { eventually } from './eventually.js';
import { Cli, type CliResult, runCli } from './run-cli.js';

export interface SiteOptions {
  /** Lines of [wsgi-serve]. */
  readonly program?: string;
  /** Lines of [server:main]; default `port = 0`. */
  readonly server?: string;
  /** Stands at the top of the module. */
  readonly top?: string;
  /** Of every start; beside what finds the runtime folder. */
  readonly env?: NodeJS.ProcessEnv;
}

/** An app that answers with `version`, and does at its paths what their names say. */
export function moduleOf(version: string, top = ''): string {
  return `${top}
import { existsSync, writeFileSync } from 'node:fs';
const isFreed = () => existsSync(new URL('./go', import.meta.url));
const untilFreed = async () => { while (!isFreed()) await new Promise((go) => setTimeout(go, 5)); };
const kept = [];
export const make = () => async (environ, startResponse) => {
  const path = environ.PATH_INFO;
  const answer = (body) => {
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return String(body);
  };
  if (path === '/pid') return answer(process.pid);
  if (path === '/ids') return answer([process.getuid(), process.getgid(), regained()]);
  if (path === '/multi') return answer(environ['wsgi.multiprocess']);
  if (path === '/print') console.log('printed ' + environ.QUERY_STRING);
  if (path === '/slow') {
    console.log('slow began');
    await untilFreed();
  }
  if (path === '/never') {
    console.log('never began');
    await new Promise(() => undefined);
  }
  if (path === '/block') while (!isFreed());
  if (path === '/grow') kept.push(Buffer.alloc(200_000_000, 1));
  if (path === '/write') writeFileSync(new URL('./written', import.meta.url), 'x', { mode: 0o666 });
  return answer('${version}');
};
function regained() {
  try {
    process.setuid(0);
    return 'root again';
  } catch (error) {
    return error.code;
  }
}
`;
}

export class Site implements AsyncDisposable {
  readonly folder: DeploymentFolder;
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #clis: Cli[] = [];
  /** Of supervisors in the background. */
  readonly #pids = new Set<number>();

  constructor({ program = '', server = 'port = 0', top = '', env = {} }: SiteOptions = {}) {
    const text = `[wsgi-serve]\n${program}\n[app:main]\npaste.app_factory = apps:make\n[server:main]\n${server}\n`;
    this.folder = new DeploymentFolder({ 'apps.mjs': moduleOf('v1', top), 'site.ini': text });
    this.file = this.folder.file('site.ini');
    mkdirSync(this.folder.file('run'), { mode: 0o700 });
    // Servers of others stand in the common folder for temporary files.
    this.env = { XDG_RUNTIME_DIR: this.folder.file('run'), TMPDIR: this.folder.file('run'), ...env };
  }

  /** The app's next version; what is not built yet is built from it. */
  write(version: string, top = ''): void {
    this.folder.write('apps.mjs', moduleOf(version, top));
  }

  /** Lets requests end that wait for it. */
  free(): void {
    this.folder.write('go', '');
  }

  /** For workers of another user. */
  openToAll(): void {
    chmodSync(this.folder.path, 0o755);
  }

  exists(name: string): boolean {
    return existsSync(this.folder.file(name));
  }

  read(name: string): string {
    return this.exists(name) ? readFileSync(this.folder.file(name), 'utf8') : '';
  }

  /** The names of its files that were not there at the start. */
  get traces(): readonly string[] {
    const own = ['apps.mjs', 'site.ini', 'run', 'go'];
    const runtime = this.exists('run/wsgi-serve') ? readdirSync(this.folder.file('run/wsgi-serve')) : [];
    return [...readdirSync(this.folder.path).filter((name) => !own.includes(name)), ...runtime];
  }

  /** Serves it in the foreground. */
  serve(...flags: readonly string[]): Cli {
    const cli = new Cli([this.file, ...flags], { cwd: this.folder.path, env: this.env });
    this.#clis.push(cli);
    return cli;
  }

  /** Runs a command that ends by itself, in its folder. */
  async run(...words: readonly string[]): Promise<CliResult> {
    const result = await runCli(words, { cwd: this.folder.path, env: this.env });
    const pid = /PID (\d+)\n/.exec(result.stdout)?.[1];
    if (pid !== undefined && result.code === 0) this.#pids.add(Number(pid));
    return result;
  }

  /** Starts it in the background; gives its process id. */
  async daemon(...flags: readonly string[]): Promise<number> {
    const { stdout, stderr, code } = await this.run(this.file, '--daemon', ...flags);
    const pid = /^Server running in PID (\d+)\n$/.exec(stdout)?.[1];
    if (pid === undefined || code !== 0) throw new Error(`not started: ${code}\n${stdout}\n${stderr}`);
    return Number(pid);
  }

  /** The port of [server:main], as the server in the background says. */
  async port(...flags: readonly string[]): Promise<number> {
    const { stdout, stderr } = await this.run('status', '--format', 'json', ...flags);
    const port = /"url": "http:\/\/127\.0\.0\.1:(\d+)"/.exec(stdout)?.[1];
    if (port === undefined) throw new Error(`no port: ${stdout}${stderr}`);
    return Number(port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.free();
    for (const pid of this.#pids) endProcess(pid);
    for (const { child } of this.#clis) child.kill('SIGKILL');
    // What they print to is open until their workers are gone, too.
    await Promise.all(this.#clis.map(({ finished }) => finished));
    await eventually(() => [...this.#pids].every((pid) => !isRunning(pid)));
    this.folder[Symbol.dispose]();
  }
}

/** The body of an answer, on a connection of its own. */
export async function bodyOf(port: number, path = '/'): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })).text();
}

/** Resolves when nobody listens there any more. */
export async function untilRefused(port: number): Promise<void> {
  await eventually(async () => {
    const refused = await bodyOf(port).catch((error: Error) => error.cause);
    return refused instanceof Error && 'code' in refused && refused.code === 'ECONNREFUSED';
  });
}

/** The process that answers. */
export async function workerOf(port: number): Promise<number> {
  return Number(await bodyOf(port, '/pid'));
}

/** Those that answer, once there are `count`. */
export async function workersOf(port: number, count: number): Promise<ReadonlySet<number>> {
  const seen = new Set<number>();
  await eventually(async () => seen.add(await workerOf(port)).size === count);
  return seen;
}

/** False for a process that has ended, though nobody has asked for its exit code yet. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  try {
    return !/\) Z/.test(readFileSync(stat, 'latin1'));
  } catch {
    return !existsSync('/proc/self/stat');
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
