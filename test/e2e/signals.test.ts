import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { eventually } from '../helpers/eventually.js';
import { openConversation } from '../helpers/raw-http.js';
import type { Cli } from '../helpers/run-cli.js';
import { bodyOf, isRunning, Site, untilRefused, workerOf, workersOf } from '../helpers/site.js';
import { Traffic } from '../helpers/traffic.js';

/** One that serves, and its port. */
async function serving(site: Site, workers = 1): Promise<{ readonly cli: Cli; readonly port: number }> {
  const cli = site.serve('--workers', String(workers));
  return { cli, port: await cli.port('main') };
}

/** Asks for something that is under way when this resolves. */
async function underWay(cli: Cli, port: number, path: '/slow' | '/never') {
  const conversation = await openConversation({ port, host: '127.0.0.1' });
  conversation.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await cli.printed(path === '/slow' ? /slow began/ : /never began/);
  return conversation;
}

describe('a stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('by %s finishes what is under way', async (signal) => {
    await using site = new Site();
    const { cli, port } = await serving(site);
    const slow = await underWay(cli, port, '/slow');
    cli.child.kill(signal);
    await untilRefused(port);
    site.free();
    const answer = await slow.toEnd();
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
    expect(answer).toMatch(/v1/);
    expect(await cli.finished).toMatchObject({ code: 0, stderr: '' });
    expect(site.traces).toEqual([]);
  });

  it.each([
    ['by a second INT', ['SIGINT', 'SIGINT']],
    ['by an INT behind a TERM and an INT', ['SIGTERM', 'SIGINT', 'SIGINT']],
    ['by QUIT', ['SIGQUIT']],
  ] as const)('%s is at once', async (_how, signals) => {
    await using site = new Site();
    const { cli, port } = await serving(site);
    const never = await underWay(cli, port, '/never');
    for (const [index, signal] of signals.entries()) {
      cli.child.kill(signal);
      await eventually(() => cli.stdout.split('"msg":"stopping').length > index + 1);
    }
    expect((await cli.finished).code).toBe(0);
    expect(await never.toEnd()).toBe('');
    expect(site.traces).toEqual([]);
  });

  it('cuts what never ends at the graceful timeout, and says how much that was', async () => {
    await using site = new Site({ server: 'port = 0\ngraceful_timeout = 200ms' });
    const { cli, port } = await serving(site);
    const never = await underWay(cli, port, '/never');
    const { code, stdout } = await cli.stop();
    expect(code).toBe(0);
    expect(stdout).toContain('1 connections were cut');
    expect(await never.toEnd()).toBe('');
  });

  it('of a server that blocks ends all the same', async () => {
    await using site = new Site();
    const { cli, port } = await serving(site);
    const worker = await workerOf(port);
    const blocked = bodyOf(port, '/block').catch(() => 'cut');
    const free = await openConversation({ port, host: '127.0.0.1' });
    cli.child.kill('SIGQUIT');
    await eventually(() => !isRunning(worker));
    expect(await blocked).toBe('cut');
    free.socket.destroy();
    expect((await cli.finished).code).toBe(0);
  });

  it('says so at ready_path for the drain delay, in which everything is answered', async () => {
    const server = 'port = 0\nready_path = /ready';
    await using site = new Site({ program: 'drain_delay = 500ms', server });
    const { cli, port } = await serving(site);
    const statusOf = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
    expect(await statusOf('/ready')).toBe(200);
    cli.child.kill('SIGTERM');
    await eventually(async () => (await statusOf('/ready')) === 503);
    expect(await bodyOf(port)).toBe('v1');
    expect((await cli.finished).code).toBe(0);
    await expect(bodyOf(port)).rejects.toThrow();
  });

  it('leaves a unix socket in its place for that long', async () => {
    const server =
      'port = 0\nready_path = /ready\n[server:other]\napp = main\nunix_socket = %(here)s/site.sock';
    await using site = new Site({ program: 'drain_delay = 2s', server });
    const { cli, port } = await serving(site);
    cli.child.kill('SIGTERM');
    await eventually(async () => (await fetch(`http://127.0.0.1:${port}/ready`)).status === 503);
    const conversation = await openConversation({ path: site.folder.file('site.sock') });
    conversation.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await conversation.toEnd()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect((await cli.finished).code).toBe(0);
    expect(site.folder.exists('site.sock')).toBe(false);
  });

  it('tells WebSockets to go away', async () => {
    await using site = new Site();
    site.folder.write(
      'apps.mjs',
      `import { createRequire } from 'node:module';
       const { WebSocketServer } = createRequire(${JSON.stringify(import.meta.url)})('ws');
       const sockets = new WebSocketServer({ noServer: true });
       export const make = () => undefined;
       export const chat = (req, res) => res.end();
       chat.upgrade = (req, socket, head) =>
         sockets.handleUpgrade(req, socket, head, (client) => client.send('hello'));`,
    );
    site.folder.write('site.ini', '[app:main]\nnode.app = apps:chat\n[server:main]\nport = 0\n');
    const { cli, port } = await serving(site);
    const client = new WebSocket(`ws://127.0.0.1:${port}/`);
    await once(client, 'message');
    cli.child.kill('SIGTERM');
    const [code] = await once(client, 'close');
    expect([code, (await cli.finished).code]).toEqual([1001, 0]);
  });

  it('while a factory hangs comes at once', async () => {
    await using site = new Site({
      top: 'console.log("building"); await new Promise(() => setTimeout(() => {}, 60_000));',
    });
    const cli = site.serve('--workers', '2');
    await cli.printed(/building/);
    expect((await cli.stop()).code).toBe(0);
    expect(site.traces).toEqual([]);
  });

  it('while a further worker blocks in its factory leaves nobody behind', async () => {
    // The first one builds; the others never get through.
    const top = `import { existsSync as isThere, writeFileSync as put } from 'node:fs';
      const first = new URL('./first', import.meta.url);
      if (isThere(first)) { console.log('blocks ' + process.pid + '.'); for (;;); }
      put(first, '');`;
    await using site = new Site({ top });
    const cli = site.serve('--workers', '2');
    const [, pid] = await cli.printed(/blocks (\d+)\./);
    expect((await cli.stop()).code).toBe(0);
    await eventually(() => !isRunning(Number(pid)));
  });

  it('comes twenty times in a row without a trace', async () => {
    await using site = new Site();
    for (let round = 0; round < 20; round += 1) {
      const { cli, port } = await serving(site);
      const worker = await workerOf(port);
      expect((await cli.stop()).code).toBe(0);
      expect([isRunning(worker), site.traces]).toEqual([false, []]);
      await expect(bodyOf(port)).rejects.toThrow();
    }
  }, 60_000);
});

