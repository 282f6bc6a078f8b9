import { once } from 'node:events';
import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../helpers/eventually.js';
import { BIN, Cli } from '../helpers/run-cli.js';
import { bodyOf, isRunning, Site, workerOf, workersOf } from '../helpers/site.js';
import { Traffic } from '../helpers/traffic.js';

/** Of a module that is built once, and never again. */
const ONCE = `import { existsSync as isThere, writeFileSync as put } from 'node:fs';
  const first = new URL('./first', import.meta.url);
  if (isThere(first)) throw new Error('not a second time');
  put(first, '');`;

async function serving(site: Site, workers = 1): Promise<{ readonly cli: Cli; readonly port: number }> {
  const cli = site.serve('--workers', String(workers));
  return { cli, port: await cli.port('main') };
}

/** The workers, as the supervisor has them. */
async function workersSaid(site: Site): Promise<readonly number[]> {
  const { stdout } = await site.run('workers', site.file, '--format', 'json');
  return JSON.parse(stdout).map(({ pid }: { readonly pid: number }) => pid);
}

describe('a worker', () => {
  it('is replaced after max_requests without a lost request', async () => {
    await using site = new Site({ program: 'max_requests = 50' });
    const { cli, port } = await serving(site, 2);
    const first = await workersOf(port, 2);
    await using traffic = new Traffic({ to: port });
    await eventually(() => [...first].every((pid) => !isRunning(pid)));
    const { failures, opened } = await traffic.end();
    expect({ failures, opened }).toEqual({ failures: {}, opened: 4 });
    expect(cli.stdout).toMatch(/worker \d+ is replaced: \d+ requests/);
  });

  it('that takes more than max_worker_memory is replaced without a lost request', async () => {
    await using site = new Site({ program: 'max_worker_memory = 250MB' });
    const { cli, port } = await serving(site);
    const first = await workerOf(port);
    await using traffic = new Traffic({ to: port });
    expect(await bodyOf(port, '/grow')).toBe('v1');
    await eventually(() => !isRunning(first));
    expect((await traffic.end()).failures).toEqual({});
    expect(cli.stdout).toMatch(new RegExp(`worker ${first} is replaced: it takes \\d+ MB of memory`));
  });

  it('that blocks beyond worker_timeout is killed and replaced, while the others answer', async () => {
    await using site = new Site({ program: 'worker_timeout = 3s' });
    const { cli, port } = await serving(site, 2);
    const before = await workersOf(port, 2);
    const blocked = bodyOf(port, '/block').catch(() => 'cut');
    await eventually(() => [...before].some((pid) => !isRunning(pid)));
    expect(await blocked).toBe('cut');
    await eventually(() => /worker \d+ gave no sign of life for \d s and was killed/.test(cli.stdout));
    const after = await workersOf(port, 2);
    expect([...after].filter((pid) => before.has(pid))).toHaveLength(1);
  });

  it('that is killed takes only its own requests with it', async () => {
    await using site = new Site();
    const { port } = await serving(site, 2);
    await using traffic = new Traffic({ to: port, keeping: 2, fresh: 2 });
    await traffic.sees('v1');
    for (let round = 0; round < 3; round += 1) {
      const [victim = 0] = await workersSaid(site);
      process.kill(victim, 'SIGKILL');
      await eventually(async () => {
        const workers = await workersSaid(site);
        return workers.length === 2 && !workers.includes(victim);
      });
    }
    const { failures } = await traffic.end();
    // A request of each client at a time may be with the worker that is killed.
    expect(Object.keys(failures).filter((why) => !/ECONNRESET|cut|EPIPE/.test(why))).toEqual([]);
    const lost = Object.values(failures).reduce((sum, count) => sum + count, 0);
    expect(lost).toBeLessThanOrEqual(3 * 4);
  });
});

