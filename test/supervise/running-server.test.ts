import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { isAlive, isRunningServer } from '../../src/supervise/running-server.js';
import { deadPid } from '../helpers/dead-pid.js';
import { tempTree } from '../helpers/temp-tree.js';

describe('a pid', () => {
  it('is alive for as long as its process, though it be of another user', async () => {
    expect(isAlive(process.pid)).toBe(true);
    expect(isAlive(1)).toBe(true);
    expect(isAlive(await deadPid())).toBe(false);
  });

  it('is that of a server by its command line, where the system tells', async () => {
    const lines: readonly [string, boolean][] = [
      ['/usr/bin/node\0/usr/local/bin/wsgi-serve\0site.ini\0', true],
      ['/usr/bin/node\0--import\0/x.mjs\0/srv/node_modules/wsgi-serve/bin/wsgi-serve.js\0site.ini\0', true],
      ['wsgi-serve: supervisor\0', true],
      ['/usr/bin/node\0/srv/other.js\0', false],
      ['vim\0/srv/wsgi-serve.js\0', false],
      ['/usr/bin/node\0/srv/wsgi-serve/other.js\0', false],
      ['', false],
    ];
    for (const [cmdline, isOurs] of lines) {
      using tree = tempTree({ [`${process.pid}/cmdline`]: cmdline });
      expect([cmdline, await isRunningServer(process.pid, Date.now(), '/no/socket', tree.folder)]).toEqual([
        cmdline,
        isOurs,
      ]);
    }
    expect(await isRunningServer(process.pid, Date.now(), '/no/socket', '/no/proc')).toBe(false);
  });

  it('is that of another server where that began after it was written, as after a restart of the machine', async () => {
    const own = process.pid;
    const stat = (ticks: number) => `1 (node) of) S ${'0 '.repeat(18)}${ticks} 0 0\n`;
    using tree = tempTree({
      [`${own}/stat`]: stat(500_000),
      [`${process.ppid}/cmdline`]: 'wsgi-serve\0',
      [`${process.ppid}/stat`]: stat(500_000 - 6000),
    });
    // A minute before this process.
    const began = performance.timeOrigin - 60_000;
    const isServer = (at: number, socket = '/no/socket') =>
      isRunningServer(process.ppid, at, socket, tree.folder);
    expect([await isServer(began + 100), await isServer(began - 10_000)]).toEqual([true, false]);
    // Somebody who hangs may be the one.
    const path = join(tree.folder, 'site.sock');
    const server = createServer((socket) => socket.resume().end('what?\n'));
    await once(server.listen(path), 'listening');
    expect(await isServer(began - 10_000, path)).toBe(true);
    await new Promise((closed) => server.close(closed));
  });

  it('is that of no server when it is gone', async () => {
    const pid = await deadPid();
    using tree = tempTree({ [`${pid}/cmdline`]: 'wsgi-serve\0' });
    expect(await isRunningServer(pid, Date.now(), '/no/socket', tree.folder)).toBe(false);
  });

  it('is that of a server by its control socket', async () => {
    using tree = tempTree({});
    const path = join(tree.folder, 'site.sock');
    const server = createServer((socket) =>
      socket.resume().end(`{"ok":true,"result":{"pid":${process.pid}}}\n`),
    );
    await once(server.listen(path), 'listening');
    expect(await isRunningServer(process.pid, Date.now(), path, '/no/proc')).toBe(true);
    expect(await isRunningServer(process.ppid, Date.now(), path, '/no/proc')).toBe(false);
    await new Promise((closed) => server.close(closed));
  });
});
