import { Agent, get } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ProgramOptions } from '../../src/listen/program-options.js';
import { createLogger } from '../../src/log.js';
import type { Outcome, SupervisorEvents, SupervisorOptions } from '../../src/supervise/supervision.js';
import { Supervisor } from '../../src/supervise/supervisor.js';
import { WorkerHandle } from '../../src/supervise/worker-handle.js';
import { DeploymentFolder } from '../helpers/deployment-folder.js';
import { eventually } from '../helpers/eventually.js';
import { programOf } from '../helpers/fake-worker.js';
import { workerEnvironment } from '../helpers/worker-environment.js';

const INI = '[app:main]\npaste.app_factory = apps:make\n[server:main]\nport = 0\n';

/** An app that answers with `version`; `top` stands at the top of its module. */
function moduleOf(version: string, top = ''): string {
  return `${top}
import { existsSync } from 'node:fs';
export const make = () => async (environ, startResponse) => {
  if (environ.PATH_INFO === '/throw') setImmediate(() => { throw new Error('nobody caught it'); });
  if (environ.PATH_INFO === '/slow') {
    while (!existsSync(new URL('./go', import.meta.url))) await new Promise((again) => setTimeout(again, 5));
  }
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return environ.PATH_INFO === '/pid' ? String(process.pid) : '${version}';
};
`;
}

/** Built only when it is let; meanwhile there is a file called \`waits\`. */
const GATED = `import { existsSync as isThere, writeFileSync as tell } from 'node:fs';
tell(new URL('./waits', import.meta.url), '');
while (!isThere(new URL('./built', import.meta.url))) await new Promise((again) => setTimeout(again, 5));`;

let folder: DeploymentFolder;
let forked: WorkerHandle[];
let told: Outcome[];
let supervisor: Supervisor;

beforeEach(() => {
  folder = new DeploymentFolder({ 'site.ini': INI, 'apps.mjs': moduleOf('v1') });
  [forked, told] = [[], []];
});

afterEach(async () => {
  await supervisor.stopAtOnce();
  for (const worker of forked) worker.kill();
  await Promise.all(forked.map(({ ended }) => ended));
  folder[Symbol.dispose]();
});

interface Given extends Partial<Omit<SupervisorOptions, 'program'>> {
  readonly program?: Partial<ProgramOptions>;
  readonly tracks?: boolean;
  readonly events?: SupervisorEvents;
}

function create({ program = {}, tracks = false, events = {}, ...options }: Given = {}): Supervisor {
  supervisor = new Supervisor(
    {
      order: {
        ...{ file: folder.file('site.ini'), variables: {}, serverName: null, appName: null },
        ...{ logLevel: 'error', liveReload: false, program },
      },
      program: programOf(program),
      log: createLogger({ pretty: false, write: () => undefined }),
      fork: (listener) => {
        const worker = new WorkerHandle(
          { imports: [], tracks, env: workerEnvironment(), output: 'pipe' },
          listener,
        );
        forked.push(worker);
        return worker;
      },
      ...options,
    },
    { onAttempt: (outcome) => told.push(outcome), ...events },
  );
  return supervisor;
}

async function serving(given: Given = {}): Promise<Supervisor> {
  create(given);
  expect(await supervisor.reload()).toMatchObject({ kind: 'ok', generation: 1 });
  return supervisor;
}

/** The body of an answer, on a connection of its own. */
async function ask(path = '/'): Promise<string> {
  const [server] = supervisor.servers;
  return (await fetch(`${server?.url}${path}`, { headers: { connection: 'close' } })).text();
}

/** Worker processes that run. */
function running(): readonly WorkerHandle[] {
  return forked.filter(({ state }) => state !== 'ended');
}

describe('a supervisor', () => {
  it('serves, and knows where', async () => {
    await serving();
    expect(supervisor).toMatchObject({ state: 'serving', generation: 1, target: 1 });
    expect(supervisor.servers).toEqual([
      { name: 'main', url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/) },
    ]);
    expect(await ask()).toBe('v1');
  });

  it('tells why it cannot, and tries again when it is asked to', async () => {
    folder.write('apps.mjs', 'throw new Error("no database");');
    create();
    expect(await supervisor.reload()).toMatchObject({
      kind: 'failed',
      failure: { code: 'module-failed', exitCode: 3, place: { file: folder.file('apps.mjs'), line: 1 } },
    });
    folder.write('apps.mjs', moduleOf('v2'));
    expect(await supervisor.reload()).toMatchObject({ kind: 'ok', generation: 2 });
    expect(await ask()).toBe('v2');
  });

  it('fails where a worker dies between being built and serving', async () => {
    create({
      inherited: async () => {
        for (const worker of forked) worker.kill();
        await Promise.all(forked.map(({ ended }) => ended));
      },
    });
    expect(await supervisor.reload()).toMatchObject({
      kind: 'failed',
      failure: { message: 'a worker was killed by SIGKILL (out of memory?), before it served' },
    });
    expect(running()).toEqual([]);
  });
});

