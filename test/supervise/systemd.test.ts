import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  assignSockets,
  type InheritedSocket,
  straySocketError,
  takeInheritedSockets,
} from '../../src/supervise/systemd.js';

const MODULE = join(import.meta.dirname, '../../src/supervise/systemd.js');

function named(...names: readonly string[]): readonly InheritedSocket[] {
  return names.map((name, index) => ({ name, fd: 3 + index }));
}

function assigned(names: readonly string[], servers: readonly string[]): unknown {
  const { descriptors, strays } = assignSockets(named(...names), servers);
  return [Object.fromEntries(descriptors), strays.map(({ fd }) => fd)];
}

describe('sockets that systemd hands in', () => {
  it('are those of the variables, which are taken away', () => {
    const env = { LISTEN_PID: '42', LISTEN_FDS: '3', LISTEN_FDNAMES: 'main:admin', PATH: '/bin' };
    expect(takeInheritedSockets(env, 42)).toEqual([
      { name: 'main', fd: 3 },
      { name: 'admin', fd: 4 },
      { name: '', fd: 5 },
    ]);
    expect(env).toEqual({ PATH: '/bin' });
  });

  it('are none where they are for another process, or where the variables are nonsense', () => {
    const cases = [
      { LISTEN_PID: '41', LISTEN_FDS: '1' },
      { LISTEN_FDS: '1' },
      { LISTEN_PID: '42', LISTEN_FDS: '-1' },
      { LISTEN_PID: '42', LISTEN_FDS: '1e9' },
      { LISTEN_PID: '42', LISTEN_FDS: '' },
      { LISTEN_PID: '42' },
      {},
    ];
    for (const env of cases) {
      expect(takeInheritedSockets(env, 42)).toEqual([]);
      expect(env).toEqual({});
    }
  });

  const python = spawnSync('python3', ['--version']).status === 0 ? it : it.skip;
  python('can be listened on by the process that they are for', () => {
    const server = `
      import { createServer, connect } from 'node:net';
      import { takeInheritedSockets } from ${JSON.stringify(MODULE)};
      const [socket] = takeInheritedSockets();
      const server = createServer((client) => client.end(socket.name)).listen({ fd: socket.fd }, () => {
        connect(server.address().port, '127.0.0.1').on('data', (data) => {
          console.log(String(data), process.env.LISTEN_FDS ?? null);
          process.exit();
        });
      });`;
    const activator = `
import os, socket, sys
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); os.dup2(s.fileno(), 3); os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', LISTEN_FDNAMES='web')
os.execv(sys.argv[1], [sys.argv[1], '--input-type=module', '-e', sys.argv[2]])`;
    const args = ['-c', activator, process.execPath, server];
    const { stdout, stderr } = spawnSync('python3', args, { encoding: 'utf8', timeout: 20_000 });
    expect([stdout, stderr]).toEqual(['web null\n', '']);
  });

  it('are for the servers of their names', () => {
    expect(assigned(['admin', 'main'], ['main', 'admin'])).toEqual([{ admin: 3, main: 4 }, []]);
    expect(assigned(['admin.socket', 'main.socket'], ['main', 'admin'])).toEqual([{ admin: 3, main: 4 }, []]);
    expect(assigned(['a.socket'], ['a', 'a.socket'])).toEqual([{ 'a.socket': 3 }, []]);
  });

  it('are for the servers in order where they have no names of their own', () => {
    expect(assigned(['', ''], ['main', 'admin'])).toEqual([{ main: 3, admin: 4 }, []]);
    expect(assigned(['unknown', 'unknown'], ['main', 'admin'])).toEqual([{ main: 3, admin: 4 }, []]);
    expect(assigned(['site.socket', 'site.socket'], ['main', 'admin'])).toEqual([{ main: 3, admin: 4 }, []]);
    expect(assigned(['unknown', 'main'], ['main', 'admin'])).toEqual([{ main: 4, admin: 3 }, []]);
  });

  it('leave servers that bind their own address where there are fewer', () => {
    expect(assigned(['admin'], ['main', 'admin'])).toEqual([{ admin: 3 }, []]);
    expect(assigned([], ['main'])).toEqual([{}, []]);
  });

  it('are strays where their name is that of no server, twice that of one, or where there are more', () => {
    expect(assigned(['amdin', 'main'], ['main', 'admin'])).toEqual([{ main: 4 }, [3]]);
    expect(assigned(['main', 'main'], ['main', 'admin'])).toEqual([{ main: 3 }, [4]]);
    expect(assigned(['', '', 'site.socket'], ['main'])).toEqual([{ main: 3 }, [4, 5]]);
  });

  it('that are strays are told by name and descriptor, with the servers that there are', () => {
    const problem = straySocketError(named('amdin', 'unknown'), ['main', 'admin']);
    expect(problem?.exitCode).toBe(2);
    expect(problem?.message).toBe(
      'systemd hands in sockets that are for no server: "amdin" (descriptor 3), "unknown" (descriptor 4)',
    );
    expect(problem?.hint).toContain('Servers: admin, main. Did you mean "admin"?');
    expect(straySocketError([], ['main'])).toBeNull();
  });
});
