import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { WatchFolder } from '../../src/supervise/folder-watches.js';
import { Watcher, type WatcherOptions } from '../../src/supervise/watcher.js';
import { eventually } from '../helpers/eventually.js';
import { tempTree } from '../helpers/temp-tree.js';

/** A folder that is watched for real; sweeps come so seldom that nothing but a notification can be what is noticed. */
class Watched implements AsyncDisposable {
  readonly reports: (readonly string[])[] = [];
  readonly problems: Error[] = [];
  readonly watcher: Watcher;
  readonly #tree: ReturnType<typeof tempTree>;

  private constructor(files: Readonly<Record<string, string>>, options: Partial<WatcherOptions>) {
    this.#tree = tempTree(files);
    this.watcher = new Watcher({
      onChange: (changed) => this.reports.push(changed.map((path) => relative(this.folder, path)).sort()),
      onProblem: (error) => this.problems.push(error),
      sweep: 3_600_000,
      ...options,
    });
  }

  /** Watches these of the files, all of them by default. */
  static async start(
    files: Readonly<Record<string, string>>,
    {
      watch = Object.keys(files),
      patterns = [],
      prepare = () => undefined,
      ...options
    }: Partial<WatcherOptions> & {
      watch?: readonly string[];
      patterns?: readonly string[];
      prepare?: (watched: Watched) => void;
    } = {},
  ): Promise<Watched> {
    const watched = new Watched(files, options);
    prepare(watched);
    await watched.update(watch, patterns);
    return watched;
  }

  get folder(): string {
    return this.#tree.folder;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text);
  }

  async update(files: readonly string[], patterns: readonly string[] = [], since?: number): Promise<void> {
    const absolute = (names: readonly string[]): string[] => names.map((name) => this.path(name));
    await this.watcher.update({ files: absolute(files), patterns: absolute(patterns) }, since);
  }

  /** Does something and waits until exactly these paths were told of, in however many reports. */
  async tells(paths: readonly string[], act: () => void | Promise<void>): Promise<void> {
    this.reports.length = 0;
    await act();
    await eventually(() => this.told().length >= paths.length);
    expect(this.told()).toEqual([...paths].sort());
  }

  told(): readonly string[] {
    return [...new Set(this.reports.flat())].sort();
  }

  /** Does something that must not be told of: a later change of `witness` is the first that is. */
  async tellsNothing(witness: string, act: () => void | Promise<void>): Promise<void> {
    await this.tellsOnce([], witness, act);
  }

  /** Does something and waits for a later change of `witness`: until that is told, each of these paths is so once. */
  async tellsOnce(paths: readonly string[], witness: string, act: () => void | Promise<void>): Promise<void> {
    this.reports.length = 0;
    await act();
    await eventually(() => paths.every((path) => this.told().includes(path)));
    this.write(witness, `${readFileSync(this.path(witness), 'utf8')}.`);
    await eventually(() => this.told().includes(witness));
    expect(this.reports.flat().sort()).toEqual([...paths, witness].sort());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watcher.close();
    this.#tree[Symbol.dispose]();
  }
}

