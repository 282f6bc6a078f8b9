// Who the workers run as: names and numbers of the deployment file to ids and an environment. Asked before anything is
// bound. Nothing is changed here: the supervisor stays root, and forks workers that can never become it again.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { both } from '../config/problems.js';
import { nearestName, WsgiServeError } from '../errors.js';

/** Whose rights workers have. They get no further groups: node's fork leaves them the one. */
export interface Privileges {
  readonly uid: number;
  readonly gid: number;
  /** The user's name, or the number where it has none. */
  readonly name: string;
  readonly home: string;
}

/** What the system knows of users. */
export interface Accounts {
  /** Of this process; null where the system has no such ids. */
  readonly uid: number | null;
  readonly gid: number | null;
  /** The text of /etc/passwd or /etc/group; empty where it cannot be read. */
  read(path: string): string;
  /** What a command prints; null where it fails or is not there. For users that a directory service knows. */
  run(command: string, args: readonly string[]): string | null;
}

/** Those of this machine. */
export const SYSTEM_ACCOUNTS: Accounts = {
  uid: process.getuid?.() ?? null,
  gid: process.getgid?.() ?? null,
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  },
  run(command, args) {
    const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 });
    return status === 0 ? stdout : null;
  },
};

/**
 * Whom `user` and `group`, each a name or a number, stand for; null where workers are to stay what this process is. Throws
 * `unknown-user`, and `not-root` where the process is somebody else who may not change.
 */
export function resolvePrivileges(
  { user, group }: { readonly user: string | null; readonly group: string | null },
  accounts = SYSTEM_ACCOUNTS,
): Privileges | null {
  if (user === null && group === null) return null;
  const [owner, gid] = both(
    () => userOf(user ?? String(accounts.uid ?? 0), group !== null, accounts),
    () => (group === null ? null : groupOf(group, accounts)),
  );
  const wanted = { ...owner, gid: gid ?? owner.gid };
  if (wanted.uid === accounts.uid && wanted.gid === accounts.gid) return null;
  if (accounts.uid === 0) return wanted;
  const as = [user === null ? '' : `user "${user}"`, group === null ? '' : `group "${group}"`];
  const message = `workers cannot run as ${as.filter(Boolean).join(' and ')}: the server does not run as root`;
  throw new WsgiServeError('not-root', message, {
    hint: 'Start it as root, which keeps the ports below 1024, too; or leave user and group out',
  });
}

/** The environment of the workers: what tells where a user's own files are is of the user that they run as. */
export function workerEnvironment(env: NodeJS.ProcessEnv, privileges: Privileges | null): NodeJS.ProcessEnv {
  if (privileges === null) return env;
  const { XDG_RUNTIME_DIR: _of, ...rest } = env;
  return { ...rest, HOME: privileges.home, USER: privileges.name, LOGNAME: privileges.name };
}

/** What is to be said where apps would run with all rights; null where they do not. */
export function rootWarning(privileges: Privileges | null, uid = SYSTEM_ACCOUNTS.uid): string | null {
  if ((privileges?.uid ?? uid) !== 0) return null;
  return 'apps run as root: set "user" in [wsgi-serve] to a user of less rights';
}

interface Group {
  readonly gid: number;
  readonly name: string;
}

/** A number that nobody has is a user without a name, who needs a group. */
function userOf(word: string, hasGroup: boolean, accounts: Accounts): Privileges {
  const users = entriesOf(accounts.read('/etc/passwd'), parseUser);
  const known =
    users.find(({ name }) => name === word) ??
    users.find(({ uid }) => String(uid) === word) ??
    askForUser(word, accounts);
  if (known !== null) return known;
  const uid = idOf(word);
  if (uid !== null && hasGroup) return { uid, gid: 0, name: word, home: '/' };
  throw unknown(
    'user',
    word,
    users,
    uid === null ? null : 'A number that no user has needs a "group" beside it',
  );
}

function groupOf(word: string, accounts: Accounts): number {
  const groups = entriesOf(accounts.read('/etc/group'), parseGroup);
  const known = groups.find(({ name }) => name === word) ?? askForGroup(word, accounts);
  const gid = known?.gid ?? idOf(word);
  if (gid === null) throw unknown('group', word, groups, null);
  return gid;
}

/** getent(1) knows all sources of names; where it is missing, as on macOS, id(1) knows the numbers at least. */
function askForUser(word: string, accounts: Accounts): Privileges | null {
  const entry = parseUser(accounts.run('getent', ['passwd', '--', word]) ?? '');
  if (entry !== null) return entry;
  const uid = idOf(accounts.run('id', ['-u', '--', word]) ?? '');
  const gid = idOf(accounts.run('id', ['-g', '--', word]) ?? '');
  return uid === null || gid === null ? null : { uid, gid, name: word, home: '/' };
}

function askForGroup(word: string, accounts: Accounts): Group | null {
  return parseGroup(accounts.run('getent', ['group', '--', word]) ?? '');
}

function entriesOf<Entry>(text: string, parse: (line: string) => Entry | null): readonly Entry[] {
  return text
    .split('\n')
    .map(parse)
    .filter((entry) => entry !== null);
}

/** passwd(5): name, password, uid, gid, comment, home, shell. */
function parseUser(line: string): Privileges | null {
  const [name = '', , uid = '', gid = '', , home = ''] = line.trim().split(':');
  const [user, group] = [idOf(uid), idOf(gid)];
  return user === null || group === null ? null : { uid: user, gid: group, name, home: home || '/' };
}

/** group(5): name, password, gid, members. */
function parseGroup(line: string): Group | null {
  const [name = '', , number = ''] = line.trim().split(':');
  const gid = idOf(number);
  return gid === null ? null : { gid, name };
}

/** The highest number of 32 bits means none. */
function idOf(text: string): number | null {
  const id = /^\s*(\d{1,10})\s*$/.exec(text)?.[1];
  return id === undefined || Number(id) >= 0xffff_ffff ? null : Number(id);
}

function unknown(
  what: 'user' | 'group',
  word: string,
  known: readonly { readonly name: string }[],
  hint: string | null,
): WsgiServeError {
  const near = nearestName(
    word,
    known.map(({ name }) => name),
  );
  return new WsgiServeError('unknown-user', `the ${what} "${word}", for the workers, does not exist`, {
    hint: near === null ? hint : `Did you mean "${near}"?`,
  });
}
