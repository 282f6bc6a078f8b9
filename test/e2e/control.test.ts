import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../helpers/eventually.js';
import type { Cli } from '../helpers/run-cli.js';
import { bodyOf, Site, untilRefused, workersOf } from '../helpers/site.js';
import { Traffic } from '../helpers/traffic.js';

/** What keeps a new version from being built. */
const BROKEN = 'throw new Error("no database");';

/** One that serves in the foreground, with so many workers, and its port. */
async function serving(site: Site, workers = 1): Promise<{ readonly cli: Cli; readonly port: number }> {
  const cli = site.serve('--workers', String(workers));
  return { cli, port: await cli.port('main') };
}

function controlSocket(site: Site): string {
  const folder = site.folder.file('run/wsgi-serve');
  const [name = ''] = readdirSync(folder);
  return join(folder, name);
}

describe('the state of a server', () => {
  it('is told in words, the process id first', async () => {
    await using site = new Site();
    const { cli, port } = await serving(site);
    const { code, stdout, stderr } = await site.run('status', site.file);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n')[0]).toBe(`Server running in PID ${cli.child.pid}`);
    expect(stdout).toContain(`${site.file}: serving, generation 1`);
    expect(stdout).toContain(`main on http://127.0.0.1:${port}`);
  });

  it('is told as data', async () => {
    await using site = new Site();
    const { cli, port } = await serving(site, 2);
    const workers = await workersOf(port, 2);
    const status = JSON.parse((await site.run('status', '--format', 'json')).stdout);
    expect(status).toMatchObject({
      ...{ pid: cli.child.pid, file: site.file, generation: 1, state: 'serving', mode: 'workers' },
      servers: [{ name: 'main', url: `http://127.0.0.1:${port}` }],
      lastReload: { outcome: 'ok', failure: null },
    });
    expect(new Set(status.workers.map(({ pid }: { pid: number }) => pid))).toEqual(workers);
  });

  it('does not hold what its workers have loaded, which is for development to say', async () => {
    await using site = new Site();
    await serving(site);
    const { code, stdout, stderr } = await site.run('why', site.folder.file('apps.mjs'));
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining('--reload')]);
  });

  it('is that of its workers, too', async () => {
    await using site = new Site();
    const { port } = await serving(site);
    const [worker] = await workersOf(port, 1);
    const list = await site.run('workers');
    expect(list.stdout.split('\n').map((line) => line.trim().split(/\s+/).slice(0, 3))).toEqual([
      ['pid', 'generation', 'state'],
      [String(worker), '1', 'serving'],
      [''],
    ]);
    const [data] = JSON.parse((await site.run('workers', '--format', 'json')).stdout);
    expect(data).toMatchObject({ pid: worker, state: 'serving', busy: 0, restarts: 0 });
  });
});

describe('a reload that is commanded', () => {
  it('ends with success when the new version serves', async () => {
    await using site = new Site();
    const { port } = await serving(site);
    site.write('v2');
    const { code, stdout } = await site.run('reload', '--wait');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^reloaded, generation 2, in \d+ ms\n$/)]);
    expect(await bodyOf(port)).toBe('v2');
  });

  it('of a broken app ends with its exit code and the place, and the old version serves', async () => {
    await using site = new Site();
    const { port } = await serving(site);
    site.write('v2', BROKEN);
    const { code, stdout, stderr } = await site.run('reload', '--wait', site.file);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain('site.ini:4:21');
    expect(stderr).toContain('no database');
    expect(await bodyOf(port)).toBe('v1');
    expect((await site.run('status')).stdout).toContain('the last reload failed at');
    const told = await site.run('reload', '--wait', '--format', 'json');
    expect([told.code, JSON.parse(told.stdout).failure.code]).toEqual([3, 'module-failed']);
  });

  it.each([
    ['is killed', "process.kill(process.pid, 'SIGKILL');", 'was killed by SIGKILL'],
    ['exits', 'process.exit(3);', 'exited with code 3'],
  ])('whose worker %s while it is built says so', async (_what, top, words) => {
    await using site = new Site();
    await serving(site);
    site.folder.write('apps.mjs', top);
    const { code, stderr } = await site.run('reload', '--wait');
    expect([code, stderr]).toEqual([3, expect.stringContaining(words)]);
  });

  it('and not waited for is answered at once', async () => {
    await using site = new Site();
    const { cli, port } = await serving(site);
    // Built only when it is let: an answer before that did not wait.
    const gate = `import { existsSync as isThere } from 'node:fs';
      while (!isThere(new URL('./built', import.meta.url))) await new Promise((go) => setTimeout(go, 5));`;
    site.write('v2', gate);
    expect(await site.run('reload')).toMatchObject({ code: 0, stdout: 'reloading\n' });
    expect(await bodyOf(port)).toBe('v1');
    site.folder.write('built', '');
    await cli.printed(/reloaded, generation 2/);
    expect(await bodyOf(port)).toBe('v2');
  });
});