describe('Watcher', () => {
  it('tells of a file that is written, again and again', async () => {
    await using watched = await Watched.start({ 'a.js': '0', 'lib/b.js': '0' });
    for (const text of ['1', '2', '3']) {
      await watched.tells(['a.js'], () => watched.write('a.js', text));
      await watched.tells(['lib/b.js'], () => watched.write('lib/b.js', text));
    }
  });

  it('tells of several files together', async () => {
    await using watched = await Watched.start({ 'a.js': '0', 'lib/b.js': '0' });
    await watched.tells(['a.js', 'lib/b.js'], () => {
      watched.write('a.js', '1');
      watched.write('lib/b.js', '1');
    });
    expect(watched.reports).toHaveLength(1);
  });

  it('tells of a file that is replaced by another, each time', async () => {
    await using watched = await Watched.start({ 'a.js': '0' });
    for (const text of ['1', '2', '3']) {
      await watched.tells(['a.js'], () => {
        watched.write('.a.js.tmp', text);
        renameSync(watched.path('.a.js.tmp'), watched.path('a.js'));
      });
    }
    expect(watched.reports).toHaveLength(1);
  });

  it('tells once of a file that vim saves: renamed, written anew, the old one deleted', async () => {
    await using watched = await Watched.start({ 'a.js': '0', 'b.js': '0' });
    for (const text of ['1', '2', '3']) {
      await watched.tellsOnce(['a.js'], 'b.js', () => {
        renameSync(watched.path('a.js'), watched.path('a.js~'));
        watched.write('a.js', text);
        unlinkSync(watched.path('a.js~'));
      });
    }
  });

  it('tells once of a file that is deleted and comes back, each time', async () => {
    await using watched = await Watched.start({ 'a.js': '0', 'b.js': '0' });
    for (const text of ['1', '2', '3']) {
      await watched.tellsOnce(['a.js'], 'b.js', async () => {
        unlinkSync(watched.path('a.js'));
        await setTimeout(30);
        watched.write('a.js', text);
      });
    }
  });

  it('says nothing of a file that is deleted and comes back as it was', async () => {
    await using watched = await Watched.start({ 'a.js': '0', 'b.js': '0' });
    await watched.tellsNothing('b.js', async () => {
      unlinkSync(watched.path('a.js'));
      await setTimeout(30);
      watched.write('a.js', '0');
    });
  });

  it('tells of a file that is gone for good, and of its return', async () => {
    await using watched = await Watched.start({ 'a.js': '0' });
    await watched.tells(['a.js'], () => unlinkSync(watched.path('a.js')));
    await watched.tells(['a.js'], () => watched.write('a.js', '0'));
  });

  it('says nothing of a touch, of the same text again, and of files that nobody asked for', async () => {
    await using watched = await Watched.start({ 'a.js': '0', 'b.js': '0' });
    await watched.tellsNothing('b.js', () => utimesSync(watched.path('a.js'), new Date(), new Date()));
    await watched.tellsNothing('b.js', () => watched.write('a.js', '0'));
    await watched.tellsNothing('b.js', () => {
      for (const name of ['server.log', 'server.pid', 'control.sock', 'unrelated.js'])
        watched.write(name, '1');
    });
  });

  it('is not held up by a log that is written all the time beside the file', async () => {
    await using watched = await Watched.start({ 'a.js': '0' }, { quiet: 100, longest: 3_600_000 });
    const log = setInterval(() => watched.write('server.log', String(performance.now())), 5);
    try {
      await watched.tells(['a.js'], () => watched.write('a.js', '1'));
    } finally {
      clearInterval(log);
    }
  });

  it('waits until it is quiet, but not for ever', async () => {
    await using watched = await Watched.start({ 'a.js': '0' }, { quiet: 3_600_000, longest: 100 });
    await watched.tells(['a.js'], () => watched.write('a.js', '1'));
  });

  it('tells of a file that begins to exist, deep in folders that do not', async () => {
    const missing = ['new.js', 'deep/er/new.js', 'node_modules'];
    await using watched = await Watched.start({ 'a.js': '0' }, { watch: missing });
    await watched.tells(['new.js'], () => watched.write('new.js', '1'));
    await watched.tells(['deep/er/new.js'], () => {
      mkdirSync(watched.path('deep/er'), { recursive: true });
      watched.write('deep/er/new.js', '1');
    });
  });

  it('tells of files in a folder that is deleted and made again', async () => {
    await using watched = await Watched.start({ 'lib/a.js': '0', 'lib/deep/b.js': '0' });
    for (const text of ['1', '2']) {
      await watched.tells(['lib/a.js', 'lib/deep/b.js'], () =>
        rmSync(watched.path('lib'), { recursive: true }),
      );
      await watched.tells(['lib/a.js', 'lib/deep/b.js'], () => {
        mkdirSync(watched.path('lib/deep'), { recursive: true });
        watched.write('lib/a.js', text);
        watched.write('lib/deep/b.js', text);
      });
      await watched.tells(['lib/deep/b.js'], () => watched.write('lib/deep/b.js', `${text} again`));
    }
  });

  it('tells of files in a folder that another one takes the place of', async () => {
    await using watched = await Watched.start({ 'lib/a.js': '0', 'lib/same.js': '0' });
    for (const text of ['1', '2']) {
      await watched.tells(['lib/a.js'], () => {
        mkdirSync(watched.path('next'));
        watched.write('next/a.js', text);
        watched.write('next/same.js', '0');
        renameSync(watched.path('lib'), watched.path(`old-${text}`));
        renameSync(watched.path('next'), watched.path('lib'));
      });
      await watched.tells(['lib/a.js'], () => watched.write('lib/a.js', `${text} again`));
    }
  });
});

