import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Stamps } from '../../src/supervise/stamps.js';
import { FakeDisk } from '../helpers/disk.js';
import { tempTree } from '../helpers/temp-tree.js';

const APP = '/srv/app.js';
const PACKAGE = '/srv/node_modules/a/index.js';

/** A disk with an app and a package, and stamps of both. */
function stamped(): { disk: FakeDisk; stamps: Stamps; changed: () => readonly string[] } {
  const disk = new FakeDisk();
  disk.write(APP, 'one');
  disk.write(PACKAGE, 'one');
  const stamps = new Stamps(disk);
  stamps.baseline([APP, PACKAGE, '/srv/missing.js']);
  disk.reads.length = 0;
  const paths = [APP, PACKAGE, '/srv/missing.js'];
  return { disk, stamps, changed: () => stamps.compare(paths).map(({ path }) => path) };
}

describe('Stamps', () => {
  it('reads nothing while nothing has changed', () => {
    const { disk, changed } = stamped();
    expect(changed()).toEqual([]);
    expect(disk.reads).toEqual([]);
  });

  it('reads only the file whose stat differs', () => {
    const { disk, changed } = stamped();
    disk.write(APP, 'two', 2000);
    expect(changed()).toEqual([APP]);
    expect(disk.reads).toEqual([APP]);
  });

  it('takes a touch for no change, and reads the file no second time', () => {
    const { disk, changed } = stamped();
    disk.write(APP, 'one', 2000);
    expect([changed(), changed()]).toEqual([[], []]);
    expect(disk.reads).toEqual([APP]);
  });

  it('takes the same content in another file for no change', () => {
    const { disk, changed } = stamped();
    disk.replace(APP, 'one', 2000);
    expect(changed()).toEqual([]);
  });

  it('compares times without ordering them', () => {
    const { disk, changed } = stamped();
    disk.write(APP, 'two', 10);
    expect(changed()).toEqual([APP]);
  });

  it('goes on finding a change until it is taken', () => {
    const { disk, stamps, changed } = stamped();
    disk.write(APP, 'two', 2000);
    expect(changed()).toEqual([APP]);
    stamps.take(stamps.compare([APP]));
    expect(changed()).toEqual([]);
    disk.write(APP, 'one', 3000);
    expect(changed()).toEqual([APP]);
  });

  it('knows what is not there', () => {
    const { disk, stamps } = stamped();
    disk.files.delete(APP);
    disk.write('/srv/missing.js', 'new');
    const changes = stamps.compare([APP, '/srv/missing.js']);
    expect(changes.map(({ path, isGone }) => [path, isGone])).toEqual([
      [APP, true],
      ['/srv/missing.js', false],
    ]);
    stamps.take(changes);
    expect(stamps.compare([APP, '/srv/missing.js'])).toEqual([]);
  });

  it('takes a file that was emptied for one that is about to be written', () => {
    const { disk, stamps } = stamped();
    disk.write(APP, '', 3000);
    expect(stamps.compare([APP]).map(({ isGone }) => isGone)).toEqual([true]);
    disk.write(APP, 'two', 3000);
    expect(stamps.compare([APP]).map(({ isGone }) => isGone)).toEqual([false]);
  });

  it('takes a path that it was never told of for one that was not there', () => {
    const { disk, stamps } = stamped();
    disk.write('/srv/new.html', 'new');
    expect(stamps.compare(['/srv/new.html']).map(({ path }) => path)).toEqual(['/srv/new.html']);
  });

  it('never reads files of packages: their stat decides', () => {
    const { disk, changed } = stamped();
    disk.replace(PACKAGE, 'one');
    expect(changed()).toEqual([PACKAGE]);
    expect(disk.reads).toEqual([]);
  });

  it('never reads large files', () => {
    const { disk, stamps } = stamped();
    disk.write('/srv/large.json', 'x'.repeat(8 * 1024 * 1024 + 1));
    stamps.baseline(['/srv/large.json']);
    disk.write('/srv/large.json', 'x'.repeat(8 * 1024 * 1024 + 1), 2000);
    expect(stamps.compare(['/srv/large.json'])).toHaveLength(1);
    expect(disk.reads).toEqual([]);
  });

  it('looks again at a file that was written just before: its time may be too coarse to tell', () => {
    const { disk, stamps } = stamped();
    disk.clock = 5000;
    disk.write('/srv/young.js', 'one', 4900);
    stamps.baseline(['/srv/young.js']);
    disk.write('/srv/young.js', 'two', 4900);
    expect(stamps.compare(['/srv/young.js'])).toHaveLength(1);
  });

  it('trusts the time of a file once it is old', () => {
    const { disk, stamps } = stamped();
    disk.clock = 5000;
    disk.write('/srv/young.js', 'one', 4900);
    stamps.baseline(['/srv/young.js']);
    disk.clock = 9000;
    disk.reads.length = 0;
    expect([stamps.compare(['/srv/young.js']), stamps.compare(['/srv/young.js'])]).toEqual([[], []]);
    expect(disk.reads).toEqual(['/srv/young.js']);
  });

  it('keeps the stamps that it has when a load is over', () => {
    const { disk, stamps, changed } = stamped();
    disk.write(APP, 'two', 2000);
    stamps.baseline([APP]);
    expect(changed()).toEqual([APP]);
  });

  it('takes for changed what was changed behind the begin of the load that it hears of', () => {
    const { disk, stamps } = stamped();
    disk.write('/srv/before.js', 'x', 4000);
    disk.write('/srv/after.js', 'x', 6000);
    const paths = ['/srv/before.js', '/srv/after.js', APP];
    disk.write(APP, 'one', 6000);
    stamps.baseline(paths, 5000);
    const changes = stamps.compare(paths);
    expect(changes.map(({ path }) => path)).toEqual(['/srv/after.js']);
    stamps.take(changes);
    expect(stamps.compare(paths)).toEqual([]);
  });

  it('forgets what is not watched any more', () => {
    const { disk, stamps } = stamped();
    stamps.retain(new Set([PACKAGE]));
    disk.write(APP, 'two', 2000);
    stamps.baseline([APP]);
    expect(stamps.compare([APP])).toEqual([]);
  });

  it('stamps a folder by what is in it, without what comes and goes', () => {
    const { disk, stamps } = stamped();
    const entry = (name: string): { name: string; isFolder: boolean } => ({ name, isFolder: false });
    disk.folders.set('/srv/lib', [entry('a.js')]);
    stamps.baseline(['/srv/lib']);
    disk.folders.set('/srv/lib', [entry('a.js'), entry('server.log'), entry('server.pid'), entry('x.sock')]);
    expect(stamps.compare(['/srv/lib'])).toEqual([]);
    disk.folders.set('/srv/lib', [entry('a.js'), entry('b.js')]);
    expect(stamps.compare(['/srv/lib'])).toHaveLength(1);
  });
});

