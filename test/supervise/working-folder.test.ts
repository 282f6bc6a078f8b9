import { describe, expect, it } from '@jest/globals';
import { workingFolder } from '../../src/supervise/working-folder.js';
import { tempTree } from '../helpers/temp-tree.js';

describe('the folder that a process starts in', () => {
  it('is our own for as long as there is one of its name', () => {
    using tree = tempTree({ 'site.ini': '' });
    expect(workingFolder('/srv/site.ini', tree.folder)).toBe(tree.folder);
    expect(workingFolder('/srv/site.ini')).toBe(process.cwd());
  });

  it('is that of the deployment file where ours is gone, and else the topmost one', () => {
    using tree = tempTree({ 'site.ini': '' });
    expect(workingFolder(`${tree.folder}/site.ini`, '/no/such/folder')).toBe(tree.folder);
    expect(workingFolder('/nor/such/a/site.ini', '/no/such/folder')).toBe('/');
  });
});