describe('Watcher of links', () => {
  it('tells of what a link leads to, and of a link that leads elsewhere, each time', async () => {
    const files = { 'far/one.js': '1', 'elsewhere/two.js': '2', 'near/a.js': '' };
    await using watched = await Watched.start(files, {
      watch: ['near/link.js'],
      prepare: (tree) => symlinkSync('../far/one.js', tree.path('near/link.js')),
    });
    const point = (target: string): void => {
      symlinkSync(target, watched.path('near/new'));
      renameSync(watched.path('near/new'), watched.path('near/link.js'));
    };
    for (const text of ['3', '4']) {
      await watched.tells(['near/link.js'], () => watched.write('far/one.js', text));
      await watched.tells(['near/link.js'], () => point('../elsewhere/two.js'));
      await watched.tells(['near/link.js'], () => watched.write('elsewhere/two.js', `${text}${text}`));
      await watched.tells(['near/link.js'], () => point('../far/one.js'));
    }
  });

  it('tells of a release folder that is switched, even if the file is the same', async () => {
    const files = { 'releases/1/deploy.ini': '[app:main]', 'releases/2/deploy.ini': '[app:main]' };
    await using watched = await Watched.start(files, {
      watch: ['current/deploy.ini', 'releases/1/deploy.ini'],
      prepare: (tree) => symlinkSync('releases/1', tree.path('current')),
    });
    const release = (name: string): void => {
      symlinkSync(`releases/${name}`, watched.path('next'));
      renameSync(watched.path('next'), watched.path('current'));
    };
    await watched.tells(['current'], () => release('2'));
    await watched.tells(['current/deploy.ini'], () => watched.write('releases/2/deploy.ini', '[app:other]'));
    await watched.tells(['current', 'current/deploy.ini'], () => release('1'));
  });
});

describe('Watcher.update', () => {
  it('watches what it is told to and nothing else any more', async () => {
    await using watched = await Watched.start({ 'a.js': '0', 'b/b.js': '0' }, { watch: ['a.js'] });
    await watched.update(['b/b.js']);
    await watched.tellsNothing('b/b.js', () => watched.write('a.js', '1'));
  });

  it('tells of what was changed while a load went on', async () => {
    await using watched = await Watched.start({ 'a.js': '0' });
    await watched.tells(['a.js'], async () => {
      watched.write('a.js', '1');
      await watched.update(['a.js']);
    });
  });

  it('tells of a file that it did not know and that was changed since the load began', async () => {
    await using watched = await Watched.start({ 'a.js': '0', 'b.js': '0', 'c.js': '0' }, { watch: ['a.js'] });
    const since = Date.now() + 3_600_000;
    await watched.update(['a.js', 'b.js'], [], since);
    await watched.tells(['c.js'], () => watched.update(['a.js', 'b.js', 'c.js'], [], since - 7_200_000));
    expect(watched.reports).toHaveLength(1);
  });
});

describe('Watcher of patterns', () => {
  const files = { 'pages/a.html': '0', 'pages/sub/b.html': '0', 'pages/c.css': '0' };

  it('tells of files that are changed, made and deleted, in folders that are made, too', async () => {
    await using watched = await Watched.start(files, { watch: [], patterns: ['pages/**/*.html'] });
    await watched.tells(['pages/sub/b.html'], () => watched.write('pages/sub/b.html', '1'));
    await watched.tells(['pages/new.html'], () => watched.write('pages/new.html', '1'));
    await watched.tells(['pages/made/deep/x.html'], () => {
      mkdirSync(watched.path('pages/made/deep'), { recursive: true });
      watched.write('pages/made/deep/x.html', '1');
    });
    await watched.tells(['pages/made/deep/x.html'], () => watched.write('pages/made/deep/x.html', '2'));
    await watched.tells(['pages/new.html'], () => unlinkSync(watched.path('pages/new.html')));
    await watched.tells(['pages/new.html'], () => watched.write('pages/new.html', '1'));
  });

  it('says nothing of files beside them, and of a log in a folder that is watched as a whole', async () => {
    await using watched = await Watched.start(files, { watch: [], patterns: ['pages/*.html', 'pages/sub'] });
    await watched.tellsNothing('pages/a.html', () => {
      watched.write('pages/c.css', '1');
      watched.write('pages/sub/server.log', '1');
      mkdirSync(watched.path('pages/other'));
      watched.write('pages/other/x.html', '1');
    });
    await watched.tells(['pages/sub/any.txt'], () => watched.write('pages/sub/any.txt', '1'));
  });
});

