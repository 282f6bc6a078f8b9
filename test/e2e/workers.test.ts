import { Agent, get } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { DeploymentFolder } from '../helpers/deployment-folder.js';
import { eventually } from '../helpers/eventually.js';
import { Cli, runCli } from '../helpers/run-cli.js';
import { Traffic } from '../helpers/traffic.js';

/** An app that answers with `version`; `extra` stands at the top of the module. */
function appOf(version: string, extra = ''): string {
  return `${extra}
export const make = () => async (environ, startResponse) => {
  const chunks = [];
  for await (const chunk of environ['wsgi.input']) chunks.push(chunk);
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return '${version}';
};
export const pid = () => (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return process.pid + ' ' + environ['wsgi.multiprocess'];
};
export const crash = () => (environ, startResponse) => {
  if (environ.PATH_INFO === '/crash') setImmediate(() => { throw new Error('the app broke'); });
  if (environ.PATH_INFO === '/exit') process.exit(0);
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return String(process.pid);
};
export const slow = () => async (environ, startResponse) => {
  console.log('slow began');
  startResponse('200 OK', []);
  await new Promise((go) => setTimeout(go, 500));
  return '${version} slowly';
};
`;
}

function ini(factory = 'make', server = 'port = 0'): string {
  return `[app:main]\npaste.app_factory = apps:${factory}\n[server:main]\n${server}\n`;
}

function folderWith(text = ini(), module = appOf('v1')): DeploymentFolder {
  return new DeploymentFolder({ 'apps.mjs': module, 'site.ini': text });
}

async function body(port: number, path = '/'): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })).text();
}

/** The same on a connection of the agent's. */
function kept(port: number, agent: Agent): Promise<string> {
  return new Promise((done, failed) => {
    const asked = get({ host: '127.0.0.1', port, agent }, (res) => {
      res.setEncoding('utf8').once('data', (text: string) => done(text));
    });
    asked.once('error', failed);
  });
}

/** Asks for a reload, and waits until generation `number` serves. */
async function reload(cli: Cli, number: number): Promise<void> {
  cli.child.kill('SIGHUP');
  await cli.printed(new RegExp(`reloaded, generation ${number}\\b`));
}

describe('workers', () => {
  it('share the address of a server, and know that there are several', async () => {
    using folder = folderWith(ini('pid'));
    await using cli = new Cli([folder.file('site.ini'), '--workers', '2']);
    const port = await cli.port('main');
    const seen = new Set<string>();
    await eventually(async () => seen.add(await body(port)).size === 2);
    expect([...seen].every((one) => one.endsWith('true'))).toBe(true);
    expect(await cli.stop()).toMatchObject({ code: 0, stderr: '' });
  });

  it('get about as many kept connections each, though one of them accepts all', async () => {
    using folder = folderWith(ini('pid'));
    await using cli = new Cli([folder.file('site.ini'), '--workers', '2']);
    const port = await cli.port('main');
    const agent = new Agent({ keepAlive: true });
    const answers = await Promise.all(Array.from({ length: 16 }, () => kept(port, agent)));
    agent.destroy();
    const counts = [...new Set(answers)].map((worker) => answers.filter((one) => one === worker).length);
    expect(counts.map((count) => count >= 5)).toEqual([true, true]);
  });

  it('are as many as the file says', async () => {
    using folder = folderWith(`[wsgi-serve]\nworkers = 2\n${ini('pid')}`);
    await using cli = new Cli([folder.file('site.ini')]);
    const port = await cli.port('main');
    const seen = new Set<string>();
    await eventually(async () => seen.add(await body(port)).size === 2);
  });

  it('finish the requests under way when the program stops', async () => {
    using folder = folderWith(ini('slow'));
    await using cli = new Cli([folder.file('site.ini'), '--workers', '1']);
    const answer = body(await cli.port('main'));
    await cli.printed(/slow began/);
    const { code } = await cli.stop();
    expect([await answer, code]).toEqual(['v1 slowly', 0]);
  });

  it('that cannot be built end the start with the place of the mistake, and its exit code', async () => {
    using folder = folderWith(ini('nothing'));
    const result = await runCli([folder.file('site.ini'), '--workers', '2']);
    expect(result.code).toBe(3);
    expect(result.stderr).toContain('site.ini:2:21: the module "apps" has no export "nothing"');
    expect(result.stderr).toContain('export-not-found');
  });

  it('that cannot have their address say whose it is', async () => {
    using folder = folderWith();
    await using first = new Cli([folder.file('site.ini'), '--workers', '1']);
    const port = await first.port('main');
    using other = folderWith(ini('make', `port = ${port}`));
    const result = await runCli([other.file('site.ini'), '--workers', '1']);
    expect(result.code).toBe(3);
    expect(result.stderr).toContain('address-in-use');
    expect(await body(port)).toBe('v1');
  });
});

