import { describe, expect, it } from '@jest/globals';
import { type AfterDeath, afterDeath, STABLE_AFTER } from '../../src/supervise/restart-policy.js';

const half = (): number => 0.5;

/** Lets a worker of one place die as often as there are times that it was up for. */
function deaths(times: readonly number[], maxRestarts = 0, random = half): readonly AfterDeath[] {
  const answers: AfterDeath[] = [];
  for (const upFor of times)
    answers.push(afterDeath(answers.at(-1)?.deaths ?? 0, upFor, maxRestarts, random));
  return answers;
}

function delays(answers: readonly AfterDeath[]): readonly number[] {
  return answers.map((answer) => (answer.kind === 'restart' ? answer.delay : -1));
}

describe('a worker that died', () => {
  it('is replaced at once, and later each time that it dies again', () => {
    const second = Array.from({ length: 9 }, () => 1000);
    expect(delays(deaths(second))).toEqual([0, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('is replaced at once again after a worker that was up for a minute', () => {
    expect(delays(deaths([0, 0, 0, STABLE_AFTER - 1, STABLE_AFTER, 0]))).toEqual([
      0, 1000, 2000, 4000, 0, 1000,
    ]);
  });

  it('is replaced up to a fifth earlier or later, so that not all come back together', () => {
    expect(delays(deaths([0, 0, 0], 0, () => 0))).toEqual([0, 800, 1600]);
    expect(delays(deaths([0, 0, 0], 0, () => 1))).toEqual([0, 1200, 2400]);
    for (const delay of delays(deaths([0, 0], 0, Math.random)).slice(1)) {
      expect(delay).toBeGreaterThanOrEqual(800);
      expect(delay).toBeLessThanOrEqual(1200);
    }
  });

  it('is not replaced any more after so many deaths in a row', () => {
    expect(deaths([0, 10, 20], 3)).toEqual([
      { kind: 'restart', deaths: 1, delay: 0 },
      { kind: 'restart', deaths: 2, delay: 1000 },
      { kind: 'give-up', deaths: 3 },
    ]);
  });

  it('is not counted with deaths from before a worker that was up for a minute', () => {
    const answers = deaths([0, 0, STABLE_AFTER, 0], 3);
    expect(answers.map(({ kind }) => kind)).toEqual(['restart', 'restart', 'restart', 'restart']);
  });

  it('is replaced for ever where there is no limit', () => {
    const many = deaths(
      Array.from({ length: 1000 }, () => 0),
      0,
    );
    expect(many.at(-1)).toEqual({ kind: 'restart', deaths: 1000, delay: 30_000 });
  });
});
