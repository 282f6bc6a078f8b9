import { describe, expect, it } from '@jest/globals';
import { Settling } from '../../src/supervise/settling.js';
import type { Change } from '../../src/supervise/stamps.js';

const change = (path: string, key = '1'): Change => ({
  path,
  stamp: { key, content: null, isYoung: false },
  isGone: false,
});

describe('Settling', () => {
  it('waits until changes have been the same for long enough', () => {
    const settling = new Settling(100);
    expect(settling.wait([change('a')], 0)).toBe(100);
    expect(settling.wait([change('a')], 40)).toBe(60);
    expect(settling.wait([change('a')], 100)).toBe(0);
  });

  it('begins anew with every further change', () => {
    const settling = new Settling(100);
    settling.wait([change('a')], 0);
    expect(settling.wait([change('a'), change('b')], 50)).toBe(100);
    expect(settling.wait([change('a', '2'), change('b')], 120)).toBe(100);
    expect(settling.wait([change('a', '2'), change('b')], 220)).toBe(0);
  });

  it('does not wait for ever', () => {
    const settling = new Settling(100);
    let waits = 0;
    for (let now = 0; settling.wait([change('a', String(now))], now) > 0; now += 50) waits += 1;
    expect(waits).toBe(200);
  });

  it('forgets changes that were taken back, and those that were told', () => {
    const settling = new Settling(100);
    settling.wait([change('a')], 0);
    expect(settling.wait([], 50)).toBe(0);
    expect(settling.wait([change('a')], 20_000)).toBe(100);
    expect(settling.wait([change('a')], 20_100)).toBe(0);
    expect(settling.wait([change('a')], 40_000)).toBe(100);
  });
});
