import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { answering, Developing, iniOf } from '../helpers/developing.js';
import { eventually } from '../helpers/eventually.js';
import { Traffic } from '../helpers/traffic.js';

const SLOWLY = 'await new Promise((go) => setTimeout(go, 300));';
const HANGING = 'await new Promise((go) => setTimeout(go, 2 ** 30));';

/** What a module can be broken by, and where the error says that it is. */
const BROKEN: Readonly<Record<string, readonly [module: string, place: string]>> = {
  'a syntax error': ['export const make = () => {\n  return (;\n};\n', 'apps.mjs:2'],
  'an import that is missing': ["import './missing.mjs';\n", 'missing.mjs'],
  'a factory that throws': [answering("''", { first: 'throw new Error("no database");' }), 'apps.mjs:3'],
  'a factory that hangs': [answering("''", { first: HANGING }), 'site.ini:5'],
  'a module that never ends': ['for (;;);', 'was not built within'],
};

const LIMITS = iniOf({ program: 'start_timeout = 500ms\nboot_timeout = 2s' });

describe('a version that cannot be built', () => {
  it.each(Object.keys(BROKEN))(
    'because of %s is told once, the last good one serves, and the fix does',
    async (what) => {
      const [module = '', place = ''] = BROKEN[what] ?? [];
      await using site = new Developing({ 'site.ini': LIMITS, 'apps.mjs': answering("'v1'") });
      expect(await site.body()).toBe('v1');
      site.write('apps.mjs', module);
      await site.failed();
      expect(await site.body()).toBe('v1');
      expect(site.cli.stderr.split(place)).not.toHaveLength(1);
      expect(site.cli.stderr.match(/^\S.*$/gm)).toHaveLength(1);
      const status = await site.run('status', '--format', 'json', 'site.ini');
      const { lastReload } = JSON.parse(status.stdout);
      expect(lastReload).toMatchObject({ outcome: 'failed', failure: { exitCode: 3 } });
      expect(site.cli.stderr).toContain(lastReload.failure.text);
      site.write('apps.mjs', answering("'mended'"));
      await eventually(async () => (await site.body()) === 'mended');
    },
  );

  it.each(Object.keys(BROKEN))('because of %s at the very start is waited for', async (what) => {
    const [module = '', place = ''] = BROKEN[what] ?? [];
    await using site = new Developing({ 'site.ini': LIMITS, 'apps.mjs': module });
    await eventually(() => site.cli.stderr.includes(place));
    site.write('apps.mjs', answering("'mended'"));
    expect(await site.body()).toBe('mended');
  });

  it('is mended by the file that it lacks', async () => {
    await using site = new Developing({ 'apps.mjs': answering("'v1'") });
    await site.body();
    site.write('apps.mjs', answering('word', { top: "import { word } from './missing.mjs';" }));
    await site.failed();
    site.write('missing.mjs', "export const word = 'found';");
    await site.changed(2);
    await eventually(async () => (await site.body()) === 'found');
  });

  it('is mended by the file that it lacks though the version that serves loads something else', async () => {
    const late = "(import('./late.mjs').then(({ word }) => (globalThis.word = word)), globalThis.word)";
    await using site = new Developing({
      'apps.mjs': answering(late),
      'late.mjs': "export const word = 'late';",
    });
    await site.cli.port('main');
    site.write('apps.mjs', answering('word', { top: "import { word } from './missing.mjs';" }));
    await site.failed();
    await eventually(async () => (await site.body()) === 'late');
    await eventually(async () => (await site.run('why', 'late.mjs', 'site.ini')).code === 0);
    site.write('missing.mjs', "export const word = 'found';");
    await site.changed(2);
    await eventually(async () => (await site.body()) === 'found');
  });

  it('for what the deployment file says is mended there', async () => {
    await using site = new Developing({ 'apps.mjs': answering("'v1'") });
    await site.body();
    site.write('site.ini', iniOf().replace('[app:main]', '[app:main'));
    await site.failed();
    expect(site.cli.stderr).toContain('site.ini:5:2');
    expect(await site.body()).toBe('v1');
    site.write('apps.mjs', answering("'v2'"));
    site.write('site.ini', iniOf());
    await eventually(async () => (await site.body()) === 'v2');
  });
});

