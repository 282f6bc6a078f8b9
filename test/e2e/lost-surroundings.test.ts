import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../helpers/eventually.js';
import { Cli } from '../helpers/run-cli.js';
import { bodyOf, isRunning, Site, workerOf } from '../helpers/site.js';

const has = (command: string): boolean => spawnSync(command, ['--version']).status === 0;

/** The answer to `/` on the unix socket of a site; null while nobody listens there. */
function ask(site: Site, path: string): Promise<string | null> {
  return new Promise((done) => {
    const asked = request({ socketPath: site.folder.file('s.sock'), path }, (response) => {
      response.setEncoding('utf8').once('data', done);
    });
    asked.once('error', () => done(null));
    asked.end();
  });
}

/** A shell script that becomes the program, with node's arguments. */
function script(site: Site, text: string): string {
  site.folder.write('node.sh', `#!/bin/sh\n${text}\n`);
  chmodSync(site.folder.file('node.sh'), 0o755);
  return site.folder.file('node.sh');
}

describe('a server whose output is closed', () => {
  it('by its reader keeps its workers, though their apps print', async () => {
    await using site = new Site();
    const cli = site.serve('--workers', '1');
    const port = await cli.port('main');
    const worker = await workerOf(port);
    cli.child.stdout?.destroy();
    await eventually(async () => {
      expect(await bodyOf(port, '/print?x')).toBe('v1');
      return cli.stderr.includes('standard output cannot be written');
    });
    for (let time = 0; time < 5; time += 1) await bodyOf(port, '/print?x');
    expect(await workerOf(port)).toBe(worker);
    expect((await site.run('reload', '--wait')).code).toBe(0);
    expect((await cli.stop()).code).toBe(0);
  });

  it.each([[[]], [['--workers', '1']]])('from the start serves all the same: %j', async (flags) => {
    await using site = new Site({ server: 'unix_socket = %(here)s/s.sock' });
    const node = script(site, `exec '${process.execPath}' "$@" <&- >&- 2>&-`);
    await using cli = new Cli([site.file, ...flags], { node, env: site.env });
    await eventually(async () => (await ask(site, '/print?x')) === 'v1');
    expect((await cli.stop()).code).toBe(0);
  });
});

describe('a folder that was removed', () => {
  it('is not missed by a server that was started in it', async () => {
    await using site = new Site();
    mkdirSync(site.folder.file('old'));
    const options = { cwd: site.folder.file('old'), env: site.env };
    await using cli = new Cli([site.file, '--workers', '1'], options);
    const port = await cli.port('main');
    rmSync(site.folder.file('old'), { recursive: true });
    process.kill(await workerOf(port), 'SIGKILL');
    await eventually(() => /was killed by SIGKILL/.test(cli.stdout));
    expect(await bodyOf(port)).toBe('v1');
    site.write('v2');
    expect((await site.run('reload', '--wait', site.file)).code).toBe(0);
    expect(await bodyOf(port)).toBe('v2');
    expect((await site.run('restart', '--wait', site.file)).code).toBe(0);
    expect(await bodyOf(port)).toBe('v2');
    expect((await site.run('stop', '--wait', site.file)).code).toBe(0);
    await cli.finished;
  });

  it('is one message of a command that is given in it', async () => {
    await using site = new Site();
    mkdirSync(site.folder.file('old'));
    const node = script(site, `rmdir "$PWD"\nexec '${process.execPath}' "$@"`);
    await using cli = new Cli(['status'], { node, cwd: site.folder.file('old'), env: site.env });
    const { code, stdout, stderr } = await cli.finished;
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('the current folder is no longer there');
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('a supervisor without a descriptor left (needs prlimit)', () => {
  const limited = has('prlimit') && process.platform === 'linux' ? it : it.skip;

  limited.each([[['--log-file', 'x.log']], [[]]])(
    'starts workers again when it has some: %j',
    async (flags) => {
      await using site = new Site();
      const cli = site.serve('--workers', '1', ...flags);
      const said = () => cli.stdout + site.read('x.log');
      await eventually(() => said().includes('serving main on'));
      const port = Number(/serving main on http:\S+:(\d+)/.exec(said())?.[1]);
      const limit = (count: number) =>
        spawnSync('prlimit', ['--pid', String(cli.child.pid), `--nofile=${count}:`]).status;
      const worker = await workerOf(port);
      expect(limit(readdirSync(`/proc/${cli.child.pid}/fd`).length)).toBe(0);
      process.kill(worker, 'SIGKILL');
      await eventually(() => said().includes('could not be started: spawn'));
      expect(isRunning(cli.child.pid ?? 0)).toBe(true);
      expect(limit(1024)).toBe(0);
      expect(await bodyOf(port)).toBe('v1');
      expect((await cli.stop()).code).toBe(0);
    },
  );
});

describe('a log file that has become a pipe which nobody reads (needs mkfifo)', () => {
  const fifo = has('mkfifo') ? it : it.skip;

  fifo('keeps a server from starting, and does not hold it up', async () => {
    await using site = new Site();
    spawnSync('mkfifo', [site.folder.file('x.log')]);
    for (const flags of [[], ['--daemon']]) {
      const { code, stderr } = await site.run(site.file, '--log-file', 'x.log', ...flags);
      expect([code, stderr]).toEqual([3, expect.stringContaining('x.log cannot be written')]);
    }
  });

  fifo('is not gone on in after a rotation, and the server serves on', async () => {
    await using site = new Site();
    const pid = await site.daemon('--log-file', 'x.log');
    const port = await site.port();
    renameSync(site.folder.file('x.log'), site.folder.file('old.log'));
    spawnSync('mkfifo', [site.folder.file('x.log')]);
    process.kill(pid, 'SIGUSR1');
    await eventually(() => site.read('old.log').includes('x.log cannot be written'));
    expect((await site.run('reload', '--wait')).code).toBe(0);
    expect(await bodyOf(port)).toBe('v1');
    expect(site.read('old.log')).toContain('reloaded, generation 2');
  });
});