describe('a worker without a free file descriptor', () => {
  /** Throws where nothing catches it, once there is a file called `late`. */
  const LATE = `import { existsSync as isThere, unlinkSync as drop } from 'node:fs';
    const late = new URL('./late', import.meta.url);
    setInterval(() => {
      if (!isThere(late)) return;
      drop(late);
      throw new Error('nobody caught it');
    }, 10).unref();`;

  it('answers on the connections that it has, and says by what it ends', async () => {
    await using site = new Site({ top: LATE });
    const program = `ulimit -n 64; exec '${process.execPath}' '${BIN}' '${site.file}' --workers 1`;
    const options = { cwd: site.folder.path, env: site.env };
    await using cli = new Cli([program], { ...options, node: '/bin/sh', bin: '-c' });
    const port = await cli.port('main');
    const worker = await workerOf(port);
    const connections = Array.from({ length: 150 }, () =>
      connect(port, '127.0.0.1').on('error', () => undefined),
    );
    const [first] = connections;
    if (first === undefined) return;
    await once(first, 'connect');
    await eventually(() => connections.some(({ destroyed, readableEnded }) => destroyed || readableEnded));
    first.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(String(await once(first, 'data'))).toMatch(/^HTTP\/1\.1 200 /);
    // What it has answered is known by its signs of life.
    await eventually(async () => {
      const { stdout } = await site.run('workers', site.file, '--format', 'json');
      return JSON.parse(stdout)[0].answered === 2;
    });
    expect(cli.stdout).not.toContain('nothing caught');
    site.folder.write('late', '');
    await eventually(() => cli.stdout.includes('"message":"nobody caught it"'));
    for (const connection of connections) connection.destroy();
    await eventually(() => !isRunning(worker));
    expect(await bodyOf(port)).toBe('v1');
  });
});

describe('a worker that cannot be built again', () => {
  it('is tried again later each time, and the address is kept', async () => {
    await using site = new Site({ top: ONCE });
    const { cli, port } = await serving(site);
    process.kill(await workerOf(port), 'SIGKILL');
    await eventually(() => cli.stdout.split('not a second time').length > 2);
    // It waits, instead of being refused, until there is a worker.
    const answer = bodyOf(port);
    site.write('mended');
    expect(await answer).toBe('mended');
    expect(cli.stdout).toMatch(/worker \d+ was killed by SIGKILL/);
  });

  it('does not keep the program from stopping', async () => {
    await using site = new Site({ top: ONCE });
    const { cli, port } = await serving(site);
    process.kill(await workerOf(port), 'SIGKILL');
    await eventually(() => cli.stdout.includes('not a second time'));
    expect((await cli.stop()).code).toBe(0);
    expect(site.traces).toEqual(['first']);
  });

  it('is given up after max_restarts, with exit code 1', async () => {
    await using site = new Site({ top: ONCE, program: 'max_restarts = 3' });
    const { cli, port } = await serving(site);
    process.kill(await workerOf(port), 'SIGKILL');
    const { code, stdout } = await cli.finished;
    expect(code).toBe(1);
    expect(stdout).toContain('workers died 3 times in a row: giving up');
    expect(site.traces).toEqual(['first']);
  });
});

describe('the rights of workers', () => {
  const root = process.getuid?.() === 0 ? it : it.skip;

  root('are those of user and group, for good (needs root)', async () => {
    await using site = new Site({ program: 'user = nobody' });
    site.openToAll();
    const { port } = await serving(site, 2);
    await workersOf(port, 2);
    const [uid, gid, regained] = (await bodyOf(port, '/ids')).split(',');
    expect([uid === '0', gid === '0', regained]).toEqual([false, false, 'EPERM']);
    expect((await site.run('reload', '--wait')).code).toBe(0);
    expect((await bodyOf(port, '/ids')).split(',').slice(0, 2)).toEqual([uid, gid]);
  });

  const other = root === it ? it.skip : it;
  other('cannot be changed by another user than root (needs not to be root)', async () => {
    await using site = new Site({ program: 'user = nobody' });
    const { code, stderr } = await site.run(site.file);
    expect([code, stderr]).toEqual([2, expect.stringContaining('the server does not run as root')]);
  });

  it.each([
    [['--user', 'nobody-of-that-name'], 'nobody-of-that-name'],
    [['--group', 'no-group-of-that-name'], 'no-group-of-that-name'],
  ])('are refused before anything is begun where %s is unknown', async (flags, name) => {
    await using site = new Site();
    const { code, stderr } = await site.run(site.file, ...flags);
    expect([code, stderr]).toEqual([2, expect.stringContaining(name)]);
    expect(site.traces).toEqual([]);
  });

  it('to new files are what umask leaves', async () => {
    await using site = new Site({ program: 'umask = 027' });
    const { port } = await serving(site);
    await bodyOf(port, '/write');
    expect(statSync(site.folder.file('written')).mode & 0o777).toBe(0o640);
  });
});