describe('TTIN and TTOU', () => {
  it('are a worker more and a worker fewer, and never none', async () => {
    await using site = new Site();
    const { cli, port } = await serving(site);
    await using traffic = new Traffic({ to: port });
    const count = async () => JSON.parse((await site.run('workers', '--format', 'json')).stdout).length;
    cli.child.kill('SIGTTIN');
    expect((await workersOf(port, 2)).size).toBe(2);
    cli.child.kill('SIGTTIN');
    expect((await workersOf(port, 3)).size).toBe(3);
    for (const left of [2, 1, 1]) {
      cli.child.kill('SIGTTOU');
      await eventually(async () => (await count()) === left);
    }
    expect((await traffic.end()).failures).toEqual({});
  });
});

describe('USR2', () => {
  it('hands over to a new process, and nothing is lost', async () => {
    await using site = new Site();
    const { cli, port } = await serving(site);
    await using traffic = new Traffic({ to: port });
    await traffic.sees('v1');
    site.write('v2');
    cli.child.kill('SIGUSR2');
    await traffic.sees('v2');
    await eventually(() => cli.child.exitCode === 0);
    const { failures, opened } = await traffic.end();
    expect({ failures, opened }).toEqual({ failures: {}, opened: 4 });
    await eventually(async () => (await site.run('stop', '--wait')).code === 0);
  });
});

describe('HUP during a reload', () => {
  it('is one more reload behind it, and TERM ends both', async () => {
    const gate = (name: string) => `import { existsSync as isThere } from 'node:fs';
      console.log('building ${name}');
      while (!isThere(new URL('./${name}', import.meta.url))) await new Promise((go) => setTimeout(go, 5));`;
    await using site = new Site();
    const { cli, port } = await serving(site);
    site.write('v2', gate('second'));
    cli.child.kill('SIGHUP');
    await cli.printed(/building second/);
    site.write('v3', gate('third'));
    cli.child.kill('SIGHUP');
    site.folder.write('second', '');
    await cli.printed(/building third/);
    expect(await bodyOf(port)).toBe('v2');
    expect((await cli.stop()).code).toBe(0);
  });
});
