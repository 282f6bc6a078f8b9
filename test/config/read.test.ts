import { execFileSync } from 'node:child_process';
import { symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { MAX_FILE_SIZE, readRegularFile, readSource } from '../../src/config/read.js';
import { tempTree } from '../helpers/temp-tree.js';
import { problemIn } from '../helpers/texts.js';

const place = { origin: { file: '/srv/a.ini', section: 's', key: 'use', span: null }, source: null };
const read = (path: string) => readSource(path, path, place, readRegularFile);

describe('reading a deployment file', () => {
  it('gives its text under the name that people know it by', () => {
    using tree = tempTree({ 'a.ini': '[app:main]\r\n' });
    const source = readSource(join(tree.folder, 'a.ini'), '/shown.ini', null, readRegularFile);
    expect(source).toEqual({ path: '/shown.ini', text: '[app:main]\n' });
  });

  it('says where a file is named that does not exist', () => {
    const problem = problemIn(() => read('/nowhere/a.ini'));
    expect(problem).toMatchObject({
      code: 'file-not-found',
      message: 'there is no file /nowhere/a.ini',
      place,
    });
  });

  it.each([
    ['a folder', 'folder', 'it is a folder'],
    ['a path through a file', 'folder/file/a.ini', 'a part of its path is not a folder'],
    ['a circle of links', 'link', 'its links lead round in a circle'],
    ['a FIFO, which would hang', 'fifo', 'it is not a regular file'],
    ['a file beyond the limit', 'large', `it is larger than ${MAX_FILE_SIZE} bytes`],
    ['a name that is too long', 'x'.repeat(300), 'its path is too long'],
  ])('refuses %s', (_title, name, why) => {
    using tree = tempTree({ 'folder/file': '', large: '' });
    symlinkSync('link', join(tree.folder, 'link'));
    execFileSync('mkfifo', [join(tree.folder, 'fifo')]);
    truncateSync(join(tree.folder, 'large'), MAX_FILE_SIZE + 1);
    const path = join(tree.folder, name);
    const problem = problemIn(() => read(path));
    expect(problem).toMatchObject({ code: 'file', message: `${path} cannot be read: ${why}`, place });
  });

  it('refuses devices', () => {
    expect(problemIn(() => read('/dev/zero')).code).toBe('file');
  });

  it('says so where there is no permission', () => {
    const refuse = () => {
      throw Object.assign(new Error('EACCES: no'), { code: 'EACCES' });
    };
    const problem = problemIn(() => readSource('/a.ini', '/a.ini', place, refuse));
    expect(problem.message).toBe('/a.ini cannot be read: no permission');
    expect(problem.cause).toBeInstanceOf(Error);
  });

  it('reads a file of just the limit', () => {
    using tree = tempTree({ large: '' });
    truncateSync(join(tree.folder, 'large'), MAX_FILE_SIZE);
    expect(readRegularFile(join(tree.folder, 'large'))).toHaveLength(MAX_FILE_SIZE);
  });
});
