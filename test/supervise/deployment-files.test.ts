import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DeploymentFiles } from '../../src/supervise/deployment-files.js';
import { tempTree } from '../helpers/temp-tree.js';

describe('the files of a deployment', () => {
  it('are its own, what was read for it, and the environment beside it', async () => {
    using tree = tempTree({ 'site.ini': '[app:main]', 'other.ini': '[app:other]' });
    const at = (name: string) => join(tree.folder, name);
    const files = new DeploymentFiles(at('site.ini'), null);
    expect(new TextDecoder().decode(files.readFile(at('other.ini')))).toBe('[app:other]');
    expect(files.folder).toBe(tree.folder);
    expect(await files.all()).toEqual({
      files: [at('site.ini'), at('other.ini'), at('.env')],
      patterns: [],
    });
  });

  it('are those that cannot be read, too: that they are mended is news', async () => {
    using tree = tempTree({});
    const files = new DeploymentFiles(join(tree.folder, 'site.ini'), null);
    expect(() => files.readFile(join(tree.folder, 'base.ini'))).toThrow();
    expect((await files.all()).files).toContain(join(tree.folder, 'base.ini'));
  });

  it('are where a module was looked for as well: that it comes is news', async () => {
    const files = new DeploymentFiles('/srv/site.ini', null);
    files.onLocated({ section: 'app:main', url: null, searched: ['/srv/apps.mjs', '/srv/apps.js'] });
    expect((await files.all()).files).toEqual([
      ...['/srv/site.ini', '/srv/apps.mjs', '/srv/apps.js', '/srv/.env'],
    ]);
  });

  it('are named once each', async () => {
    using tree = tempTree({ 'site.ini': '' });
    const path = join(tree.folder, 'site.ini');
    const files = new DeploymentFiles(path, null);
    files.readFile(path);
    files.readFile(path);
    expect((await files.all()).files.filter((file) => file === path)).toHaveLength(1);
  });

  it('have patterns besides, relative to the deployment file', async () => {
    const files = new DeploymentFiles('/srv/conf/site.ini', null);
    files.watch(['templates/**/*.html', '../locale/*', '/etc/site.json']);
    expect((await files.all()).patterns).toEqual([
      ...['/srv/conf/templates/**/*.html', '/srv/locale/*', '/etc/site.json'],
    ]);
  });

  it('have no reasons and no packages where nobody notes what is loaded', () => {
    const files = new DeploymentFiles('/srv/site.ini', null);
    expect([files.why('/srv/apps.mjs'), files.packages]).toEqual([[], []]);
  });
});
