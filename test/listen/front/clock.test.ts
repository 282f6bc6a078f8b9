import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/listen/front/clock.js';

/** Resolves when the clock has called, with what it had called until then. */
function rung(delays: readonly number[]): Promise<readonly number[]> {
  return new Promise((resolve) => {
    const called: number[] = [];
    const cancels = delays.map((delay) => systemClock.after(delay, () => called.push(delay)));
    // The clock keeps nobody waiting: a timer of the test's own does.
    setTimeout(() => {
      for (const cancel of cancels) cancel();
      resolve(called);
    }, 30);
  });
}

describe('the clock', () => {
  it('calls when the time has come, and not before', async () => {
    expect(await rung([5, 60_000])).toEqual([5]);
  });

  it('waits for as long as a file may say, which is longer than a timer of Node takes', async () => {
    expect(await rung([2 ** 31, 365 * 24 * 3_600_000, Number.MAX_SAFE_INTEGER])).toEqual([]);
  });

  it('calls nobody who has called it off', async () => {
    const called: string[] = [];
    systemClock.after(1, () => called.push('called'))();
    await rung([]);
    expect(called).toEqual([]);
  });

  it('never goes back', () => {
    const times = Array.from({ length: 100 }, () => systemClock.now());
    expect(times).toEqual([...times].sort((one, other) => one - other));
  });
});