describe('a request', () => {
  it('waits for the build, and is answered by the new code', async () => {
    await using site = new Developing({ 'apps.mjs': answering("'v1'", { first: SLOWLY }) });
    await site.body();
    for (let version = 2; version <= 4; version += 1) {
      site.write('apps.mjs', answering(`'v${version}'`, { first: SLOWLY }));
      await site.changed(version - 1);
      // A worker hears of it by a message, as every process here a moment after it was sent.
      await site.run('status', 'site.ini');
      expect(await Promise.all([site.body(), site.body(), site.body()])).toEqual(
        Array(3).fill(`v${version}`),
      );
    }
  });

  it('that has waited for long enough is answered by the old code', async () => {
    await using site = new Developing({
      'site.ini': iniOf({ program: 'hold_timeout = 100ms' }),
      'apps.mjs': answering("'v1'"),
    });
    await site.body();
    const gate = `const { existsSync } = await import('node:fs');
      while (!existsSync(new URL('./go', import.meta.url))) await new Promise((go) => setTimeout(go, 5));`;
    site.write('apps.mjs', answering("'v2'", { first: gate }));
    await site.changed();
    expect(await site.body()).toBe('v1');
    site.write('go', '');
    await site.reloaded(2);
    expect(await site.body()).toBe('v2');
  });

  it('waits as long as the newest deployment file says', async () => {
    await using site = new Developing({
      'site.ini': iniOf({ program: 'hold_timeout = 1h' }),
      'apps.mjs': answering("'v1'"),
    });
    await site.body();
    site.write('site.ini', iniOf({ program: 'hold_timeout = 100ms' }));
    await site.reloaded(2);
    site.write('apps.mjs', answering("'v2'", { first: HANGING }));
    await site.changed(2);
    expect(await site.body()).toBe('v1');
  });
});

describe('a change during a build', () => {
  it('is what is served in the end', async () => {
    await using site = new Developing({ 'apps.mjs': answering("'v1'", { first: SLOWLY }) });
    await site.body();
    for (let version = 2; version <= 6; version += 1) {
      site.write('apps.mjs', answering(`'v${version}'`, { first: SLOWLY }));
      await site.changed(version - 1);
    }
    await eventually(async () => (await site.body()) === 'v6');
    expect(site.cli.stderr).toBe('');
  });

  it('ends a build that hangs', async () => {
    await using site = new Developing({ 'apps.mjs': answering("'v1'") });
    await site.body();
    site.write('apps.mjs', answering("'v2'", { first: HANGING }));
    await site.changed();
    site.write('apps.mjs', answering("'v3'"));
    await eventually(async () => (await site.body()) === 'v3');
  });

  it('of a file that only this build has loaded ends it, too', async () => {
    await using site = new Developing({
      'apps.mjs': answering("'v1'"),
      'part.mjs': `export const word = 'v2';\nconsole.log('part began');\n${HANGING}`,
    });
    await site.body();
    site.write('apps.mjs', answering('word', { top: "import { word } from './part.mjs';" }));
    await site.cli.printed(/part began/);
    site.write('part.mjs', "export const word = 'v3';");
    await site.changed(2);
    await eventually(async () => (await site.body()) === 'v3');
  });

  it('ends the very first build that hangs', async () => {
    await using site = new Developing({
      'apps.mjs': answering("'v1'", { top: "console.log('begun');", first: HANGING }),
    });
    await site.cli.printed(/begun/);
    site.write('apps.mjs', answering("'v2'"));
    expect(await site.body()).toBe('v2');
  });
});

describe('ten saves under way', () => {
  it('lose no request, keep every connection, and nobody gets an old answer behind a new one', async () => {
    await using site = new Developing({ 'apps.mjs': answering("'v1'") });
    await using traffic = new Traffic({ to: await site.cli.port('main') });
    await traffic.sees('v1');
    for (let version = 2; version <= 11; version += 1) {
      site.write('apps.mjs', answering(`'v${version}'`));
      await traffic.sees(`v${version}`);
    }
    const { failures, opened, stale, bodies } = await traffic.end();
    expect({ failures, opened, stale, versions: bodies.size }).toEqual({
      failures: {},
      opened: 4,
      stale: 0,
      versions: 11,
    });
  });
});

/** Of a process: what it has open, and its children. */
function holdings(pid: number | undefined): { files: number; children: number } {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ');
  return { files: readdirSync(`/proc/${pid}/fd`).length, children: children.length };
}

(process.platform === 'linux' ? describe : describe.skip)('thirty saves', () => {
  it('leave no process and no open file behind', async () => {
    await using site = new Developing({ 'apps.mjs': answering("'v1'") });
    await site.body();
    const save = async (version: number): Promise<void> => {
      site.write('apps.mjs', answering(`'v${version}'`));
      await eventually(async () => (await site.body()) === `v${version}`);
    };
    for (let version = 2; version <= 6; version += 1) await save(version);
    const { pid } = site.cli.child;
    // The one that serves, and the one that stands by.
    await eventually(() => holdings(pid).children === 2);
    const { files } = holdings(pid);
    for (let version = 7; version <= 36; version += 1) await save(version);
    await eventually(() => holdings(pid).children === 2);
    expect(holdings(pid).files).toBeLessThanOrEqual(files + 2);
  });
});
