import { closeSync, openSync } from 'node:fs';
import { request } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { DeploymentFolder } from '../helpers/deployment-folder.js';
import { eventually } from '../helpers/eventually.js';
import { Cli } from '../helpers/run-cli.js';

const APPS = `
export const talking = () => (environ, startResponse) => {
  environ['wsgi.errors'].write('to the log');
  console.log('to standard output');
  if (environ.PATH_INFO === '/fails') throw new Error('to the log too');
  if (environ.PATH_INFO === '/later') setImmediate(() => { throw new Error('nobody caught me'); });
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return ['served'];
};
`;

const SITE = `
[app:main]
paste.app_factory = apps:talking
[server:main]
unix_socket = %(here)s/s.sock
access_log = combined
`;

/** /dev/full is a disk that is always full. */
const FULL = '/dev/full';

function folderOf(): DeploymentFolder {
  return new DeploymentFolder({ 'apps.mjs': APPS, 'site.ini': SITE });
}

/** A program whose standard output is a full disk. */
function cliOnFullDisk(args: readonly string[]): Cli {
  const file = openSync(FULL, 'w');
  const cli = new Cli(args, { stdout: file });
  closeSync(file);
  return cli;
}

/** Asks on the unix socket of the folder; null while nobody listens there. */
function ask(folder: DeploymentFolder, path = '/'): Promise<string | null> {
  return new Promise((done) => {
    const asked = request({ socketPath: folder.file('s.sock'), path }, (response) => {
      response.setEncoding('utf8').once('data', done);
    });
    asked.once('error', () => done(null));
    asked.end();
  });
}

const COMPLAINT = /wsgi-serve: standard output cannot be written/g;

describe('a server whose standard output is a full disk', () => {
  it('goes on serving, says so once, and stops as it should', async () => {
    using folder = folderOf();
    await using cli = cliOnFullDisk([folder.file('site.ini')]);
    await eventually(async () => (await ask(folder)) === 'served');
    expect(await ask(folder, '/fails')).toBe('Internal Server Error\n');
    expect(await ask(folder)).toBe('served');
    const { code, stderr } = await cli.stop();
    expect([code, stderr.match(COMPLAINT)?.length]).toEqual([0, 1]);
    expect(stderr).toContain('ENOSPC');
  });

  it('ends, and does not hang, where user code throws where nobody can catch it', async () => {
    using folder = folderOf();
    await using cli = cliOnFullDisk([folder.file('site.ini')]);
    await eventually(async () => (await ask(folder)) === 'served');
    await ask(folder, '/later');
    expect((await cli.finished).code).toBe(1);
  });
});

describe('a server whose standard output is closed by its reader', () => {
  it('goes on serving, says so once, and stops as it should', async () => {
    using folder = folderOf();
    await using cli = new Cli([folder.file('site.ini')]);
    await cli.printed(/serving main/);
    cli.child.stdout?.destroy();
    await eventually(async () => {
      expect(await ask(folder)).toBe('served');
      return cli.stderr !== '';
    });
    expect(await ask(folder, '/fails')).toBe('Internal Server Error\n');
    expect(await ask(folder)).toBe('served');
    const { code, stderr } = await cli.stop();
    expect([code, stderr.match(COMPLAINT)?.length]).toEqual([0, 1]);
  });
});

describe('a command whose output cannot be written', () => {
  it.each(['show', 'check'])('fails on a full disk, and says why: %s', async (command) => {
    using folder = folderOf();
    await using cli = cliOnFullDisk([command, folder.file('site.ini')]);
    const { code, stderr } = await cli.finished;
    expect([code, stderr.match(COMPLAINT)?.length]).toEqual([1, 1]);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('ends quietly where the reader has seen enough', async () => {
    using folder = folderOf();
    await using cli = new Cli(['show', folder.file('site.ini')]);
    cli.child.stdout?.destroy();
    const { code, stderr } = await cli.finished;
    expect([code, stderr]).toEqual([0, '']);
  });
});
