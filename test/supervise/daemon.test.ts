import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type DaemonStart, startDaemon } from '../../src/supervise/daemon.js';
import { isAlive } from '../../src/supervise/running-server.js';
import { eventually } from '../helpers/eventually.js';
import { problemOf } from '../helpers/problems.js';
import { type TempTree, tempTree } from '../helpers/temp-tree.js';

const MODULE = join(import.meta.dirname, '../../src/supervise/daemon.js');

/**
 * A program that is started in the background; `script` has its half of the conversation as `starter`. Beside it stands
 * one that starts it, with `log` as its log, and prints what came of that.
 */
function program(script: string): TempTree {
  return tempTree({
    'parent.mjs': `const { startDaemon } = await import(${JSON.stringify(MODULE)});
      const started = await startDaemon({ argv: ['server.mjs'], cwd: process.cwd(), logFile: 'log' });
      console.log(JSON.stringify(started));`,
    'server.mjs': `const { starter: make } = await import(${JSON.stringify(MODULE)});
      const starter = make();
      ${script}`,
  });
}

function start(tree: TempTree, logFile: string | null = join(tree.folder, 'log')): Promise<DaemonStart> {
  return startDaemon({ argv: [join(tree.folder, 'server.mjs')], cwd: tree.folder, logFile });
}

const FAILURE = `{ text: 'site.ini:1: no', code: 'no-server', message: 'no', exitCode: 2, place: null }`;

describe('a server in the background', () => {
  it('runs on when it is ready, in a session and a folder of its own, and writes to its log', async () => {
    using tree = program(`
      console.log(JSON.stringify({ cwd: process.cwd(), waits: starter.waits, env: process.env.WSGI_SERVE_DAEMON ?? null }));
      await starter.ready();
      console.error('parted: ' + !process.connected);
      setInterval(() => undefined, 1000);`);
    const started = await start(tree);
    const log = () => readFileSync(join(tree.folder, 'log'), 'utf8');
    if (started.kind !== 'ready') throw new Error(started.failure.text);
    try {
      await eventually(() => log().includes('parted: true'));
      expect(JSON.parse(log().split('\n')[0] ?? '')).toEqual({ cwd: tree.folder, waits: true, env: null });
      expect(isAlive(started.pid)).toBe(true);
      if (existsSync('/proc/self/stat')) expect(sessionOf(started.pid)).toBe(started.pid);
    } finally {
      process.kill(started.pid, 'SIGKILL');
    }
  });

  it('outlives the process that started it, which can end at once', async () => {
    using tree = program('await starter.ready(); setInterval(() => undefined, 1000);');
    const options = { cwd: tree.folder, encoding: 'utf8', timeout: 20_000 } as const;
    const { stdout } = spawnSync(process.execPath, ['parent.mjs'], options);
    const { kind, pid } = JSON.parse(stdout);
    expect([kind, isAlive(pid)]).toEqual(['ready', true]);
    process.kill(pid, 'SIGKILL');
  });

  it('tells the failure that it could not start for', async () => {
    using tree = program(`await starter.failed(${FAILURE}); process.exit(2);`);
    expect(await start(tree, null)).toEqual({
      kind: 'failed',
      failure: { text: 'site.ini:1: no', code: 'no-server', message: 'no', exitCode: 2, place: null },
    });
  });

  it('has failed where it ends without a word, and the log is named', async () => {
    using tree = program(`console.error('oh no'); process.exit(7);`);
    const started = await start(tree);
    expect(started).toMatchObject({ kind: 'failed', failure: { code: 'start-failed', exitCode: 7 } });
    const text = started.kind === 'failed' ? started.failure.text : '';
    expect(text).toContain('the server ended with exit code 7 before it was ready');
    expect(text).toContain(join(tree.folder, 'log'));
    expect(readFileSync(join(tree.folder, 'log'), 'utf8')).toBe('oh no\n');
  });

  it('has failed where a signal ends it, or where it ends as if all were well', async () => {
    using killed = program(`process.kill(process.pid, 'SIGKILL');`);
    expect(await start(killed, null)).toMatchObject({
      failure: { message: expect.stringContaining('by SIGKILL'), exitCode: 3 },
    });
    using quiet = program('');
    expect(await start(quiet, null)).toMatchObject({ failure: { code: 'start-failed', exitCode: 3 } });
  });

  it('does not take messages of the program itself for an answer', async () => {
    using tree = program(`process.send({ kind: 'ready' }); process.send('ready'); process.send(null);
      await starter.failed(${FAILURE}); process.exit(2);`);
    expect(await start(tree, null)).toMatchObject({ kind: 'failed', failure: { code: 'no-server' } });
  });

  it('is not started where its log cannot be written', async () => {
    using tree = program('');
    const problem = await problemOf(() => start(tree, '/no/such/folder/log'));
    expect(problem.code).toBe('log-file');
  });

  it('ends when the wait for it is ended', async () => {
    using tree = program(`process.on('SIGTERM', () => { console.log('ended'); process.exit(0); });
      console.log('up'); setInterval(() => undefined, 1000);`);
    const child = spawn(process.execPath, ['parent.mjs'], {
      cwd: tree.folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const log = () =>
      existsSync(join(tree.folder, 'log')) ? readFileSync(join(tree.folder, 'log'), 'utf8') : '';
    await eventually(() => log() === 'up\n');
    child.kill('SIGINT');
    const [line] = await once(child.stdout, 'data');
    const failure = { code: 'start-failed', exitCode: 3 };
    expect(JSON.parse(String(line))).toMatchObject({ kind: 'failed', failure });
    expect(log()).toBe('up\nended\n');
  });
});

describe('a server in the foreground', () => {
  it('has nobody to tell, and is not held up by that', () => {
    using tree = program(
      `await starter.ready(); await starter.failed(${FAILURE}); console.log(starter.waits);`,
    );
    const { stdout, status } = spawnSync(process.execPath, ['server.mjs'], {
      cwd: tree.folder,
      encoding: 'utf8',
    });
    expect([stdout, status]).toEqual(['false\n', 0]);
  });
});

/** proc(5): the session is the sixth word, behind the command in parentheses. */
function sessionOf(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  return Number(rest.split(' ')[3]);
}
