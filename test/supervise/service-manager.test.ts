import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type SendNotification, ServiceManager } from '../../src/supervise/service-manager.js';
import { eventually } from '../helpers/eventually.js';
import { tempTree } from '../helpers/temp-tree.js';

/** A service manager that hears everything, and what it heard. */
function listening(env: NodeJS.ProcessEnv = {}, answer: () => Promise<string | null> = async () => null) {
  const heard: string[][] = [];
  const warnings: string[] = [];
  const send: SendNotification = (assignments) => {
    heard.push([...assignments]);
    return answer();
  };
  const manager = new ServiceManager({
    env: { NOTIFY_SOCKET: '/run/notify', ...env },
    pid: 42,
    send,
    warn: (message) => void warnings.push(message),
  });
  return { manager, heard, warnings };
}

describe('a service manager', () => {
  it('is told each state, with what belongs to it', async () => {
    const { manager, heard } = listening();
    await manager.notify({ kind: 'ready', status: 'serving\nREADY=0' });
    await manager.notify({ kind: 'reloading' });
    await manager.notify({ kind: 'status', status: '2 workers' });
    await manager.notify({ kind: 'stopping' });
    expect(heard[0]).toEqual(['READY=1', 'MAINPID=42', 'STATUS=serving READY=0']);
    expect(heard[1]).toEqual(['RELOADING=1', expect.stringMatching(/^MONOTONIC_USEC=\d+$/)]);
    expect(heard.slice(2)).toEqual([['STATUS=2 workers'], ['STOPPING=1']]);
  });

  it('is told one thing after the other', async () => {
    let free = (): void => undefined;
    const { manager, heard } = listening({}, () => new Promise((done) => (free = () => done(null))));
    void manager.notify({ kind: 'ready', status: 'a' });
    const last = manager.notify({ kind: 'stopping' });
    await eventually(() => heard.length === 1);
    free();
    await eventually(() => heard.length === 2);
    free();
    await last;
    expect(heard.map(([first]) => first)).toEqual(['READY=1', 'STOPPING=1']);
  });

  it('is not told anything where there is none', async () => {
    const heard: unknown[] = [];
    const send: SendNotification = async (assignments) => {
      heard.push(assignments);
      return null;
    };
    const manager = new ServiceManager({ env: { WATCHDOG_USEC: '1000' }, send });
    await manager.notify({ kind: 'ready', status: '' });
    expect([heard, manager.watchdogInterval]).toEqual([[], null]);
  });

  it('leaves no child of the server the means to speak for it', () => {
    const env = { NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '2000', WATCHDOG_PID: '42', PATH: '/bin' };
    const manager = new ServiceManager({ env, pid: 42, send: async () => null });
    expect([env, manager.watchdogInterval]).toEqual([{ PATH: '/bin' }, 1]);
  });

  it('that cannot be told harms nobody, and that is said once', async () => {
    const { manager, warnings } = listening({}, async () => 'spawn systemd-notify ENOENT');
    await manager.notify({ kind: 'ready', status: '' });
    await manager.notify({ kind: 'stopping' });
    expect(warnings).toEqual(['systemd cannot be told how the server is: spawn systemd-notify ENOENT']);
  });

  it('that cannot be told for want of systemd-notify is no error either', async () => {
    const warnings: string[] = [];
    const env = { NOTIFY_SOCKET: '/no/such/socket', PATH: '/no/such/folder' };
    const manager = new ServiceManager({ env, warn: (message) => void warnings.push(message) });
    await manager.notify({ kind: 'stopping' });
    expect(warnings).toEqual([expect.stringContaining('systemd-notify')]);
  });

  it('gets a sign of life at half the time that it waits for one, from the process that it watches', () => {
    const interval = (env: NodeJS.ProcessEnv) => listening(env).manager.watchdogInterval;
    expect(interval({ WATCHDOG_USEC: '30000000' })).toBe(15_000);
    expect(interval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' })).toBe(15_000);
    expect(interval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '41' })).toBeNull();
    expect(interval({ WATCHDOG_USEC: '0' })).toBeNull();
    expect(interval({ WATCHDOG_USEC: 'soon' })).toBeNull();
    expect(interval({})).toBeNull();
  });

  it('gets signs of life for as long as the server is well', async () => {
    const { manager, heard } = listening({ WATCHDOG_USEC: '2000' });
    let isWell = true;
    let asked = 0;
    const stop = manager.watch(() => {
      asked += 1;
      return isWell;
    });
    await eventually(() => heard.length >= 3);
    isWell = false;
    const [count, before] = [heard.length, asked];
    await eventually(() => asked > before + 3);
    stop();
    expect(heard).toHaveLength(count);
    expect(new Set(heard.flat())).toEqual(new Set(['WATCHDOG=1']));
  });

  const withTools = ['python3', 'systemd-notify'].every(
    (tool) => spawnSync(tool, ['--version']).status === 0,
  );
  (withTools ? it : it.skip)('hears it on its socket, through systemd-notify', async () => {
    using tree = tempTree({});
    const path = join(tree.folder, 'notify');
    const receiver = startReceiver(path);
    await eventually(() => receiver.said().includes('bound'));
    const warnings: string[] = [];
    const manager = new ServiceManager({
      env: { NOTIFY_SOCKET: path, PATH: process.env['PATH'] },
      warn: (message) => void warnings.push(message),
    });
    await manager.notify({ kind: 'ready', status: 'serving 1 server' });
    await manager.notify({ kind: 'stopping' });
    await eventually(() => receiver.said().includes('STOPPING=1'));
    receiver.child.kill();
    await once(receiver.child, 'exit');
    expect(warnings).toEqual([]);
    expect(receiver.said().split('\n')).toEqual(
      expect.arrayContaining(['READY=1', `MAINPID=${process.pid}`, 'STATUS=serving 1 server', 'STOPPING=1']),
    );
  });
});

/** systemd's end of the socket, which prints every datagram. */
function startReceiver(path: string): { readonly child: ChildProcess; said(): string } {
  const script = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1])
print('bound', flush=True)
while True: print(s.recv(4096).decode(), flush=True)`;
  const child = spawn('python3', ['-c', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  return { child, said: () => text };
}