describe('a number of workers that is commanded', () => {
  it('is reached without a lost request, upwards and downwards', async () => {
    await using site = new Site();
    const { port } = await serving(site);
    await using traffic = new Traffic({ to: port });
    await traffic.sees('v1');
    expect(await site.run('scale', '3')).toMatchObject({ code: 0, stdout: '3 workers\n' });
    expect((await workersOf(port, 3)).size).toBe(3);
    expect(await site.run('scale', '1')).toMatchObject({ code: 0, stdout: '1 worker\n' });
    expect(JSON.parse((await site.run('workers', '--format', 'json')).stdout)).toHaveLength(1);
    const { failures, opened } = await traffic.end();
    expect({ failures, opened }).toEqual({ failures: {}, opened: 4 });
  });

  it('outlives a reload', async () => {
    await using site = new Site();
    const { port } = await serving(site);
    await site.run('scale', '2');
    await site.run('reload', '--wait');
    expect((await workersOf(port, 2)).size).toBe(2);
  });

  it('that is none is refused', async () => {
    await using site = new Site();
    const { code, stderr } = await site.run('scale', 'many');
    expect(code).toBe(2);
    expect(stderr).toContain('"many" is not a number of workers from 1 to 1024');
  });

  it('is exact, however many ask at the same moment', async () => {
    await using site = new Site();
    await serving(site);
    const counts = ['2', '3', '2', '3'];
    const answers = await Promise.all(counts.map((count) => site.run('scale', count)));
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const { stdout } = await site.run('scale', '2');
    expect(stdout).toBe('2 workers\n');
    await eventually(async () => {
      const workers = JSON.parse((await site.run('workers', '--format', 'json')).stdout);
      return workers.length === 2;
    });
  });
});

describe('a command', () => {
  it.each(['status', 'workers', 'reload', 'restart', 'stop'])(
    '%s without a server is one message and exit code 1',
    async (command) => {
      await using site = new Site();
      for (const words of [[command], [command, site.file], [command, '--pid-file', 'none.pid']]) {
        const { code, stdout, stderr } = await site.run(...words);
        expect([code, stdout]).toEqual([1, '']);
        expect(stderr.match(/no server runs/g)).toHaveLength(1);
      }
    },
  );

  it('for one of two servers has to say which', async () => {
    await using site = new Site();
    await serving(site);
    await using other = new Site({ env: site.env });
    const { cli } = await serving(other);
    const { code, stderr } = await site.run('status');
    expect(code).toBe(2);
    expect(stderr).toContain('which one is meant?');
    expect(stderr).toContain(site.file);
    expect(stderr).toContain(other.file);
    expect((await site.run('status', other.file)).stdout).toContain(`PID ${cli.child.pid}\n`);
  });

  it('stop that is waited for ends when the requests under way are finished', async () => {
    await using site = new Site();
    const { cli, port } = await serving(site);
    const slow = bodyOf(port, '/slow');
    await cli.printed(/slow began/);
    const stopped = site.run('stop', '--wait');
    await expect(Promise.race([stopped, untilRefused(port).then(() => 'refused')])).resolves.toBe('refused');
    site.free();
    expect(await stopped).toMatchObject({ code: 0, stdout: 'stopped, 0 connections were cut\n' });
    expect([await slow, (await cli.finished).code]).toEqual(['v1', 0]);
    expect(site.traces).toEqual([]);
  });
});

describe('the control socket', () => {
  it('is for its owner alone', async () => {
    await using site = new Site();
    await serving(site);
    expect(statSync(controlSocket(site)).mode & 0o777).toBe(0o600);
    expect(statSync(site.folder.file('run/wsgi-serve')).mode & 0o777).toBe(0o700);
  });

  it('takes garbage, half a command and clients that vanish without harm', async () => {
    await using site = new Site();
    const { port } = await serving(site);
    const path = controlSocket(site);
    const bytes = Buffer.from(Array.from({ length: 2000 }, (_, index) => index % 256));
    for (const text of [bytes, '{"kind":"scale","workers":1e9}\n', '[]\n', 'x'.repeat(200_000)]) {
      const client = connect(path);
      let answer = '';
      client.on('error', () => undefined).on('data', (data) => (answer += data));
      client.end(text);
      await once(client, 'close');
      expect(answer).toContain('"ok":false');
    }
    for (const text of ['{"kind":"status', '{"kind":"reload","wait":true}\n']) {
      const client = connect(path);
      await once(client, 'connect');
      client.write(text, () => client.destroy());
      await once(client, 'close');
    }
    expect((await site.run('status')).code).toBe(0);
    expect(await bodyOf(port)).toBe('v1');
  });
});
