import { chmodSync, existsSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  controlSocketPath,
  controlSocketPaths,
  type Surroundings,
  surroundings,
} from '../../src/supervise/runtime-paths.js';
import { problemOf } from '../helpers/problems.js';
import { tempTree } from '../helpers/temp-tree.js';

const UID = process.getuid?.() ?? 0;
const FILE = '/srv/site/site.ini';
const NAME = /\/[0-9a-f]{16}\.sock$/;

function inFolder(folder: string, runtimeDir: string | null = null): Surroundings {
  return { runtimeDir, temporary: folder, uid: UID, platform: 'linux' };
}

describe('the control socket', () => {
  it('stands beside the pid file, and makes nothing there', () => {
    const paths = (pidFile: string) => controlSocketPath({ file: FILE, pidFile }, inFolder('/none'));
    expect(paths('/run/site.pid')).toBe('/run/site.control.sock');
    expect(paths('/run/site.pid.old')).toBe('/run/site.pid.old.control.sock');
    expect(paths('/run/site')).toBe('/run/site.control.sock');
    expect(controlSocketPaths({ file: FILE, pidFile: '/run/site.pid' })).toEqual(['/run/site.control.sock']);
  });

  it('stands in the runtime folder of the user where there is no pid file, in a folder for the user alone', () => {
    using tree = tempTree({});
    const path = controlSocketPath({ file: FILE, pidFile: null }, inFolder('/none', tree.folder));
    expect(path).toMatch(NAME);
    expect(path.startsWith(`${tree.folder}/wsgi-serve/`)).toBe(true);
    expect(lstatSync(join(tree.folder, 'wsgi-serve')).mode & 0o777).toBe(0o700);
  });

  it('is the same for the same file, and another for another file', () => {
    using tree = tempTree({});
    const path = (file: string) => controlSocketPath({ file, pidFile: null }, inFolder(tree.folder));
    expect(path(FILE)).toBe(path(FILE));
    expect(path(FILE)).not.toBe(path('/srv/site/other.ini'));
  });

  it('stands in the temporary folder where the runtime folder is missing, no folder or relative', () => {
    using tree = tempTree({ file: '' });
    for (const runtimeDir of [join(tree.folder, 'none'), join(tree.folder, 'file'), '.']) {
      const path = controlSocketPath({ file: FILE, pidFile: null }, inFolder(tree.folder, runtimeDir));
      expect(path.startsWith(`${tree.folder}/wsgi-serve-${UID}/`)).toBe(true);
    }
  });

  it('does not stand in the runtime folder of another user, as it is set after su', () => {
    using tree = tempTree({});
    const other = { ...inFolder(join(tree.folder, 'tmp'), tree.folder), uid: UID + 1 };
    const [path] = controlSocketPaths({ file: FILE, pidFile: null }, other);
    expect(path?.startsWith(join(tree.folder, 'tmp'))).toBe(true);
  });

  it('is looked for in both folders, which are not made for that', () => {
    using tree = tempTree({});
    const runtimeDir = join(tree.folder, 'run');
    mkdirSync(runtimeDir);
    const around = inFolder(tree.folder, runtimeDir);
    const paths = controlSocketPaths({ file: FILE, pidFile: null }, around);
    expect(paths.map((path) => path.replace(NAME, ''))).toEqual([
      join(runtimeDir, 'wsgi-serve'),
      join(tree.folder, `wsgi-serve-${UID}`),
    ]);
    expect(existsSync(join(runtimeDir, 'wsgi-serve'))).toBe(false);
    expect(paths).toContain(controlSocketPath({ file: FILE, pidFile: null }, around));
  });

  it('has a folder that is closed to others where it was open', () => {
    using tree = tempTree({});
    const folder = join(tree.folder, `wsgi-serve-${UID}`);
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    controlSocketPath({ file: FILE, pidFile: null }, inFolder(tree.folder));
    expect(lstatSync(folder).mode & 0o777).toBe(0o700);
  });

  it('is refused a folder that is a link, a file, or of another user, by servers and commands alike', async () => {
    using tree = tempTree({ 'file/wsgi-serve-0': '', 'own/wsgi-serve-1/x': '' });
    symlinkSync('/tmp', join(tree.folder, `wsgi-serve-${UID}`));
    symlinkSync(join(tree.folder, 'file/wsgi-serve-0'), join(tree.folder, 'file/link'));
    const cases: readonly [Surroundings, string][] = [
      [inFolder(tree.folder), 'symbolic link'],
      [{ ...inFolder(join(tree.folder, 'file')), uid: 0 }, 'is not a folder'],
      [{ ...inFolder(join(tree.folder, 'own')), uid: 1 }, `belongs to the user with id ${UID}, not to 1`],
    ];
    for (const [around, why] of cases) {
      for (const find of [controlSocketPath, controlSocketPaths]) {
        const problem = await problemOf(() => find({ file: FILE, pidFile: null }, around));
        expect(problem.code).toBe('control-socket');
        expect(problem.message).toContain(why);
      }
    }
  });

  it('is refused where the folder cannot be made', async () => {
    const problem = await problemOf(() =>
      controlSocketPath({ file: FILE, pidFile: null }, inFolder('/no/such/folder')),
    );
    expect(problem.message).toContain('/no/such/folder/wsgi-serve-');
    expect(problem.hint).toContain('pid_file');
  });

  it('has a path of as many bytes as the system has room for', async () => {
    const pidFile = `/run/${'n'.repeat(89)}.pid`;
    const long = { file: FILE, pidFile };
    expect(Buffer.byteLength(controlSocketPath(long, inFolder('/')))).toBe(107);
    const longer = { file: FILE, pidFile: pidFile.replace('n', '\u00e4') };
    const problem = await problemOf(() => controlSocketPath(longer, inFolder('/')));
    expect(problem.code).toBe('control-socket');
    expect(problem.message).toContain('108 bytes, more than the 107');
    const apple: Surroundings = { ...inFolder('/'), platform: 'darwin' };
    expect((await problemOf(() => controlSocketPaths(long, apple))).message).toContain('the 103 of');
  });

  it('is found by the environment', () => {
    expect(surroundings({ XDG_RUNTIME_DIR: '/run/user/7' }).runtimeDir).toBe('/run/user/7');
    expect(surroundings({ XDG_RUNTIME_DIR: '' }).runtimeDir).toBeNull();
    expect(surroundings({}).uid).toBe(UID);
  });
});
