import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { DeploymentFolder } from '../helpers/deployment-folder.js';
import { eventually } from '../helpers/eventually.js';
import { Cli, runCli } from '../helpers/run-cli.js';

const APPS = `
const text = (body) => (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return [body(environ)];
};
export const hello = (globalConf, localConf) => text(() => localConf.greeting ?? 'hello');
export const globals = (globalConf) => text(() => JSON.stringify(globalConf));
export const scheme = () => text((environ) => environ['wsgi.url_scheme'] + ' ' + environ.SERVER_NAME);
export const fails = () => () => { throw new Error('out of order'); };
export const complains = () => text((environ) => { environ['wsgi.errors'].write('oh dear\\n'); return 'ok'; });
export const timer = () => { setInterval(() => {}, 1000); return text(() => 'ticks'); };
export const later = () => { setTimeout(() => { throw new Error('nobody caught me'); }, 50); return text(() => 'ok'); };
export const slow = () => async (environ, startResponse) => {
  startResponse('200 OK', []);
  return (async function* () {
    yield 'begun ';
    await new Promise((go) => process.once('SIGUSR2', go));
    yield 'ended';
  })();
};
export const closing = () => {
  const app = text(() => 'open');
  app.close = () => console.log('closed the app');
  return app;
};
`;

const app = (factory: string, extra = '') => `[app:main]\npaste.app_factory = apps:${factory}\n${extra}\n`;
const SERVER = '[server:main]\nport = 0\n';

function folderWith(ini: string): DeploymentFolder {
  return new DeploymentFolder({ 'apps.mjs': APPS, 'site.ini': ini });
}

async function body(cli: Cli, name = 'main'): Promise<string> {
  return (await fetch(`http://127.0.0.1:${await cli.port(name)}/`)).text();
}

