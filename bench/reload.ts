// How long a developer waits: from a save to the first answer of the new code, on a connection that is kept, while
// somebody asks all the time. Needs no tools; counts what was refused and what was out of date.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { join, resolve } from 'node:path';
import { freePort, median } from './load.js';

const BIN = resolve(import.meta.dirname, '../../bin/wsgi-serve.js');

/** An app of a few modules, one of which is saved over and over. */
interface Sample {
  readonly name: string;
  /** Milliseconds, the median of which is to be no more than that. */
  readonly goal: number;
  /** The module that the section names, without what it imports. */
  readonly main: string;
  readonly extension: string;
  /** The text of the module that is saved. */
  readonly value: (version: number) => string;
}

const HANDLER = `export const make = () => (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return String(value);
};`;

const SAMPLES: readonly Sample[] = [
  {
    name: 'a small JavaScript app',
    goal: 35,
    extension: 'mjs',
    main: `import { value } from './value.mjs';\n${modules('mjs')}\n${HANDLER}`,
    value: (version) => `export const value = ${version};\n`,
  },
  {
    name: 'a TypeScript app',
    goal: 60,
    extension: 'mts',
    main: `import { value } from './value.mts';\n${modules('mts')}\n${HANDLER}`,
    value: (version) => `export const value: number = ${version};\n`,
  },
  {
    name: 'an app that imports express and fastify',
    goal: 110,
    extension: 'mjs',
    main: `import 'express';\nimport 'fastify';\nimport { value } from './value.mjs';\n${HANDLER}`,
    value: (version) => `export const value = ${version};\n`,
  },
];

/** Nine modules more, so that the app has ten. */
function modules(extension: string): string {
  return Array.from({ length: 9 }, (_, at) => `import './part${at}.${extension}';`).join('\n');
}

/** Prints the median of `saves` saves for each sample, and what went wrong meanwhile. */
export async function benchReload(saves: number): Promise<void> {
  for (const sample of SAMPLES) {
    const { times, failures, opened } = await measure(sample, saves);
    const middle = median(times);
    const verdict = middle <= sample.goal ? 'within' : 'OVER';
    console.log(
      `from save to answer, ${sample.name}: ${middle.toFixed(0)} ms (${verdict} the goal of ${sample.goal} ms), ` +
        `${failures} failed requests, ${opened} connection${opened === 1 ? '' : 's'} opened`,
    );
  }
}

async function measure(sample: Sample, saves: number): Promise<Measured> {
  // Below this folder packages are found as in the project.
  const folder = mkdtempSync(join(import.meta.dirname, 'reload-'));
  const port = await freePort();
  writeApp(folder, sample, port);
  const child = spawn(process.execPath, [BIN, '-q', '--reload', join(folder, 'site.ini')], {
    stdio: 'ignore',
  });
  try {
    return await saveAndAsk(folder, sample, port, saves);
  } finally {
    await ended(child);
    rmSync(folder, { recursive: true });
  }
}

function writeApp(folder: string, { extension, main, value }: Sample, port: number): void {
  mkdirSync(folder, { recursive: true });
  const section = `[app:main]\npaste.app_factory = main.${extension}:make\n`;
  writeFileSync(join(folder, 'site.ini'), `${section}[server:main]\nhost = 127.0.0.1\nport = ${port}\n`);
  writeFileSync(join(folder, `main.${extension}`), main);
  writeFileSync(join(folder, `value.${extension}`), value(0));
  const filler = Array.from({ length: 80 }, (_, at) => `export const text${at} = 'line ${at}';`).join('\n');
  for (let part = 0; part < 9; part += 1) writeFileSync(join(folder, `part${part}.${extension}`), filler);
}

interface Measured {
  readonly times: readonly number[];
  readonly failures: number;
  readonly opened: number;
}

async function saveAndAsk(folder: string, sample: Sample, port: number, saves: number): Promise<Measured> {
  const client = new Client(port);
  await client.sees('0');
  const times: number[] = [];
  client.failures = 0;
  for (let version = 1; version <= saves; version += 1) {
    // A new process stands by.
    await new Promise((next) => setTimeout(next, 600));
    const begun = performance.now();
    writeFileSync(join(folder, `value.${sample.extension}`), sample.value(version));
    await client.sees(String(version));
    times.push(performance.now() - begun);
  }
  const { failures, opened } = client;
  return { times, failures, opened };
}

/** Asks on one connection, again and again. */
class Client {
  failures = 0;
  opened = 0;
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(port: number) {
    this.#port = port;
    const { createConnection } = this.#agent;
    this.#agent.createConnection = (...args) => {
      this.opened += 1;
      return Reflect.apply(createConnection, this.#agent, args);
    };
  }

  async sees(body: string): Promise<void> {
    while ((await this.#ask()) !== body) await new Promise((next) => setTimeout(next, 1));
  }

  #ask(): Promise<string | null> {
    return new Promise((done) => {
      const request = get({ port: this.#port, host: '127.0.0.1', agent: this.#agent }, (res) => {
        let text = '';
        res.on('data', (chunk: Buffer) => {
          text += String(chunk);
        });
        res.on('end', () => done(text));
      });
      request.on('error', () => {
        this.failures += 1;
        this.opened = 0;
        done(null);
      });
    });
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await exit;
}

if (process.argv[1] === import.meta.filename) await benchReload(15);
