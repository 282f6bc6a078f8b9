import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DEFAULT_LIMIT, formatLimit, type TimeLimit, within } from '../../src/build/time-limit.js';
import { createTargetLoader } from '../../src/load/load-target.js';
import type { Origin } from '../../src/source.js';
import { builderOf } from '../helpers/build-ini.js';
import { problemOf } from '../helpers/problems.js';

declare const nativeImport: (url: string) => Promise<unknown>;

const FIXTURES = resolve(import.meta.dirname, '../../../test/fixtures/modules');

const never = new Promise<never>(() => undefined);

/** A limit whose timers ring when the test says so. */
function handLimit(signal: AbortSignal | null = null) {
  const bells = new Set<() => void>();
  const limit: TimeLimit = {
    milliseconds: 60_000,
    signal,
    startTimer: (_milliseconds, ring) => {
      bells.add(ring);
      return () => bells.delete(ring);
    },
  };
  const ringAll = async () => {
    do await new Promise((next) => setImmediate(next));
    while (bells.size === 0);
    for (const ring of bells) ring();
  };
  return { limit, bells, ringAll };
}

const late = () => new Error('too late');

describe('within', () => {
  it('gives what the work gives, and stops the timer', async () => {
    const { limit, bells } = handLimit();
    expect(await within(limit, () => 1, late)).toBe(1);
    expect(await within(limit, async () => 2, late)).toBe(2);
    expect(bells.size).toBe(0);
  });

  it('fails as the work fails', async () => {
    const { limit, bells } = handLimit();
    await expect(within(limit, () => Promise.reject(new Error('fails')), late)).rejects.toThrow('fails');
    await expect(
      within(
        limit,
        () => {
          throw new Error('throws');
        },
        late,
      ),
    ).rejects.toThrow('throws');
    expect(bells.size).toBe(0);
  });

  it('waits no longer than the limit', async () => {
    const { limit, ringAll } = handLimit();
    const result = expect(within(limit, () => never, late)).rejects.toThrow('too late');
    await ringAll();
    await result;
  });

  it('starts no timer where there is no limit', async () => {
    const { limit, bells } = handLimit();
    const work = within(
      { ...limit, milliseconds: null },
      () => new Promise((done) => setImmediate(done, 'done')),
      late,
    );
    expect(bells.size).toBe(0);
    expect(await work).toBe('done');
  });

  it('ends when it is aborted, before and while it waits', async () => {
    const controller = new AbortController();
    const { limit, bells } = handLimit(controller.signal);
    const waiting = expect(within(limit, () => never, late)).rejects.toThrow('stopped');
    controller.abort(new Error('stopped'));
    await waiting;
    expect(bells.size).toBe(0);
    let called = false;
    await expect(
      within(
        limit,
        () => {
          called = true;
        },
        late,
      ),
    ).rejects.toThrow('stopped');
    expect(called).toBe(false);
  });

  it('has a real clock by default', async () => {
    await expect(within({ ...DEFAULT_LIMIT, milliseconds: 1 }, () => never, late)).rejects.toThrow(
      'too late',
    );
    expect(await within(DEFAULT_LIMIT, () => 'in time', late)).toBe('in time');
  });

  it('is told in seconds', () => {
    expect(formatLimit(DEFAULT_LIMIT)).toBe('60 seconds');
    expect(formatLimit({ ...DEFAULT_LIMIT, milliseconds: 1000 })).toBe('1 second');
    expect(formatLimit({ ...DEFAULT_LIMIT, milliseconds: 1500 })).toBe('1.5 seconds');
  });
});

describe('user code that hangs', () => {
  const INI = '[app:main]\npaste.app_factory = apps:make\n';

  it('is named: a factory', async () => {
    const { limit, ringAll } = handLimit();
    const { builder, spec } = builderOf(INI, { 'apps:make': () => never }, { limit });
    const [problem] = await Promise.all([problemOf(() => builder.buildApp(spec('main'))), ringAll()]);
    expect(problem.code).toBe('factory-failed');
    expect(problem.message).toBe('[app:main]: the factory apps:make is not done after 60 seconds');
    expect(problem.place?.origin.key).toBe('paste.app_factory');
  });

  it('is named: a module', async () => {
    const { limit, ringAll } = handLimit();
    const placeOf = (origin: Origin) => ({ origin, source: null });
    const targets = createTargetLoader(new Map(), placeOf, { importModule: nativeImport });
    const expression = `${FIXTURES}/never-loads.mjs:makeApp`;
    const { builder, spec } = builderOf(INI.replace('apps:make', expression), {}, { limit, targets });
    const [problem] = await Promise.all([problemOf(() => builder.buildApp(spec('main'))), ringAll()]);
    expect(problem.code).toBe('module-failed');
    expect(problem.message).toBe(`the module of "${expression}" is not loaded after 60 seconds`);
  });

  it('is named: a close()', async () => {
    const { limit, ringAll } = handLimit();
    const make = () => Object.assign(() => [], { close: () => never });
    const { builder, spec } = builderOf(INI, { 'apps:make': make }, { limit });
    const built = await builder.buildApp(spec('main'));
    const [problem] = await Promise.all([problemOf(() => built.close()), ringAll()]);
    expect(problem.message).toBe('[app:main]: close() fails: it is not done after 60 seconds');
  });

  it('does not keep a build that is given up, whose reason comes through, from closing the rest', async () => {
    const controller = new AbortController();
    const { limit } = handLimit(controller.signal);
    const ini = `[pipeline:main]\npipeline = slow site\n[app:site]\npaste.app_factory = apps:site\n[filter:slow]\npaste.filter_factory = apps:slow\n`;
    let closed = false;
    const site = () =>
      Object.assign(() => [], {
        close: () => {
          closed = true;
        },
      });
    const slow = () => {
      controller.abort(new Error('stopped by hand'));
      return never;
    };
    const { builder, spec } = builderOf(ini, { 'apps:site': site, 'apps:slow': slow }, { limit });
    await expect(builder.buildApp(spec('main'))).rejects.toThrow('stopped by hand');
    expect(closed).toBe(true);
  });
});