describe('Watcher without notification', () => {
  /** As where the system's watches are used up. */
  const blind: WatchFolder = (_folder, _hear, fail) => {
    fail(
      Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), {
        code: 'ENOSPC',
      }),
    );
    return { ready: Promise.resolve(), close: () => Promise.resolve() };
  };
  const deaf: WatchFolder = () => ({ ready: Promise.resolve(), close: () => Promise.resolve() });

  it('warns once and looks by itself', async () => {
    await using watched = await Watched.start({ 'a.js': '0', 'lib/b.js': '0' }, { watchFolder: blind });
    expect(watched.problems.map((error) => 'code' in error && error.code)).toEqual(['ENOSPC']);
    await watched.tells(['lib/b.js'], () => watched.write('lib/b.js', '1'));
    await watched.update(['a.js']);
    expect(watched.problems).toHaveLength(1);
  });

  it('notices in a sweep what it did not hear, never half of it', async () => {
    await using watched = await Watched.start({ 'a.js': '0' }, { watchFolder: deaf, sweep: 20 });
    await watched.tells(['a.js'], () => watched.write('a.js', '1'));
    await watched.tells(['a.js'], () => unlinkSync(watched.path('a.js')));
  });

  it('sweeps files of packages, and tells of an install when it is over', async () => {
    const names = ['1', '2', '3', '4', '5'].map((name) => `node_modules/a/${name}.js`);
    const folders: string[] = [];
    const recording: WatchFolder = (folder, hear, fail) => {
      folders.push(folder);
      return deaf(folder, hear, fail);
    };
    const files = Object.fromEntries(names.map((name) => [name, '0']));
    await using watched = await Watched.start(
      { ...files, 'app.js': '' },
      { watchFolder: recording, sweep: 200 },
    );
    expect(folders).toEqual([watched.folder]);
    await watched.tells(names, async () => {
      for (const name of names) {
        watched.write(name, '1');
        await setTimeout(60);
      }
    });
    expect(watched.reports).toHaveLength(1);
  });
});

describe('Watcher of a checkout', () => {
  it('tells once of many files that are written one after another', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `f${index}.js`);
    const files = Object.fromEntries(names.map((name) => [name, 'a']));
    await using watched = await Watched.start(files, { quiet: 0 });
    await watched.tells(names, async () => {
      for (const name of names.slice(0, 20)) watched.write(name, 'b');
      for (const name of names.slice(20)) {
        await setTimeout(10);
        watched.write(name, 'b');
      }
    });
    expect(watched.reports).toHaveLength(1);
  });

  it('tells at once of five hundred files, and hears of each of them afterwards', async () => {
    const names = Array.from({ length: 500 }, (_, index) => `d${index % 25}/f${index}.js`);
    const git = (watched: Watched, ...args: string[]): void => {
      execFileSync('git', ['-c', 'user.email=a@b', '-c', 'user.name=a', ...args], {
        cwd: watched.folder,
        stdio: 'pipe',
      });
    };
    const files = Object.fromEntries(names.map((name) => [name, 'a']));
    await using watched = await Watched.start(files, {
      prepare(tree) {
        git(tree, 'init', '-q', '-b', 'a');
        git(tree, 'add', '-A');
        git(tree, 'commit', '-qm', 'a');
        git(tree, 'checkout', '-qb', 'b');
        for (const name of names) tree.write(name, `bb ${name}`);
        rmSync(tree.path('d3'), { recursive: true });
        git(tree, 'add', '-A');
        git(tree, 'commit', '-qm', 'b');
        git(tree, 'checkout', '-q', 'a');
      },
    });
    await watched.tells(names, () => git(watched, 'checkout', '-q', 'b'));
    expect(watched.reports.length).toBeLessThanOrEqual(2);
    await watched.tells(names, () => git(watched, 'checkout', '-q', 'a'));
    expect(watched.reports.length).toBeLessThanOrEqual(2);
    for (const name of ['d3/f3.js', 'd3/f28.js', 'd0/f0.js', 'd24/f499.js']) {
      await watched.tells([name], () => watched.write(name, 'edited'));
    }
  });
});

describe('Watcher.close', () => {
  it('tells of nothing any more, however early it is called', async () => {
    using tree = tempTree({ 'a.js': '0' });
    const reports: unknown[] = [];
    const watcher = new Watcher({ onChange: (changed) => reports.push(changed), sweep: 10 });
    const updated = watcher.update({ files: [join(tree.folder, 'a.js')], patterns: [] });
    await watcher.close();
    await updated;
    writeFileSync(join(tree.folder, 'a.js'), '1');
    await setTimeout(100);
    expect(reports).toEqual([]);
    await watcher.close();
  });
});
