import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../helpers/eventually.js';
import { ROOT } from '../helpers/run-cli.js';
import { bodyOf, Site } from '../helpers/site.js';

/** Stands for systemd: listens on a port of its own under the name `main`, then becomes the program. */
const ACTIVATOR = `
import os, socket, sys
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()
print('activated', s.getsockname()[1], flush=True)
os.dup2(s.fileno(), 3); os.set_inheritable(3, sys.argv[1] != 'closed')
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', LISTEN_FDNAMES='main' if sys.argv[1] == 'closed' else sys.argv[1])
os.execv(sys.argv[2], sys.argv[2:])`;

/** Hears what the service manager is told, line by line. */
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1])
print('listening', flush=True)
while True: print(s.recv(4096).decode(), flush=True)`;

const hasPython = spawnSync('python3', ['--version']).status === 0;
const python = hasPython ? it : it.skip;
const notify = hasPython && spawnSync('systemd-notify', ['--version']).status === 0 ? it : it.skip;

/** A process of Python's, what it printed so far, and its end. */
class Python implements AsyncDisposable {
  readonly child: ChildProcess;
  output = '';

  constructor(script: string, args: readonly string[], site: Site) {
    const { NODE_OPTIONS: _options, ...rest } = process.env;
    this.child = spawn('python3', ['-c', script, ...args], {
      env: { ...rest, ...site.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (data: Buffer) => (this.output += data));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'close');
  }
}

function activated(site: Site, name: string, ...flags: readonly string[]): Python {
  const program = [process.execPath, resolve(ROOT, 'bin/wsgi-serve.js'), site.file, ...flags];
  return new Python(ACTIVATOR, [name, ...program], site);
}

describe('sockets that systemd hands in (needs python3)', () => {
  python.each([
    ['workers', ['--workers', '2']],
    ['a single process', []],
  ])('are served by %s, in place of what the file says', async (_who, flags) => {
    // Somebody else's port: to bind it would fail.
    await using site = new Site({ server: 'port = 1' });
    await using server = activated(site, 'main', ...flags);
    await eventually(() => server.output.includes('serving main'));
    const port = Number(/activated (\d+)/.exec(server.output)?.[1]);
    expect(await bodyOf(port)).toBe('v1');
    expect(server.output).toContain(`serving main on http://127.0.0.1:${port}`);
    server.child.kill('SIGTERM');
    const [code] = await once(server.child, 'close');
    expect(code).toBe(0);
  });

  python('are still served after a reload', async () => {
    await using site = new Site({ server: 'port = 1' });
    await using server = activated(site, 'main', '--workers', '1');
    await eventually(() => server.output.includes('serving main'));
    const port = Number(/activated (\d+)/.exec(server.output)?.[1]);
    site.write('v2');
    expect((await site.run('reload', '--wait')).code).toBe(0);
    expect(await bodyOf(port)).toBe('v2');
  });

  python.each([
    ['workers', ['--workers', '1']],
    ['a single process', []],
  ])('and are for no server keep %s from starting', async (_who, flags) => {
    await using site = new Site();
    await using server = activated(site, 'mian', ...flags);
    const [code] = await once(server.child, 'close');
    expect([code, server.output]).toEqual([2, expect.stringContaining('Did you mean "main"?')]);
  });
});

describe('a descriptor that is no socket (needs python3)', () => {
  python.each([
    ['workers', ['--workers', '1']],
    ['a single process', []],
  ])('keeps %s from starting, and is told', async (_who, flags) => {
    await using site = new Site();
    await using server = activated(site, 'closed', ...flags);
    const [code] = await once(server.child, 'close');
    expect([code, server.output]).toEqual([3, expect.stringContaining('listen-failed')]);
  });
});

describe('the service manager (needs python3 and systemd-notify)', () => {
  notify.each([
    ['workers', ['--workers', '1']],
    ['a single process', []],
  ])('is told by %s when it serves, and that it stops', async (_who, flags) => {
    await using site = new Site();
    const path = site.folder.file('notify');
    await using listener = new Python(LISTENER, [path], site);
    await eventually(() => listener.output.includes('listening'));
    await using told = new Site({ env: { NOTIFY_SOCKET: path } });
    const cli = told.serve(...flags);
    await eventually(() => listener.output.includes('READY=1'));
    expect(listener.output).toContain(`MAINPID=${cli.child.pid}`);
    expect(listener.output).toContain('STATUS=');
    expect(listener.output).not.toContain('STOPPING=1');
    expect((await cli.stop()).code).toBe(0);
    await eventually(() => listener.output.includes('STOPPING=1'));
  });
});