describe('a reload', () => {
  it.each([1, 2])(
    'of %i workers loses no request, mixes no answers and closes no connection',
    async (count) => {
      using folder = folderWith();
      await using cli = new Cli([folder.file('site.ini'), '--workers', String(count)]);
      await using traffic = new Traffic({ to: await cli.port('main') });
      await traffic.sees('v1');
      for (let version = 2; version <= 9; version += 1) {
        folder.write('apps.mjs', appOf(`v${version}`));
        await reload(cli, version);
        await traffic.sees(`v${version}`);
      }
      const { failures, opened, stale, bodies } = await traffic.end();
      expect({ failures, opened, stale, versions: bodies.size }).toEqual({
        failures: {},
        opened: 4,
        stale: 0,
        versions: 9,
      });
    },
  );

  it('loses no request body either', async () => {
    using folder = folderWith();
    await using cli = new Cli([folder.file('site.ini'), '--workers', '2']);
    await using traffic = new Traffic({ to: await cli.port('main'), body: Buffer.alloc(16_384, 'x') });
    await traffic.sees('v1');
    for (let version = 2; version <= 5; version += 1) {
      folder.write('apps.mjs', appOf(`v${version}`));
      await reload(cli, version);
      await traffic.sees(`v${version}`);
    }
    expect((await traffic.end()).failures).toEqual({});
  });

  it('does as much on a unix socket', async () => {
    using folder = folderWith();
    const path = folder.file('site.sock');
    folder.write('site.ini', ini('make', `unix_socket = ${path}`));
    await using cli = new Cli([folder.file('site.ini'), '--workers', '1']);
    await cli.printed(/serving main on unix:/);
    await using traffic = new Traffic({ to: path });
    await traffic.sees('v1');
    folder.write('apps.mjs', appOf('v2'));
    await reload(cli, 2);
    await traffic.sees('v2');
    const { failures, opened, stale } = await traffic.end();
    expect({ failures, opened, stale }).toEqual({ failures: {}, opened: 4, stale: 0 });
  });

  it.each([
    ['a syntax error', 'export const make = (', 'module-failed'],
    [
      'a factory that throws',
      'export const make = () => { throw new Error("no database"); };',
      'no database',
    ],
    ['a module that is gone', null, 'module-not-found'],
  ])('of %s is told, and the old version goes on', async (_what, module, told) => {
    using folder = folderWith();
    await using cli = new Cli([folder.file('site.ini'), '--workers', '1']);
    const port = await cli.port('main');
    if (module === null) folder.write('site.ini', ini().replace('apps:', 'gone:'));
    else folder.write('apps.mjs', module);
    cli.child.kill('SIGHUP');
    await eventually(() => cli.stderr.includes(told));
    expect(await body(port)).toBe('v1');
    folder.write('site.ini', ini());
    folder.write('apps.mjs', appOf('mended'));
    await reload(cli, 3);
    expect(await body(port)).toBe('mended');
  });

  it('gives up a build that does not end in time', async () => {
    using folder = folderWith(`[wsgi-serve]\nboot_timeout = 1s\n${ini()}`);
    await using cli = new Cli([folder.file('site.ini'), '--workers', '1']);
    const port = await cli.port('main');
    folder.write('apps.mjs', 'for (;;) {}');
    cli.child.kill('SIGHUP');
    await eventually(() => cli.stderr.includes('was not built within 1 s'));
    expect(await body(port)).toBe('v1');
  });

  it('tells the place of a factory that does not end in time', async () => {
    using folder = folderWith(`[wsgi-serve]\nboot_timeout = 2s\n${ini()}`);
    await using cli = new Cli([folder.file('site.ini'), '--workers', '1']);
    const port = await cli.port('main');
    folder.write('apps.mjs', 'export const make = () => new Promise(() => {});');
    cli.child.kill('SIGHUP');
    await eventually(() =>
      cli.stderr.includes('site.ini:4:21: [app:main]: the factory apps:make is not done'),
    );
    expect(await body(port)).toBe('v1');
  });

  it('moves a server to its new port, and lets the old one go', async () => {
    using folder = folderWith();
    await using cli = new Cli([folder.file('site.ini'), '--workers', '1']);
    const before = await cli.port('main');
    const after = await freePort();
    folder.write('site.ini', ini('make', `port = ${after}`));
    await reload(cli, 2);
    expect(await body(after)).toBe('v1');
    await expect(body(before)).rejects.toThrow();
  });

  it('stays where it was if the new port is taken', async () => {
    using folder = folderWith();
    await using cli = new Cli([folder.file('site.ini'), '--workers', '1']);
    const port = await cli.port('main');
    using other = folderWith();
    await using neighbour = new Cli([other.file('site.ini')]);
    folder.write('site.ini', ini('make', `port = ${await neighbour.port('main')}`));
    cli.child.kill('SIGHUP');
    await eventually(() => cli.stderr.includes('address-in-use'));
    expect(await body(port)).toBe('v1');
  });

  it('stays where it was if it holds the new port for another host', async () => {
    using folder = folderWith();
    await using cli = new Cli([folder.file('site.ini'), '--workers', '1']);
    const port = await cli.port('main');
    folder.write('site.ini', ini('make', `host = 0.0.0.0\nport = ${port}`));
    cli.child.kill('SIGHUP');
    await eventually(() => cli.stderr.includes('address-in-use'));
    if (process.platform === 'linux') expect(cli.stderr).toContain('This server itself listens on the port');
    expect(await body(port)).toBe('v1');
  });

  it('opens and closes the servers that come and go, and leaves the others alone', async () => {
    using folder = folderWith(`${ini()}[server:more]\nport = 0\napp = main\n`);
    await using cli = new Cli([folder.file('site.ini'), '--workers', '1']);
    const more = await cli.port('more');
    await using traffic = new Traffic({ to: await cli.port('main') });
    folder.write('site.ini', ini());
    await reload(cli, 2);
    await expect(body(more)).rejects.toThrow();
    const next = await freePort();
    folder.write('site.ini', `${ini()}[server:next]\nport = ${next}\napp = main\n`);
    await reload(cli, 3);
    expect(await body(next)).toBe('v1');
    const { failures, opened } = await traffic.end();
    expect({ failures, opened }).toEqual({ failures: {}, opened: 4 });
  });

  it('that is asked for twenty times at once is done once or twice', async () => {
    using folder = folderWith();
    await using cli = new Cli([folder.file('site.ini'), '--workers', '1']);
    const port = await cli.port('main');
    for (let time = 0; time < 20; time += 1) cli.child.kill('SIGHUP');
    await cli.printed(/reloaded, generation 2/);
    await body(port);
    const { stdout } = await cli.stop();
    expect(stdout).not.toContain('generation 4');
  });
});

