import { describe, expect, it } from '@jest/globals';
import { eventually } from '../helpers/eventually.js';
import type { Cli } from '../helpers/run-cli.js';
import { bodyOf, isRunning, moduleOf, Site, workerOf } from '../helpers/site.js';

/** What an app does behind its answer to `/do`. */
const DEEDS: Readonly<Record<string, string>> = {
  'rejects a promise that nobody waits for': 'Promise.reject(new Error("the app broke"))',
  'throws in a timer': 'setTimeout(() => { throw new Error("the app broke"); })',
  'lets an emitter fail': 'setTimeout(() => new EventEmitter().emit("error", new Error("the app broke")))',
  'throws, and listens for that itself':
    'process.on("uncaughtException", () => undefined); setTimeout(() => { throw new Error("the app broke"); })',
};

/** Changes everything of its process that is the whole program's. */
const MEDDLES = `process.chdir('/'); process.umask(0o777); process.title = 'mine';
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'uncaughtException']) process.removeAllListeners(name);
  for (const name of Object.keys(process.env)) delete process.env[name];`;

/** A site whose app does this at `/do`. */
function siteThat(deed: string, env: NodeJS.ProcessEnv = {}): Site {
  const site = new Site({ env });
  const text = `import { EventEmitter } from 'node:events';\n${moduleOf('v1')}`;
  site.folder.write('apps.mjs', text.replace("if (path === '/pid')", `if (path === '/do') { ${deed}; }\n$&`));
  return site;
}

async function serving(site: Site): Promise<{ readonly cli: Cli; readonly port: number }> {
  const cli = site.serve('--workers', '1');
  return { cli, port: await cli.port('main') };
}

describe('a worker whose app', () => {
  it.each(Object.keys(DEEDS))('%s answers what is under way, and is replaced', async (what) => {
    await using site = siteThat(DEEDS[what] ?? '');
    const { cli, port } = await serving(site);
    const first = await workerOf(port);
    expect(await bodyOf(port, '/do')).toBe('v1');
    await eventually(() => !isRunning(first));
    expect(await workerOf(port)).not.toBe(first);
    expect(cli.stdout).toContain('the app broke');
    expect(cli.stdout).toContain(`worker ${first} ends: an error that nothing caught`);
  });

  it('meddles with its process works, reloads and stops all the same', async () => {
    await using site = siteThat(MEDDLES);
    const { cli, port } = await serving(site);
    const first = await workerOf(port);
    expect(await bodyOf(port, '/do')).toBe('v1');
    expect([await workerOf(port), await bodyOf(port)]).toEqual([first, 'v1']);
    site.write('v2');
    expect((await site.run('reload', '--wait')).code).toBe(0);
    expect(await bodyOf(port)).toBe('v2');
    await eventually(() => !isRunning(first));
    expect((await cli.stop()).code).toBe(0);
    expect(site.traces).toEqual([]);
  });

  it('takes more memory than there is is told to have done so, and replaced', async () => {
    const deed = 'const all = []; for (;;) all.push({ more: [all.length, all.length] })';
    await using site = siteThat(deed, { NODE_OPTIONS: '--max-old-space-size=40' });
    const { cli, port } = await serving(site);
    const first = await workerOf(port);
    await expect(bodyOf(port, '/do')).rejects.toThrow();
    expect(await workerOf(port)).not.toBe(first);
    expect(cli.stdout).toMatch(
      new RegExp(`worker ${first} (was killed by SIGABRT|exited with code 134) \\(heap limit reached\\?\\)`),
    );
  });

  it('starts programs hands them neither its channel nor its sockets', async () => {
    const deed = `const { spawnSync } = await import('node:child_process');
      const { stdout } = spawnSync('sh', ['-c', 'env; ls -l /proc/self/fd 2> /dev/null'], { encoding: 'utf8' });
      return answer(stdout)`;
    await using site = siteThat(deed);
    const pid = await site.daemon();
    expect(pid).toBeGreaterThan(0);
    const told = await bodyOf(await site.port(), '/do');
    expect(told).toContain('XDG_RUNTIME_DIR=');
    expect(told).not.toMatch(/^(NODE_CHANNEL|WSGI_SERVE)/m);
    // Beside standard input, output and error there is the folder that is listed.
    expect(told).not.toMatch(/ [4-9]\d* -> /);
  });
});

describe('a worker whose app speaks in its place', () => {
  it('is not taken at its word, and the supervisor serves on', async () => {
    await using site = new Site();
    const { cli, port } = await serving(site);
    const words = ['built', 'failed', 'files', 'because'].map(
      (kind) => `process.send({ 'wsgi-serve': 1, kind: '${kind}', id: 1 });`,
    );
    site.write('v2', words.join(' '));
    cli.child.kill('SIGHUP');
    await cli.printed(/reloaded, generation 2/);
    expect(await bodyOf(port)).toBe('v2');
  });
});

describe('a worker that is sent TERM', () => {
  it('goes when another one has come, and finishes what is under way', async () => {
    await using site = new Site();
    const { cli, port } = await serving(site);
    const first = await workerOf(port);
    const slow = bodyOf(port, '/slow');
    await cli.printed(/slow began/);
    process.kill(first, 'SIGTERM');
    // Its request is still under way.
    await eventually(async () => (await workerOf(port)) !== first);
    expect([isRunning(first), cli.stdout]).toEqual([
      true,
      expect.stringContaining(`worker ${first} is replaced: it was sent SIGTERM`),
    ]);
    site.free();
    expect(await slow).toBe('v1');
    await eventually(() => !isRunning(first));
    expect(cli.stdout).not.toContain('exited with code');
  });

  it('while it is built ends the start', async () => {
    await using site = new Site({
      top: "process.kill(process.pid, 'SIGTERM'); await new Promise(() => {});",
    });
    expect((await site.run(site.file, '--workers', '1')).code).toBe(3);
  });
});

describe('a worker that ends while it is built', () => {
  it.each([
    ['process.exit(7);', 'exited with code 7'],
    ["process.kill(process.pid, 'SIGKILL');", 'was killed by SIGKILL (out of memory?)'],
  ])('by %s ends the start, and says how', async (top, how) => {
    await using site = new Site({ top });
    const { code, stderr } = await site.run(site.file, '--workers', '2');
    expect([code, stderr]).toEqual([3, `a worker ${how}, before it served\n`]);
    expect(site.traces).toEqual([]);
  });
});

describe('--monitor-restart', () => {
  it('is one worker, which is replaced when it dies', async () => {
    await using site = new Site();
    const cli = site.serve('--monitor-restart');
    const port = await cli.port('main');
    const first = await workerOf(port);
    expect(first).not.toBe(cli.child.pid);
    process.kill(first, 'SIGKILL');
    await eventually(() => !isRunning(first));
    expect(await workerOf(port)).not.toBe(first);
  });
});