describe('serving a file', () => {
  it('starts one listener for each server section, each with the app that it names', async () => {
    using folder = folderWith(
      `${app('hello')}[app:other]\nuse = main\ngreeting = other\n` +
        '[server:one]\nport = 0\napp = other\n[server:two]\nport = 0\n[server:other]\nport = 0\n',
    );
    await using cli = new Cli([folder.file('site.ini')]);
    expect([await body(cli, 'one'), await body(cli, 'two'), await body(cli, 'other')]).toEqual([
      'other',
      'hello',
      'other',
    ]);
  });

  it('starts the one server that --server-name names, with the app of --app-name', async () => {
    using folder = folderWith(
      `${app('hello')}[app:other]\nuse = main\ngreeting = other\n[server:a]\nport = 0\n[server:b]\nport = 0\n`,
    );
    await using cli = new Cli(['--server-name', 'b', '-n', 'other', folder.file('site.ini')]);
    expect(await body(cli, 'b')).toBe('other');
    expect(cli.stdout).not.toContain('serving a');
  });

  it('takes the app behind the # of the file, as paster does', async () => {
    using folder = folderWith(`${app('hello')}[app:other]\nuse = main\ngreeting = other\n${SERVER}`);
    await using cli = new Cli([`config:${folder.file('site.ini')}#other`]);
    expect(await body(cli)).toBe('other');
  });

  it('takes the servers of Paste, Waitress and gunicorn for its own', async () => {
    using folder = folderWith(
      `${app('hello')}[server:a]\nuse = egg:Paste#http\nport = 0\nuse_threadpool = true\n` +
        '[server:b]\nuse = egg:waitress#main\nlisten = 127.0.0.1:0\nthreads = 4\n' +
        '[server:c]\nuse = egg:gunicorn#main\nbind = [::1]:0\nworkers = 2\n',
    );
    await using cli = new Cli([folder.file('site.ini')]);
    expect([await body(cli, 'a'), await body(cli, 'b')]).toEqual(['hello', 'hello']);
    await cli.printed(/serving c on http:\/\/\[::1\]:\d+/);
  });

  it('lets a variable of the command line win over [DEFAULT]', async () => {
    using folder = folderWith(
      `[DEFAULT]\nname = file\n${app('globals')}[server:main]\nport = %(http_port)s\n`,
    );
    await using cli = new Cli([folder.file('site.ini'), 'http_port=0', 'name=line']);
    expect(JSON.parse(await body(cli))).toMatchObject({ name: 'line', http_port: '0' });
  });

  it('tells the app what url_scheme and server_name say', async () => {
    using folder = folderWith(`${app('scheme')}${SERVER}url_scheme = https\nserver_name = example.org\n`);
    await using cli = new Cli([folder.file('site.ini')]);
    expect(await body(cli)).toBe('https example.org');
  });

  it('listens on a unix socket with the permissions asked for', async () => {
    using folder = folderWith(`${app('hello')}[server:main]\nunix_socket = %(here)s/s.sock\n`);
    await using cli = new Cli([folder.file('site.ini')]);
    await cli.printed(/serving main on unix:/);
    const answer = await new Promise<string>((done) => {
      request({ socketPath: folder.file('s.sock'), path: '/' }, (response) => {
        response.setEncoding('utf8').on('data', done);
      }).end();
    });
    expect(answer).toBe('hello');
  });

  it('takes over a unix socket that a crashed server left behind', async () => {
    using folder = folderWith(`${app('hello')}[server:main]\nunix_socket = %(here)s/s.sock\n`);
    {
      await using first = new Cli([folder.file('site.ini')]);
      await first.printed(/serving main/);
      first.child.kill('SIGKILL');
      await first.finished;
    }
    await using second = new Cli([folder.file('site.ini')]);
    await second.printed(/serving main/);
  });

  it('answers 500 to a failing app, logs the failure, and goes on', async () => {
    using folder = folderWith(`${app('fails')}${SERVER}`);
    await using cli = new Cli([folder.file('site.ini')]);
    const url = `http://127.0.0.1:${await cli.port('main')}/a?b`;
    expect((await fetch(url)).status).toBe(500);
    expect((await fetch(url)).status).toBe(500);
    const [line] = await cli.printed(/{[^\n]*out of order[^\n]*}/);
    expect(JSON.parse(line)).toMatchObject({ level: 50, server: 'main', method: 'GET', target: '/a?b' });
  });

  it('logs what an app writes to wsgi.errors', async () => {
    using folder = folderWith(`${app('complains')}${SERVER}`);
    await using cli = new Cli([folder.file('site.ini')]);
    expect(await body(cli)).toBe('ok');
    await cli.printed(/"msg":"oh dear"/);
  });

  it('says nothing with -q but errors', async () => {
    using folder = folderWith(`${app('complains')}[server:main]\nunix_socket = %(here)s/s.sock\n`);
    await using cli = new Cli(['-q', '-q', folder.file('site.ini')]);
    await new Promise<void>((done) => {
      const ask = () => {
        const asked = request({ socketPath: folder.file('s.sock') }, () => done());
        asked.on('error', () => setTimeout(ask, 5));
        asked.end();
      };
      ask();
    });
    await cli.printed(/oh dear/);
    expect(cli.stdout).not.toContain('serving');
  });
});