describe('Stamps of a real disk', () => {
  it('follow links', () => {
    using tree = tempTree({ 'one.js': '1', 'same.js': '1', 'two.js': '2' });
    const path = (name: string): string => join(tree.folder, name);
    const point = (target: string): void => {
      symlinkSync(target, path('new-link.js'));
      renameSync(path('new-link.js'), path('link.js'));
    };
    point('one.js');
    const stamps = new Stamps();
    stamps.baseline([path('link.js')]);
    point('same.js');
    expect(stamps.compare([path('link.js')])).toEqual([]);
    point('two.js');
    expect(stamps.compare([path('link.js')])).toHaveLength(1);
    rmSync(path('two.js'));
    expect(stamps.compare([path('link.js')])[0]?.isGone).toBe(true);
  });

  it('tell a touch from a change, and a file from a folder', () => {
    using tree = tempTree({ 'a.js': '1' });
    const file = join(tree.folder, 'a.js');
    const stamps = new Stamps();
    stamps.baseline([file]);
    utimesSync(file, new Date(), new Date());
    expect(stamps.compare([file])).toEqual([]);
    writeFileSync(file, '2');
    expect(stamps.compare([file])).toHaveLength(1);
    rmSync(file);
    mkdirSync(file);
    expect(stamps.compare([file])).toHaveLength(1);
  });

  it('do not fail where nothing can be looked at', () => {
    using tree = tempTree({ 'a.js': '' });
    symlinkSync('loop', join(tree.folder, 'loop'));
    const paths = [join(tree.folder, 'loop'), join(tree.folder, 'a.js/below'), '/nowhere/at\0all'];
    const stamps = new Stamps();
    stamps.baseline(paths);
    expect(stamps.compare(paths)).toEqual([]);
  });
});
