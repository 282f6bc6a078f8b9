// A deployment that is served in development, in a folder of its own, and what is said of its reloads.
import { DeploymentFolder } from './deployment-folder.js';
import { eventually } from './eventually.js';
import { Cli, type CliResult, runCli } from './run-cli.js';

/** Serves main with what `make` of apps.mjs makes. */
export const INI = iniOf();

/** `program` are lines of [wsgi-serve], `server` of [server:main], `app` of [app:main]. */
export function iniOf({ program = '', server = '', app = 'paste.app_factory = apps:make' } = {}): string {
  return `[wsgi-serve]\n${program}\n[app:main]\n${app}\n[server:main]\nport = 0\n${server}\n`;
}

/** An app that answers with `expression`; `top` stands above it, and `first` in the factory. */
export function answering(expression: string, { top = '', first = '' } = {}): string {
  return `${top}
export const make = async () => {
  ${first}
  return (environ, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return String(${expression});
  };
};
`;
}

export class Developing implements AsyncDisposable {
  readonly folder: DeploymentFolder;
  readonly cli: Cli;
  readonly #env: NodeJS.ProcessEnv;

  /** `files` beside site.ini, which is INI unless it is one of them. */
  constructor(files: Readonly<Record<string, string>>, flags: readonly string[] = []) {
    this.folder = new DeploymentFolder({ 'site.ini': INI, ...files });
    this.#env = { XDG_RUNTIME_DIR: this.folder.path };
    this.cli = new Cli([this.folder.file('site.ini'), '--reload', ...flags], {
      cwd: this.folder.path,
      env: this.#env,
    });
  }

  write(name: string, text: string): void {
    this.folder.write(name, text);
  }

  async body(path = '/'): Promise<string> {
    return (await this.ask(path)).text();
  }

  /** On a connection of its own. */
  async ask(path = '/', headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const port = await this.cli.port('main');
    return fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close', ...headers } });
  }

  /** The files of each change that led to a reload so far, relative to the folder. */
  get changes(): readonly (readonly string[])[] {
    const lines = this.cli.stdout.split('\n').filter((line) => line.includes('changed: reloading'));
    return lines.map((line) =>
      JSON.parse(line).files.map((file: string) => file.slice(this.folder.path.length + 1)),
    );
  }

  /** Resolves when `count` changes were seen. */
  async changed(count = 1): Promise<void> {
    await eventually(() => this.changes.length >= count);
  }

  /** Resolves when `count` attempts were not successful, each told in the log. */
  async failed(count = 1): Promise<void> {
    await eventually(() => this.cli.stdout.split('not reloaded: ').length > count);
  }

  /** This generation or a later one: on a busy machine one save can be seen as two. */
  async reloaded(generation: number): Promise<void> {
    await eventually(() => {
      const reloads = [...this.cli.stdout.matchAll(/reloaded, generation (\d+)/g)];
      return reloads.some(([, number]) => Number(number) >= generation);
    });
  }

  /** Runs a command that asks it something. */
  async run(...words: readonly string[]): Promise<CliResult> {
    return runCli(words, { cwd: this.folder.path, env: this.#env });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cli[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}
