import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readPidFile, writePidFile } from '../../src/supervise/pid-file.js';
import { isRunningServer } from '../../src/supervise/running-server.js';
import { deadPid } from '../helpers/dead-pid.js';
import { problemOf } from '../helpers/problems.js';
import { tempTree } from '../helpers/temp-tree.js';

const MODULES = ['pid-file', 'running-server'].map((name) =>
  join(import.meta.dirname, `../../src/supervise/${name}.js`),
);

const nobodyIs = async () => false;
const everybodyIs = async () => true;

describe('a pid file', () => {
  it('is made with the pid and a line break, and removed', async () => {
    using tree = tempTree({});
    const path = join(tree.folder, 'site.pid');
    const file = await writePidFile(path, nobodyIs);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    expect(readPidFile(path)).toBe(process.pid);
    expect(readdirSync(tree.folder)).toEqual(['site.pid']);
    file.remove();
    expect(readdirSync(tree.folder)).toEqual([]);
    expect(readPidFile(path)).toBeNull();
  });

  it('can be changed by its owner alone, though new files of the program could be by anybody', async () => {
    using tree = tempTree({});
    const path = join(tree.folder, 'site.pid');
    const before = process.umask(0);
    await writePidFile(path, nobodyIs).finally(() => process.umask(before));
    expect(lstatSync(path).mode & 0o777).toBe(0o644);
  });

  it('is replaced where it holds no pid, or that of a process which is no server', async () => {
    const stale = [
      '',
      '\n',
      'nonsense',
      '-1',
      '0',
      '12.5',
      '99999999999',
      '0x10',
      '1 2',
      `${await deadPid()}\n`,
    ];
    for (const text of [...stale, `${process.ppid}\n`]) {
      using tree = tempTree({ 'site.pid': text });
      const path = join(tree.folder, 'site.pid');
      await writePidFile(path, nobodyIs);
      expect(readPidFile(path)).toBe(process.pid);
      expect(readdirSync(tree.folder)).toEqual(['site.pid']);
    }
  });

  it('is replaced where it holds our own pid: in a container every start may get the same', async () => {
    using tree = tempTree({ 'site.pid': `${process.pid}\n` });
    await writePidFile(join(tree.folder, 'site.pid'), everybodyIs);
    expect(readPidFile(join(tree.folder, 'site.pid'))).toBe(process.pid);
  });

  it('is left to the server that runs', async () => {
    using tree = tempTree({ 'site.pid': '4711\n' });
    const path = join(tree.folder, 'site.pid');
    const asked: number[] = [];
    const problem = await problemOf(() => writePidFile(path, async (pid) => asked.push(pid) > 0));
    expect([problem.code, problem.exitCode]).toEqual(['already-running', 3]);
    expect(problem.message).toBe(`the pid file ${path} belongs to a server that runs: pid 4711`);
    expect(asked).toEqual([4711]);
    expect(readFileSync(path, 'utf8')).toBe('4711\n');
    expect(readdirSync(tree.folder)).toEqual(['site.pid']);
  });

  it('is no link, wherever it points to, and no folder', async () => {
    using tree = tempTree({ 'precious.txt': '1\n' });
    const path = join(tree.folder, 'site.pid');
    for (const target of ['precious.txt', 'none']) {
      symlinkSync(join(tree.folder, target), path);
      for (const act of [() => writePidFile(path, nobodyIs), () => readPidFile(path)]) {
        const problem = await problemOf(act);
        expect(problem.code).toBe('pid-file');
        expect(problem.message).toContain(`${path} cannot be used: it is a symbolic link`);
      }
      rmSync(path);
    }
    mkdirSync(path);
    expect((await problemOf(() => writePidFile(path, nobodyIs))).message).toContain('not a regular file');
    expect(readFileSync(join(tree.folder, 'precious.txt'), 'utf8')).toBe('1\n');
  });

  it('is told by its path where it cannot be written', async () => {
    const problem = await problemOf(() => writePidFile('/no/such/folder/site.pid', nobodyIs));
    expect(problem.code).toBe('pid-file');
    expect(problem.message).toContain('/no/such/folder/site.pid');
    expect((await problemOf(() => writePidFile('/proc/site.pid', nobodyIs))).code).toBe('pid-file');
  });

  it('is not removed where it holds the pid of another by now, or is gone', async () => {
    using tree = tempTree({});
    const path = join(tree.folder, 'site.pid');
    const file = await writePidFile(path, nobodyIs);
    writeFileSync(path, '4711\n');
    file.remove();
    expect(readFileSync(path, 'utf8')).toBe('4711\n');
    rmSync(path);
    file.remove();
    symlinkSync('/dev/null', path);
    file.remove();
    expect(readdirSync(tree.folder)).toEqual(['site.pid']);
  });

  it('is replaced though another start died that was about to replace it', async () => {
    using tree = tempTree({});
    const path = join(tree.folder, 'site.pid');
    writeFileSync(path, `${await deadPid()}\n`);
    const { ino, mtimeNs } = lstatSync(path, { bigint: true });
    writeFileSync(`${path}.${ino}-${mtimeNs}`, `${await deadPid()}\n`);
    const isServer = (pid: number, at: number) => isRunningServer(pid, at, '/no/socket');
    await writePidFile(path, isServer);
    expect(readPidFile(path)).toBe(process.pid);
    expect(readdirSync(tree.folder)).toEqual(['site.pid']);
  });

  it('goes to exactly one of several processes that start at the same moment over a stale one', async () => {
    using tree = tempTree({
      'wsgi-serve.mjs': `
        const [{ writePidFile }, { isRunningServer }] = await Promise.all(
          ${JSON.stringify(MODULES)}.map((module) => import(module)),
        );
        process.stdout.write('here\\n');
        await new Promise((go) => process.stdin.once('data', go));
        const isServer = (pid, at) => isRunningServer(pid, at, '/no/socket');
        const said = await writePidFile(process.argv[2], isServer).then(() => 'won', (error) => error.code);
        process.stdout.write(said + '\\n');
        process.stdin.once('end', () => process.exit()).resume();`,
    });
    const path = join(tree.folder, 'site.pid');
    for (let round = 0; round < 5; round += 1) {
      writeFileSync(path, `${await deadPid()}\n`);
      const starts = Array.from({ length: 6 }, () => spawnScript(tree.folder, path));
      await Promise.all(starts.map(said));
      const outcomes = Promise.all(starts.map(said));
      for (const start of starts) start.stdin?.write('go\n');
      const all = await outcomes;
      const winner = starts[all.indexOf('won')];
      expect([...all].sort()).toEqual([...Array(5).fill('already-running'), 'won']);
      expect(readPidFile(path)).toBe(winner?.pid);
      for (const start of starts) start.stdin?.end();
      await Promise.all(starts.map((start) => once(start, 'exit')));
    }
    expect(readdirSync(tree.folder).sort()).toEqual(['site.pid', 'wsgi-serve.mjs']);
  });
});

function spawnScript(folder: string, path: string): ChildProcess {
  return spawn(process.execPath, [join(folder, 'wsgi-serve.mjs'), path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/** The next line that a process prints. */
async function said(child: ChildProcess): Promise<string> {
  if (child.stdout === null) return '';
  const [line] = await once(child.stdout, 'data');
  return String(line).trim();
}
