import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  type Accounts,
  resolvePrivileges,
  rootWarning,
  SYSTEM_ACCOUNTS,
  workerEnvironment,
} from '../../src/supervise/privileges.js';
import { problemOf } from '../helpers/problems.js';

const PASSWD = `root:x:0:0:root:/root:/bin/bash
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
7:x:70:71:a user whose name is a number:/seven:/bin/sh
bare:x:1001:1002::
+::::::
`;
const GROUP = 'root:x:0:\nwww-data:x:33:\nssl-cert:x:110:postgres\n';

function machine(changes: Partial<Accounts> = {}): Accounts {
  const read = (path: string) => (path === '/etc/passwd' ? PASSWD : path === '/etc/group' ? GROUP : '');
  return { uid: 0, gid: 0, read, run: () => null, ...changes };
}

const asked = (user: string | null, group: string | null, accounts = machine()) =>
  resolvePrivileges({ user, group }, accounts);

describe('the user of the workers', () => {
  it('is found by name or number, with the group and the home that it has', () => {
    const www = { uid: 33, gid: 33, name: 'www-data', home: '/var/www' };
    expect(asked('www-data', null)).toEqual(www);
    expect(asked('33', null)).toEqual(www);
    expect(asked('bare', null)).toEqual({ uid: 1001, gid: 1002, name: 'bare', home: '/' });
  });

  it('is one whose name is that number, where there is such a one', () => {
    expect(asked('7', null)).toMatchObject({ uid: 70, gid: 71 });
  });

  it('has the group that is named beside it, by name or number', () => {
    expect(asked('www-data', 'ssl-cert')).toMatchObject({ uid: 33, gid: 110 });
    expect(asked('www-data', '110')).toMatchObject({ uid: 33, gid: 110 });
    expect(asked('www-data', '4242')).toMatchObject({ uid: 33, gid: 4242 });
  });

  it('stays who it is where a group is named alone', () => {
    expect(asked(null, 'ssl-cert')).toEqual({ uid: 0, gid: 110, name: 'root', home: '/root' });
  });

  it('is a number that nobody has only together with a group', async () => {
    expect(asked('4242', '33')).toEqual({ uid: 4242, gid: 33, name: '4242', home: '/' });
    const problem = await problemOf(() => asked('4242', null));
    expect(problem.hint).toContain('needs a "group"');
  });

  it('is found where a directory service alone knows it, else by id', () => {
    const calls: string[] = [];
    const run = (command: string, args: readonly string[]) => {
      calls.push([command, ...args].join(' '));
      if (command === 'getent') return args[2] === 'ldap' ? 'ldap:*:5000:5001:L:/home/ldap:/bin/sh\n' : null;
      return args[2] === 'apple' ? (args[0] === '-u' ? '501\n' : '20\n') : null;
    };
    expect(asked('ldap', null, machine({ run }))).toEqual({
      uid: 5000,
      gid: 5001,
      name: 'ldap',
      home: '/home/ldap',
    });
    expect(asked('apple', null, machine({ run }))).toEqual({ uid: 501, gid: 20, name: 'apple', home: '/' });
    expect(calls).toContain('getent passwd -- ldap');
    const groups = (_: string, args: readonly string[]) => (args[2] === 'staff' ? 'staff:*:6000:\n' : null);
    expect(asked('bare', 'staff', machine({ run: groups }))).toMatchObject({ gid: 6000 });
  });

  it('is refused where it is unknown, with the nearest name, and the group with it', async () => {
    const problem = await problemOf(() => asked('www-dta', 'ssl-crt'));
    expect(problem.exitCode).toBe(2);
    expect(problem.problems.map(({ code, message, hint }) => [code, message, hint])).toEqual([
      ['unknown-user', 'the user "www-dta", for the workers, does not exist', 'Did you mean "www-data"?'],
      ['unknown-user', 'the group "ssl-crt", for the workers, does not exist', 'Did you mean "ssl-cert"?'],
    ]);
    for (const word of ['-1', '', '+', '4294967295', '3.5']) {
      expect((await problemOf(() => asked(word, '33'))).code).toBe('unknown-user');
    }
  });

  it('is nobody to change to where nothing is set, or where the process is that user', async () => {
    expect(asked(null, null)).toBeNull();
    expect(asked('root', 'root')).toBeNull();
    expect(asked('www-data', null, machine({ uid: 33, gid: 33 }))).toBeNull();
  });

  it('is refused to whoever is not root', async () => {
    const problem = await problemOf(() => asked('bare', 'ssl-cert', machine({ uid: 33, gid: 33 })));
    expect([problem.code, problem.exitCode]).toEqual(['not-root', 2]);
    expect(problem.message).toBe(
      'workers cannot run as user "bare" and group "ssl-cert": the server does not run as root',
    );
    const group = await problemOf(() => asked(null, '110', machine({ uid: 33, gid: 33 })));
    expect(group.message).toContain('cannot run as group "110":');
  });

  const onRoot = SYSTEM_ACCOUNTS.uid === 0 && existsSync('/etc/passwd') ? it : it.skip;
  onRoot('is what a process of its ids is, without a way back to root', () => {
    const nobody = resolvePrivileges({ user: 'nobody', group: null });
    const script = `
      let back = 'root again';
      try { process.setuid(0); } catch (error) { back = error.code; }
      console.log(JSON.stringify([process.getuid(), process.geteuid(), process.getgid(), process.getgroups(), back]));`;
    const { uid = -1, gid = -1 } = nobody ?? {};
    const { stdout } = spawnSync(process.execPath, ['-e', script], { uid, gid, cwd: '/', encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual([uid, uid, gid, [gid], 'EPERM']);
    expect(uid).toBeGreaterThan(0);
  });

  it('is looked for on this machine', async () => {
    const { uid, gid } = SYSTEM_ACCOUNTS;
    expect(resolvePrivileges({ user: String(uid), group: String(gid) })).toBeNull();
    expect((await problemOf(() => resolvePrivileges({ user: 'no such user', group: null }))).code).toBe(
      'unknown-user',
    );
  });
});

describe('the environment of workers', () => {
  it('has the home and the name of the user that they run as, and keeps the rest', () => {
    const env = {
      HOME: '/root',
      USER: 'root',
      LOGNAME: 'root',
      TMPDIR: '/var/tmp',
      XDG_RUNTIME_DIR: '/run/user/0',
    };
    expect(workerEnvironment(env, { uid: 33, gid: 33, name: 'www-data', home: '/var/www' })).toEqual({
      ...{ HOME: '/var/www', USER: 'www-data', LOGNAME: 'www-data', TMPDIR: '/var/tmp' },
    });
    expect(env.HOME).toBe('/root');
  });

  it('is that of the supervisor where they run as the same user', () => {
    const env = { HOME: '/home/me' };
    expect(workerEnvironment(env, null)).toEqual(env);
  });
});

describe('the warning about root', () => {
  it('comes where apps would run as root', () => {
    expect(rootWarning(null, 0)).toContain('"user"');
    expect(rootWarning({ uid: 0, gid: 110, name: 'root', home: '/root' }, 0)).toContain('root');
    expect(rootWarning({ uid: 33, gid: 33, name: 'www-data', home: '/' }, 0)).toBeNull();
    expect(rootWarning(null, 1000)).toBeNull();
    expect(rootWarning(null, null)).toBeNull();
  });
});
