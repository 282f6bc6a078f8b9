import { describe, expect, it } from '@jest/globals';
import { requestBudget } from '../../src/supervise/request-budget.js';

describe('the requests that a worker answers', () => {
  it('have no limit unless there is one', () => {
    expect(requestBudget(0, 0)).toBe(Number.POSITIVE_INFINITY);
    expect(requestBudget(0, 50)).toBe(Number.POSITIVE_INFINITY);
  });

  it('are as many as the limit says where there is no jitter', () => {
    expect(requestBudget(1000, 0, () => 0.999)).toBe(1000);
  });

  it('are up to the jitter more, the jitter itself included', () => {
    expect(requestBudget(1000, 50, () => 0)).toBe(1000);
    expect(requestBudget(1000, 50, () => 0.5)).toBe(1025);
    expect(requestBudget(1000, 50, () => 0.999_999)).toBe(1050);
  });

  it('differ from worker to worker', () => {
    const budgets = new Set(Array.from({ length: 50 }, () => requestBudget(1000, 1_000_000)));
    expect(budgets.size).toBeGreaterThan(1);
  });
});
