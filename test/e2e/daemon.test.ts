import { existsSync, renameSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../helpers/eventually.js';
import { bodyOf, isRunning, Site, workerOf } from '../helpers/site.js';

describe('a server in the background', () => {
  it('serves when its start has ended, and has its pid file and log file beside', async () => {
    await using site = new Site();
    const pid = await site.daemon();
    expect(await bodyOf(await site.port())).toBe('v1');
    expect(site.read('wsgi-serve.pid')).toBe(`${pid}\n`);
    expect(site.read('wsgi-serve.log')).toContain('serving main on http://');
  });

  it('takes other files by options, and by what the deployment file says, relative to that', async () => {
    await using site = new Site({ program: 'pid_file = its.pid\nlog_file = its.log' });
    const pid = await site.daemon();
    expect(site.read('its.pid')).toBe(`${pid}\n`);
    expect(site.read('its.log')).toContain('serving main on http://');
    const options = ['--pid-file', 'other.pid', '--log-file', 'other.log'];
    const other = await site.daemon(...options);
    expect([site.read('other.pid'), other === pid]).toEqual([`${other}\n`, false]);
    expect(site.read('other.log')).toContain('serving main on http://');
    expect(site.traces.filter((name) => name.startsWith('wsgi-serve'))).toEqual([]);
  });

  it.each([
    ['cannot be built', 'apps.mjs', 'throw new Error("no database");', 3, 'no database'],
    ['cannot be read', 'site.ini', '[app:main\n', 2, 'site.ini:1:1'],
    ['exits while it is built', 'apps.mjs', 'process.exit(0);', 3, 'a worker exited with code 0'],
  ])('that %s ends the start with the reason', async (_what, file, text, exitCode, reason) => {
    await using site = new Site();
    site.folder.write(file, text);
    const { code, stdout, stderr } = await site.run(site.file, '--daemon');
    expect([code, stdout]).toEqual([exitCode, '']);
    expect(stderr).toContain(reason);
    expect(site.traces.filter((name) => name !== 'wsgi-serve.log')).toEqual([]);
  });

  it('cannot reload by itself, in the words of paster', async () => {
    await using site = new Site();
    const { code, stdout, stderr } = await site.run(site.file, '--daemon', '--reload');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('The --daemon and --reload options may not be used together');
    expect(site.traces).toEqual([]);
  });

  it('leaves neither process nor file behind when it is stopped', async () => {
    await using site = new Site();
    const pid = await site.daemon();
    const port = await site.port();
    const worker = await workerOf(port);
    expect((await site.run('stop', '--wait')).code).toBe(0);
    await eventually(() => !isRunning(pid) && !isRunning(worker));
    expect(site.traces).toEqual(['wsgi-serve.log']);
    await expect(bodyOf(port)).rejects.toThrow();
  });
});

describe('start, status, restart and stop', () => {
  it('are understood behind the file, as paster has them', async () => {
    await using site = new Site();
    const say = (word: string) => site.run('serve', site.file, word);
    expect(await say('status')).toMatchObject({ code: 1, stdout: '' });
    const start = await say('start');
    expect(start).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Server running in PID \d+\n$/) });
    const status = await say('status');
    expect([status.code, status.stdout.startsWith(start.stdout)]).toEqual([0, true]);
    const port = await site.port();
    const restart = await say('restart');
    expect(restart).toMatchObject({ code: 0, stdout: expect.stringMatching(/now in PID \d+\n$/) });
    expect(restart.stdout).toContain(site.read('wsgi-serve.pid'));
    expect([await site.port(), await bodyOf(port)]).toEqual([port, 'v1']);
    expect((await say('stop')).code).toBe(0);
    await eventually(() => !site.exists('wsgi-serve.pid'));
    expect((await say('stop')).code).toBe(1);
  });
});

describe('a pid file', () => {
  it('of a server that runs refuses a second one, and the first is unharmed', async () => {
    await using site = new Site();
    const pid = await site.daemon();
    const { code, stdout, stderr } = await site.run(site.file, '--daemon');
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain(`belongs to a server that runs: pid ${pid}`);
    expect(site.read('wsgi-serve.pid')).toBe(`${pid}\n`);
    expect(await bodyOf(await site.port())).toBe('v1');
  });

  it('goes to exactly one of two that start at the same moment', async () => {
    await using site = new Site();
    const starts = await Promise.all([site.run(site.file, '--daemon'), site.run(site.file, '--daemon')]);
    expect(starts.map(({ code }) => code).sort()).toEqual([0, 3]);
    expect(starts.find(({ code }) => code === 0)?.stdout).toContain(site.read('wsgi-serve.pid'));
    expect(await bodyOf(await site.port())).toBe('v1');
  });

  it.each([
    // Beyond what any system gives.
    ['of a process that is no more', '2147483646\n'],
    ['of another program', `${process.pid}\n`],
    ['of garbage', 'what?\0'],
    ['that is empty', ''],
  ])('%s is replaced', async (_what, text) => {
    await using site = new Site();
    site.folder.write('wsgi-serve.pid', text);
    const pid = await site.daemon();
    expect(site.read('wsgi-serve.pid')).toBe(`${pid}\n`);
  });

  it('that a killed server left is replaced, as is its control socket', async () => {
    await using site = new Site();
    const first = await site.daemon();
    process.kill(first, 'SIGKILL');
    await eventually(() => !isRunning(first));
    expect(site.traces).toEqual(expect.arrayContaining(['wsgi-serve.pid', 'wsgi-serve.control.sock']));
    const second = await site.daemon();
    expect((await site.run('status')).stdout).toContain(`PID ${second}\n`);
  });
});

describe('a log file', () => {
  it('that was rotated away is made anew at USR1, for what the supervisor and its workers say', async () => {
    await using site = new Site();
    const pid = await site.daemon();
    const port = await site.port();
    renameSync(site.folder.file('wsgi-serve.log'), site.folder.file('old.log'));
    await bodyOf(port, '/print?before');
    await eventually(() => site.read('old.log').includes('printed before'));
    process.kill(pid, 'SIGUSR1');
    await eventually(() => site.exists('wsgi-serve.log'));
    await bodyOf(port, '/print?after');
    process.kill(pid, 'SIGHUP');
    await eventually(() => site.read('wsgi-serve.log').includes('reloaded, generation 2'));
    expect(site.read('wsgi-serve.log')).toContain('printed after');
    expect(site.read('old.log')).not.toContain('printed after');
  });

  const full = existsSync('/dev/full') ? it : it.skip;
  full('on a full disk loses lines, and the server goes on', async () => {
    await using site = new Site();
    await site.daemon('--log-file', '/dev/full');
    const port = await site.port();
    for (let time = 0; time < 20; time += 1) expect(await bodyOf(port, '/print?x')).toBe('v1');
    expect((await site.run('reload', '--wait')).code).toBe(0);
    expect(await bodyOf(port)).toBe('v1');
  });

  it('that cannot be written keeps the server from starting', async () => {
    await using site = new Site();
    const { code, stderr } = await site.run(site.file, '--daemon', '--log-file', 'no/such/folder.log');
    expect(code).toBe(3);
    expect(stderr).toContain('folder.log cannot be written');
  });
});
