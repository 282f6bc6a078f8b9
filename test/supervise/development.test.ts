import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../src/log.js';
import { Development } from '../../src/supervise/development.js';
import { plainFailure } from '../../src/supervise/failure.js';
import type { Outcome } from '../../src/supervise/supervision.js';
import { eventually } from '../helpers/eventually.js';

const OK: Outcome = { kind: 'ok', generation: 2, took: 1 };
const FAILED: Outcome = { kind: 'failed', generation: 2, failure: plainFailure('no database'), took: 1 };

/** What is asked of the supervisor, in its order. */
let calls: string[];
/** Ends the attempts under way, the oldest first. */
let ends: ((outcome: Outcome) => void)[];
let change: (paths: readonly string[]) => void;
let development: Development;
let lines: string[];

beforeEach(() => begin(60_000));
afterEach(() => development.close());

function begin(holdTimeout: number): void {
  [calls, ends, lines] = [[], [], []];
  const note = (call: string) => () => void calls.push(call);
  development = new Development(
    {
      supersede: () => {
        calls.push('supersede');
        return new Promise((end) => ends.push(end));
      },
      hold: note('hold'),
      release: note('release'),
      prepareStandby: note('prepare'),
      dropStandby: note('drop'),
    },
    {
      log: createLogger({ pretty: false, write: (line) => lines.push(line) }),
      holdTimeout: () => holdTimeout,
      watch: (onChange) => {
        change = onChange;
        return { update: ({ files }, since) => calls.push(`watch ${files} ${since}`), close: note('close') };
      },
    },
  );
}

describe('a change', () => {
  it('holds requests, and has a new generation built at once', () => {
    change(['/srv/apps.mjs']);
    expect(calls).toEqual(['hold', 'supersede']);
    expect(lines.join('')).toContain('/srv/apps.mjs changed: reloading');
  });

  it('of several files is told as one', () => {
    change(['/srv/apps.mjs', '/srv/site.ini']);
    expect(lines.join('')).toContain('/srv/apps.mjs and 1 more changed');
  });

  it('that builds releases nobody: the new generation has those who waited', async () => {
    change(['/srv/apps.mjs']);
    ends[0]?.(OK);
    await eventually(() => calls.includes('prepare'));
    expect(calls).toEqual(['hold', 'supersede', 'prepare']);
  });

  it('that does not build lets the old generation answer', async () => {
    change(['/srv/apps.mjs']);
    ends[0]?.(FAILED);
    await eventually(() => calls.includes('prepare'));
    expect(calls).toEqual(['hold', 'supersede', 'release', 'prepare']);
  });

  it('behind another one goes on holding, though the first attempt fails', async () => {
    change(['/srv/apps.mjs']);
    change(['/srv/apps.mjs']);
    ends[0]?.(FAILED);
    await sleep(10);
    // The first may have taken over before it could be given up.
    expect(calls).toEqual(['hold', 'supersede', 'hold', 'supersede', 'hold']);
    ends[1]?.(OK);
    await eventually(() => calls.includes('prepare'));
    expect(calls).not.toContain('release');
  });

  it('of a package has the process go that has loaded it already', () => {
    change(['/srv/node_modules/express/index.js']);
    expect(calls).toEqual(['hold', 'drop', 'supersede']);
  });
});

describe('requests', () => {
  it('wait for a build no longer than they are to', async () => {
    begin(1);
    change(['/srv/apps.mjs']);
    await eventually(() => calls.includes('release'));
    expect(calls).toEqual(['hold', 'supersede', 'release']);
  });

  it('are not released once it is all over', async () => {
    begin(5);
    change(['/srv/apps.mjs']);
    await development.close();
    await sleep(20);
    expect(calls).toEqual(['hold', 'supersede', 'close']);
  });
});

describe('what is watched', () => {
  it('is what the newest attempt stands on', () => {
    development.watch({ files: ['/srv/site.ini', '/srv/apps.mjs'], patterns: [] }, 7);
    development.watch({ files: ['/srv/site.ini'], patterns: [] }, 8);
    expect(calls).toEqual(['watch /srv/site.ini,/srv/apps.mjs 7', 'watch /srv/site.ini 8']);
    expect(development.size).toBe(1);
  });

  it('stays as it was where an attempt was ended before it could tell', () => {
    development.watch({ files: ['/srv/site.ini'], patterns: [] }, 7);
    development.watch({ files: [], patterns: [] }, 8);
    expect([calls, development.size]).toEqual([['watch /srv/site.ini 7'], 1]);
  });

  it('grows by what is loaded later', () => {
    development.watch({ files: ['/srv/site.ini'], patterns: [] }, 7);
    development.watchMore({ files: ['/srv/lazy.mjs', '/srv/site.ini'], patterns: [] }, 8);
    expect(calls[1]).toBe('watch /srv/site.ini,/srv/lazy.mjs 8');
  });
});
