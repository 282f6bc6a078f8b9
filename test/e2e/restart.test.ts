import { describe, expect, it } from '@jest/globals';
import { eventually } from '../helpers/eventually.js';
import { bodyOf, isRunning, Site } from '../helpers/site.js';
import { Traffic } from '../helpers/traffic.js';

describe('a restart', () => {
  it('is a new process, with every socket, connection and request kept', async () => {
    await using site = new Site();
    const cli = site.serve('--workers', '2');
    const port = await cli.port('main');
    await using traffic = new Traffic({ to: port });
    await traffic.sees('v1');
    site.write('v2');
    const { code, stdout } = await site.run('restart', '--wait');
    const pid = Number(/^restarted, now in PID (\d+)\n$/.exec(stdout)?.[1]);
    expect([code, pid === cli.child.pid]).toEqual([0, false]);
    await traffic.sees('v2');
    await eventually(() => cli.child.exitCode === 0);
    expect((await site.run('status')).stdout).toContain(`Server running in PID ${pid}\n`);
    expect(await site.port()).toBe(port);
    const { failures, opened, stale } = await traffic.end();
    expect({ failures, opened, stale }).toEqual({ failures: {}, opened: 4, stale: 0 });
    expect((await site.run('stop', '--wait')).code).toBe(0);
    await eventually(() => !isRunning(pid));
    expect(site.traces).toEqual([]);
  });

  it('can be done again and again', async () => {
    await using site = new Site();
    const cli = site.serve('--workers', '1');
    const port = await cli.port('main');
    await using traffic = new Traffic({ to: port });
    await traffic.sees('v1');
    const pids = new Set<string>();
    for (let time = 0; time < 3; time += 1) pids.add((await site.run('restart', '--wait')).stdout);
    const { failures, opened } = await traffic.end();
    expect({ pids: pids.size, failures, opened }).toEqual({ pids: 3, failures: {}, opened: 4 });
  });

  it.each([
    ['an app that cannot be built', 'apps.mjs', 'throw new Error("no database");', 'no database'],
    ['a deployment file that cannot be read', 'site.ini', '[app:main\n', 'site.ini:1:1'],
  ])('of %s leaves the old process serving, and tells why', async (_what, file, text, told) => {
    await using site = new Site();
    const cli = site.serve('--workers', '1');
    const port = await cli.port('main');
    await using traffic = new Traffic({ to: port });
    await traffic.sees('v1');
    site.folder.write(file, text);
    const { code, stdout, stderr } = await site.run('restart', '--wait', site.file);
    expect([code === 0, stdout]).toEqual([false, '']);
    expect(stderr).toContain(told);
    expect(await bodyOf(port)).toBe('v1');
    expect((await site.run('status', site.file)).stdout).toContain(`PID ${cli.child.pid}\n`);
    const { failures, opened } = await traffic.end();
    expect({ failures, opened }).toEqual({ failures: {}, opened: 4 });
  });

  it('that is under way when the server is stopped starts nothing more', async () => {
    await using site = new Site();
    const cli = site.serve('--workers', '1');
    const port = await cli.port('main');
    site.write('v2', 'console.log("building"); await new Promise((go) => setTimeout(go, 60_000));');
    cli.child.kill('SIGUSR2');
    await cli.printed(/building/);
    cli.child.kill('SIGTERM');
    // Every process that printed to it is gone.
    expect((await cli.finished).code).toBe(0);
    await expect(bodyOf(port)).rejects.toThrow();
    expect(site.traces).toEqual([]);
  });
});