describe('a worker that dies', () => {
  async function workerOf(port: number): Promise<number> {
    return Number.parseInt(await body(port), 10);
  }

  it('is replaced, and nobody is refused meanwhile', async () => {
    using folder = folderWith(ini('crash'));
    await using cli = new Cli([folder.file('site.ini'), '--workers', '1']);
    const port = await cli.port('main');
    const first = await workerOf(port);
    process.kill(first, 'SIGKILL');
    const second = await workerOf(port);
    expect(second).not.toBe(first);
  });

  it('by an error that nobody caught finishes what it can first', async () => {
    using folder = folderWith(ini('crash'));
    await using cli = new Cli([folder.file('site.ini'), '--workers', '1']);
    const port = await cli.port('main');
    const first = await body(port, '/crash');
    await eventually(async () => (await body(port)) !== first);
    expect(cli.stdout).toContain('the app broke');
  });

  it('by exit in the app is replaced as well', async () => {
    using folder = folderWith(ini('crash'));
    await using cli = new Cli([folder.file('site.ini'), '--workers', '1']);
    const port = await cli.port('main');
    await expect(body(port, '/exit')).rejects.toThrow();
    expect(await workerOf(port)).toBeGreaterThan(0);
  });
});

describe('a supervisor that is killed', () => {
  it('leaves no worker behind, and its port to the next', async () => {
    using folder = folderWith(ini('pid'));
    await using cli = new Cli([folder.file('site.ini'), '--workers', '2']);
    const port = await cli.port('main');
    const worker = Number.parseInt(await body(port), 10);
    await cli.stop('SIGKILL');
    await eventually(() => !isAlive(worker));
    folder.write('site.ini', ini('pid', `port = ${port}`));
    await using next = new Cli([folder.file('site.ini'), '--workers', '1']);
    expect(await next.port('main')).toBe(port);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  using folder = folderWith();
  await using cli = new Cli([folder.file('site.ini')]);
  return await cli.port('main');
}