describe('a reload', () => {
  it('replaces the workers, and lets the old ones go', async () => {
    await serving();
    const [old] = forked;
    const [before] = supervisor.servers;
    folder.write('apps.mjs', moduleOf('v2'));
    expect(await supervisor.reload()).toMatchObject({ kind: 'ok', generation: 2 });
    expect([await ask(), supervisor.servers]).toEqual(['v2', [before]]);
    expect(await old?.ended).toEqual({ code: 0, signal: null });
    expect(supervisor.lastOutcome).toMatchObject({ kind: 'ok', generation: 2, at: expect.any(Date) });
  });

  it('that fails leaves all as it was', async () => {
    await serving();
    folder.write('apps.mjs', 'throw new Error("no database");');
    expect(await supervisor.reload()).toMatchObject({ kind: 'failed', failure: { code: 'module-failed' } });
    expect([await ask(), supervisor.generation, supervisor.state]).toEqual(['v1', 1, 'serving']);
    await eventually(() => running().length === 1);
  });

  it('is one more, however often it is asked for while one is under way', async () => {
    await serving();
    const first = supervisor.reload();
    await eventually(() => supervisor.state === 'reloading');
    const more = [supervisor.reload(), supervisor.reload(), supervisor.reload()];
    expect((await first).generation).toBe(2);
    expect((await Promise.all(more)).map(({ generation }) => generation)).toEqual([3, 3, 3]);
    expect(told.map(({ generation }) => generation)).toEqual([1, 2, 3]);
  });

  it('is given up where something has changed since', async () => {
    await serving();
    folder.write('apps.mjs', moduleOf('v2', GATED));
    void supervisor.reload();
    await eventually(() => folder.exists('waits'));
    folder.write('apps.mjs', moduleOf('v3'));
    expect(await supervisor.supersede()).toMatchObject({ kind: 'ok', generation: 3 });
    expect(await ask()).toBe('v3');
    // What came of the one that was given up is nobody's news.
    expect(told.map(({ generation }) => generation)).toEqual([1, 3]);
    await eventually(() => running().length === 1);
  });
});

describe('connections that are held', () => {
  it('are answered by the old workers when they are released', async () => {
    await serving();
    supervisor.hold();
    const answer = ask();
    supervisor.release();
    expect(await answer).toBe('v1');
  });

  it('are answered by the new workers when those take over', async () => {
    await serving();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(await askOn(agent)).toBe('v1');
    supervisor.hold();
    const answers = [ask(), askOn(agent)];
    folder.write('apps.mjs', moduleOf('v2'));
    await supervisor.reload();
    expect(await Promise.all(answers)).toEqual(['v2', 'v2']);
    agent.destroy();
  });
});

describe('a number of workers', () => {
  it('is that of the file until it is scaled', async () => {
    await serving({ program: { workers: 2 } });
    expect([supervisor.target, supervisor.workers.length]).toEqual([2, 2]);
    expect(await supervisor.scale(3)).toBeNull();
    expect([supervisor.target, supervisor.workers.length]).toEqual([3, 3]);
    await supervisor.scale(1);
    await eventually(() => running().length === 1);
    expect(await ask()).toBe('v1');
  });

  it('that is reached during a reload is that of the new generation, too', async () => {
    await serving();
    folder.write('apps.mjs', moduleOf('v2', GATED));
    const reloaded = supervisor.reload();
    await eventually(() => folder.exists('waits'));
    const scaled = supervisor.scale(2);
    folder.write('built', '');
    await Promise.all([reloaded, scaled]);
    await eventually(() => running().length === 2 && running().every(({ generation }) => generation === 2));
    expect(supervisor.workers).toHaveLength(2);
  });

  it('that is reached after a reload has counted its workers is that of the new generation as well', async () => {
    await serving({ program: { workers: 2 } });
    let isCounted = false;
    const reloaded = supervisor.reload();
    // One is built first, and the others when they have been counted.
    await eventually(() => {
      isCounted ||= forked.length === 4;
      return isCounted;
    });
    await Promise.all([supervisor.scale(1), reloaded]);
    await eventually(() => running().length === 1);
    expect(supervisor.workers.map(({ generation }) => generation)).toEqual([2]);
  });
});

