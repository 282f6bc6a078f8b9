import { describe, expect, it } from '@jest/globals';
import { DeploymentFolder } from '../helpers/deployment-folder.js';
import { Cli, runCli } from '../helpers/run-cli.js';

const SERVERS = `
import { once } from 'node:events';
import { createServer } from 'node:http';

export const hello = () => (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return ['hello ' + environ.PATH_INFO];
};

/** A server that does as little as one can: it calls the app with a path, and sends the chunks. */
export async function run(app, globalConf, { greeting, closing }) {
  const server = createServer(async (req, res) => {
    res.write(greeting + ': ');
    for await (const chunk of await app({ PATH_INFO: req.url }, () => undefined)) res.write(chunk);
    res.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  console.log('serving mine on http://127.0.0.1:' + server.address().port);
  return {
    close() {
      server.closeAllConnections();
      server.close(() => console.log('mine is closed'));
      if (closing === 'badly') throw new Error('it sticks');
    },
  };
}

export const make = (globalConf, localConf) => (app) => run(app, globalConf, localConf);
export const throws = () => { throw new Error('out of order'); };
export const rejects = async () => { throw new Error('out of order'); };
export const rejectsAtWork = async () => {
  setInterval(() => undefined, 1000);
  throw new Error('out of order');
};
export const ends = async () => undefined;
`;

function folderWith(server: string): DeploymentFolder {
  return new DeploymentFolder({
    'servers.mjs': SERVERS,
    'site.ini': `[app:main]\npaste.app_factory = servers:hello\n[server:mine]\n${server}\n`,
  });
}

describe('a server of another make', () => {
  it.each(['use = call:servers:make', 'paste.server_runner = servers:run'])(
    'serves the app by "%s", and is closed in the end',
    async (line) => {
      using folder = folderWith(`${line}\ngreeting = mine`);
      await using cli = new Cli([folder.file('site.ini')]);
      const answer = await fetch(`http://127.0.0.1:${await cli.port('mine')}/there`);
      expect(await answer.text()).toBe('mine: hello /there');
      const { code, stdout } = await cli.stop();
      expect([code, stdout]).toEqual([0, expect.stringContaining('mine is closed')]);
    },
  );

  it('that throws at its start ends the program with the place, and the stack of its own error', async () => {
    using folder = folderWith('paste.server_runner = servers:throws');
    const { code, stderr } = await runCli(['site.ini'], { cwd: folder.path });
    expect(code).toBe(3);
    expect(stderr).toContain('site.ini:3:2: [server:mine] fails: out of order');
    expect(stderr).toMatch(/at \S*throws .*servers\.mjs:\d+/);
  });

  it('that fails later is told in the log with the place, and the others go on', async () => {
    using folder = folderWith('paste.server_runner = servers:rejects\n[server:other]\nport = 0');
    await using cli = new Cli(['site.ini'], { cwd: folder.path });
    const [line] = await cli.printed(/{[^\n]*\[server:mine\] fails[^\n]*}/);
    expect(JSON.parse(line)).toMatchObject({ level: 50, code: 'server-failed', at: 'site.ini:3:2' });
    const answer = await fetch(`http://127.0.0.1:${await cli.port('other')}/there`);
    expect(await answer.text()).toBe('hello /there');
    expect((await cli.stop()).code).toBe(0);
  });

  it.each(['rejects', 'rejectsAtWork'])(
    'that fails later as the last one ends the program: %s',
    async (name) => {
      using folder = folderWith(`paste.server_runner = servers:${name}`);
      const { code, stdout } = await runCli(['site.ini'], { cwd: folder.path });
      expect(stdout).toMatch(/\[server:mine\] fails[^\n]*\n(?:.*\n)*.*no server is left that serves/);
      expect(code).toBe(1);
    },
  );

  it('that ends without a word as the last one ends the program', async () => {
    using folder = folderWith('paste.server_runner = servers:ends');
    const { code, stdout } = await runCli(['site.ini'], { cwd: folder.path });
    expect(stdout).toContain('no server is left that serves');
    expect(code).toBe(1);
  });

  it('that cannot be closed is told in the log with the place', async () => {
    using folder = folderWith('paste.server_runner = servers:run\ngreeting = mine\nclosing = badly');
    await using cli = new Cli(['site.ini'], { cwd: folder.path });
    await (await fetch(`http://127.0.0.1:${await cli.port('mine')}/there`)).text();
    const { code, stdout } = await cli.stop();
    const [line = ''] = /{[^\n]*it sticks[^\n]*}/.exec(stdout) ?? [];
    expect(JSON.parse(line)).toMatchObject({ level: 50, code: 'close-failed', at: 'site.ini:3:2' });
    expect(code).toBe(0);
  });
});