describe('a server that cannot start', () => {
  it('starts none of the servers when one port is taken, and names line, address and owner', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((done) => other.once('listening', done));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      using folder = folderWith(`${app('closing')}[server:free]\nport = 0\n[server:taken]\nport = ${port}\n`);
      const { code, stdout, stderr } = await runCli([folder.file('site.ini')]);
      expect(code).toBe(3);
      expect(stderr).toMatch(/site\.ini:7:8: \[server:taken\] cannot listen on http:\/\/127\.0\.0\.1:\d+/);
      expect(stderr).toContain('address-in-use');
      if (process.platform === 'linux') expect(stderr).toContain(`pid ${process.pid}`);
      expect(stdout).not.toContain('serving');
      expect(stdout).toContain('closed the app');
    } finally {
      other.close();
    }
  });

  it.each([
    ['a file that is not there', ['nope.ini'], 2, 'file-not-found'],
    ['a folder', ['.'], 2, 'file'],
    ['an unknown option', ['--nope'], 2, "unknown option '--nope'"],
    ['no file', [], 2, "missing required argument 'file'"],
    ['a bad variable', ['site.ini', 'badvar'], 2, 'Variable assignment \'badvar\' invalid (no "=")'],
    ['a server that is not there', ['--server-name', 'mian', 'site.ini'], 2, 'Did you mean "main"?'],
    ['an app that is not there', ['-n', 'mian', 'site.ini'], 2, 'no-section'],
  ])('ends with exit code %3$d for %1$s', async (_title, args, code, words) => {
    using folder = folderWith(`${app('hello')}${SERVER}`);
    const result = await runCli(args, { cwd: folder.path });
    expect([result.code, result.stdout]).toEqual([code, '']);
    expect(result.stderr).toContain(words);
    expect(result.stderr).not.toMatch(/^\s+at /m);
  });

  it('ends although a module of the user has started a timer', async () => {
    using folder = folderWith(`${app('timer')}[server:main]\nport = 0\nprot = 1\n`);
    expect((await runCli(['check', folder.file('site.ini')])).code).toBe(2);
  });

  it('names every unknown and bad option of a server at once', async () => {
    using folder = folderWith(`${app('hello')}[server:main]\nprot = 1\nport = 80a\nbacklog = -1\n`);
    const { code, stderr } = await runCli([folder.file('site.ini')]);
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean "port"?');
    expect(stderr).toContain('port = "80a" is not a whole number from 0 to 65535');
    expect(stderr).toContain('backlog = "-1" is not a whole number from 1 to 2147483647');
  });
});

describe('stopping', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('closes the apps and exits with 0 on %s', async (signal) => {
    using folder = folderWith(`${app('closing')}${SERVER}`);
    await using cli = new Cli([folder.file('site.ini')]);
    expect(await body(cli)).toBe('open');
    const { code, stdout } = await cli.stop(signal);
    expect([code, stdout]).toEqual([0, expect.stringContaining('closed the app')]);
  });

  it('finishes the answer that is under way, and then closes its connection', async () => {
    using folder = folderWith(`${app('slow')}${SERVER}`);
    await using cli = new Cli([folder.file('site.ini')]);
    const port = await cli.port('main');
    let received = '';
    const ended = new Promise<void>((done) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
      socket.on('data', (data) => {
        received += data.toString();
        if (received.includes('begun ') && !received.includes('ended')) cli.child.kill('SIGTERM');
      });
      socket.once('close', () => done());
    });
    await cli.printed(/"msg":"stopping"/);
    await eventually(() => refuses(port));
    cli.child.kill('SIGUSR2');
    await ended;
    expect(received).toContain('ended');
    expect((await cli.finished).code).toBe(0);
  });

  it('cuts what does not end within graceful_timeout', async () => {
    using folder = folderWith(`${app('slow')}${SERVER}graceful_timeout = 100ms\n`);
    await using cli = new Cli([folder.file('site.ini')]);
    const port = await cli.port('main');
    const cut = new Promise<void>((done) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
      socket.once('data', () => cli.child.kill('SIGTERM'));
      socket.on('error', () => undefined);
      socket.once('close', () => done());
    });
    await cut;
    const { code, stdout } = await cli.finished;
    expect([code, stdout]).toEqual([0, expect.stringContaining('1 connections were cut')]);
  });

  it('ends at once on a second signal', async () => {
    using folder = folderWith(`${app('slow')}${SERVER}`);
    await using cli = new Cli([folder.file('site.ini')]);
    const port = await cli.port('main');
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
    socket.on('error', () => undefined);
    await new Promise((done) => socket.once('data', done));
    cli.child.kill('SIGTERM');
    await cli.printed(/"msg":"stopping"/);
    expect((await cli.stop('SIGTERM')).code).toBe(0);
  });

  it('drains and exits with 1 when user code throws where nobody can catch it', async () => {
    using folder = folderWith(`${app('later')}${SERVER}`);
    await using cli = new Cli([folder.file('site.ini')]);
    const { code, stdout } = await cli.finished;
    expect(code).toBe(1);
    expect(stdout).toContain('nobody caught me');
  });
});

function refuses(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => done(true));
    socket.once('connect', () => {
      socket.destroy();
      done(false);
    });
  });
}