describe('a supervisor that stops', () => {
  it('finishes the requests under way', async () => {
    await serving();
    const answer = ask('/slow');
    await eventually(async () => (await busy()) === 1);
    const stopped = supervisor.stop();
    folder.write('go', '');
    expect([await answer, await stopped]).toEqual(['v1', 0]);
    expect(running()).toEqual([]);
  });

  it('cuts those that take too long, and counts them', async () => {
    folder.write('site.ini', `${INI}graceful_timeout = 1\n`);
    await serving();
    const answer = ask('/slow').catch(() => 'cut');
    await eventually(async () => (await busy()) === 1);
    expect([await supervisor.stop(), await answer]).toEqual([1, 'cut']);
  });

  it('at once cuts everything', async () => {
    await serving({ program: { workers: 2 } });
    const answer = ask('/slow').catch(() => 'cut');
    await eventually(async () => (await busy()) === 1);
    await supervisor.stopAtOnce();
    expect([await answer, running()]).toEqual(['cut', []]);
  });

  it.each([
    ['waits', GATED],
    [
      'blocks',
      `import { writeFileSync as tell } from 'node:fs'; tell(new URL('./waits', import.meta.url), ''); for (;;);`,
    ],
  ])('while its first worker %s leaves nobody behind', async (_what, top) => {
    folder.write('apps.mjs', moduleOf('v1', top));
    create();
    const started = supervisor.reload();
    await eventually(() => folder.exists('waits'));
    await supervisor.stop();
    expect(await started).toMatchObject({ kind: 'failed' });
    await eventually(() => running().length === 0);
  });

  it('during a reload ends the new workers as well as the old', async () => {
    await serving({ program: { workers: 2 } });
    folder.write('apps.mjs', moduleOf('v2', GATED));
    const reloaded = supervisor.reload();
    await eventually(() => folder.exists('waits'));
    await supervisor.stop();
    expect(await reloaded).toMatchObject({ kind: 'failed' });
    await eventually(() => running().length === 0);
    expect(await supervisor.reload()).toMatchObject({ kind: 'failed', failure: { code: 'stopping' } });
  });
});

describe('a worker', () => {
  it('that nothing caught an error of is replaced by one, and answers first', async () => {
    await serving();
    const [first] = forked;
    expect(await ask('/throw')).toBe('v1');
    expect(await first?.ended).toEqual({ code: 1, signal: null });
    const second = await ask('/pid');
    expect(Number(second)).not.toBe(first?.pid);
    expect([forked.length, supervisor.workers.length]).toEqual([2, 1]);
  });

  it('that is killed is replaced, and nobody is refused', async () => {
    await serving();
    forked[0]?.kill();
    expect(await ask()).toBe('v1');
    expect(supervisor.workers).toHaveLength(1);
  });

  it('says why it loaded a file, also to several who ask at a time', async () => {
    folder.write('lib.mjs', 'export const version = 1;');
    folder.write('apps.mjs', moduleOf('v1', "import './lib.mjs';"));
    await serving({ tracks: true });
    const files = ['lib.mjs', 'apps.mjs', 'lib.mjs', 'none.mjs'].map((name) => folder.file(name));
    const [lib, apps] = [folder.file('lib.mjs'), folder.file('apps.mjs')];
    const answers = await Promise.all(files.map((file) => supervisor.why(file)));
    expect(answers.map((chains) => chains.map(({ path }) => path))).toEqual([
      ...[[[apps, lib]], [[apps]], [[apps, lib]], []],
    ]);
  });
});

describe('a failure that is shown', () => {
  const BROKEN = 'throw new Error("no database");';

  it('stands in for what cannot be built, until it can be', async () => {
    await serving({ showErrors: true });
    folder.write('apps.mjs', BROKEN);
    expect(await supervisor.reload()).toMatchObject({ kind: 'failed' });
    expect(await ask()).toContain('no database');
    folder.write('apps.mjs', moduleOf('v2'));
    expect(await supervisor.reload()).toMatchObject({ kind: 'ok' });
    expect(await ask()).toBe('v2');
    await eventually(() => running().length === 1);
  });

  it('is there from the start where the servers are known', async () => {
    folder.write('apps.mjs', BROKEN);
    create({ showErrors: true });
    expect(await supervisor.reload()).toMatchObject({ kind: 'failed' });
    expect(await ask()).toContain('no database');
  });

  it('is not there where not even those are', async () => {
    folder.write('site.ini', '[app:main\n');
    create({ showErrors: true });
    expect(await supervisor.reload()).toMatchObject({ kind: 'failed', failure: { exitCode: 2 } });
    expect(supervisor.servers).toEqual([]);
    await eventually(() => running().length === 0);
  });
});

/** On a connection that is kept. */
function askOn(agent: Agent): Promise<string> {
  return new Promise((done, failed) => {
    get(supervisor.servers[0]?.url ?? '', { agent }, (res) => {
      let body = '';
      res.on('data', (data) => (body += data)).on('end', () => done(body));
    }).on('error', failed);
  });
}

/** Requests under way, as the workers say once a second. */
async function busy(): Promise<number> {
  return supervisor.workers.reduce((sum, { vitals }) => sum + vitals.busy, 0);
}
