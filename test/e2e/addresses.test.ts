import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../helpers/eventually.js';
import { ROOT } from '../helpers/run-cli.js';
import { bodyOf, Site } from '../helpers/site.js';

/** Alone, and with workers. */
const MODES = [[[]], [['--workers', '2']]] as const;

let other: ReturnType<typeof createServer>;
let taken: number;

beforeEach(async () => {
  other = createServer();
  await new Promise<void>((listens) => other.listen(0, '127.0.0.1', listens));
  taken = (other.address() as AddressInfo).port;
});

afterEach(() => {
  other.close();
});

/** A site with one more server for each of the texts. */
function siteWith(...servers: readonly string[]): Site {
  const site = new Site();
  const sections = servers.map((text, index) => `[server:s${index}]\napp = main\n${text}\n`);
  const app = '[app:main]\npaste.app_factory = apps:make\n[server:main]\nport = 0\n';
  site.folder.write('site.ini', app + sections.join(''));
  return site;
}

describe('an address', () => {
  it.each(MODES)('that two servers of a file ask for is had by none: %j', async (flags) => {
    other.close();
    await using site = siteWith(`port = ${taken}`, `port = ${taken}`, 'unix_socket = %(here)s/s.sock');
    const { code, stdout, stderr } = await site.run(site.file, ...flags);
    expect(code).toBe(3);
    expect(stderr).toContain(`site.ini:10:8: [server:s1] cannot listen on http://127.0.0.1:${taken}`);
    expect(stderr).toContain('address-in-use');
    if (flags.length > 0) expect(stderr).toContain('[server:s0] of the same file has it');
    expect(stdout).not.toContain('serving');
    expect(site.traces).toEqual([]);
  });

  it.each(MODES)('that is taken keeps all servers of the file from starting: %j', async (flags) => {
    await using site = siteWith('unix_socket = %(here)s/s.sock', `port = ${taken}`);
    const { code, stdout, stderr } = await site.run(site.file, ...flags);
    expect(code).toBe(3);
    expect(stderr).toContain(`[server:s1] cannot listen on http://127.0.0.1:${taken}`);
    expect(stdout).not.toContain('serving');
    expect(site.traces).toEqual([]);
  });

  it.each(MODES)(
    'that the process was started with is its server’s, whatever port the file has: %j',
    async (flags) => {
      await using site = siteWith('port = 1');
      site.folder.write('site.ini', `${site.read('site.ini').replace('port = 0', 'port = 1')}`);
      const second = createServer();
      await new Promise<void>((listens) => second.listen(0, '127.0.0.1', listens));
      const ports = [taken, (second.address() as AddressInfo).port];
      // As systemd does it: the process id is that of the program which takes the shell's place.
      const become = 'export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=main:s0; exec "$@"';
      const program = [process.execPath, resolve(ROOT, 'bin/wsgi-serve.js'), site.file, ...flags];
      const { NODE_OPTIONS: _options, ...env } = process.env;
      const child = spawn('sh', ['-c', become, 'sh', ...program], {
        env: { ...env, ...site.env },
        stdio: [
          'ignore',
          'pipe',
          'inherit',
          ...[other, second].map((one) => Object(Reflect.get(one, '_handle'))),
        ],
      });
      let said = '';
      child.stdout?.on('data', (data: Buffer) => (said += data));
      for (const [index, name] of ['main', 's0'].entries()) {
        await eventually(() => said.includes(`serving ${name} on http://127.0.0.1:${ports[index]}`));
      }
      other.close();
      second.close();
      expect(await Promise.all(ports.map((port) => bodyOf(port)))).toEqual(['v1', 'v1']);
      if (flags.length > 0) {
        expect((await site.run('reload', '--wait')).code).toBe(0);
        expect(await Promise.all(ports.map((port) => bodyOf(port)))).toEqual(['v1', 'v1']);
      }
      child.kill('SIGTERM');
      const [code] = await once(child, 'close');
      expect(code).toBe(0);
    },
  );

  it.each(MODES)('that this machine does not have is refused with those that it has: %j', async (flags) => {
    await using site = siteWith('port = 0\nhost = 203.0.113.1');
    const { code, stderr } = await site.run(site.file, ...flags);
    expect([code, stderr]).toEqual([3, expect.stringContaining('EADDRNOTAVAIL')]);
    expect(stderr).toContain('This machine has the addresses 127.0.0.1');
  });
});
