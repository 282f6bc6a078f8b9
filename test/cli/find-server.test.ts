import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { findControlSockets } from '../../src/cli/find-server.js';
import { controlSocketPaths } from '../../src/supervise/runtime-paths.js';
import { tempTree } from '../helpers/temp-tree.js';

const BASE = '[app:main]\npaste.app_factory = a:b\n[server:main]\n';

describe('the server that a command is meant for', () => {
  it('is the one with the pid file that is named, whatever file it serves', async () => {
    const beside = [resolve('run/site.control.sock')];
    expect(await findControlSockets(undefined, 'run/site.pid')).toEqual(beside);
    expect(await findControlSockets('site.ini', 'run/site.pid')).toEqual(beside);
  });

  it('is the one of the deployment file that is named, or of that file in the background here', async () => {
    using tree = tempTree({ 'site.ini': BASE });
    const file = join(tree.folder, 'site.ini');
    expect(await findControlSockets(file, undefined)).toEqual([
      ...controlSocketPaths({ file, pidFile: null }),
      resolve('wsgi-serve.control.sock'),
    ]);
  });

  it('is found by the file alone, whichever of its apps is named behind it', async () => {
    using tree = tempTree({ 'site.ini': BASE });
    const file = join(tree.folder, 'site.ini');
    expect(await findControlSockets(`${file}#other`, undefined)).toEqual(
      await findControlSockets(file, undefined),
    );
  });

  it('has the pid file that its deployment file names, relative to that', async () => {
    using tree = tempTree({ 'site.ini': `[wsgi-serve]\npid_file = run/own.pid\n${BASE}` });
    const paths = await findControlSockets(join(tree.folder, 'site.ini'), undefined);
    expect(paths[0]).toBe(join(tree.folder, 'run/own.control.sock'));
  });

  it.each(['[app:main\n', '[wsgi-serve]\npid_file =\n'])(
    'is found though its deployment file is broken by now: %j',
    async (text) => {
      using tree = tempTree({ 'site.ini': text });
      const file = join(tree.folder, 'site.ini');
      const [path] = await findControlSockets(file, undefined);
      expect(path).toBe(controlSocketPaths({ file, pidFile: null })[0]);
    },
  );
});
