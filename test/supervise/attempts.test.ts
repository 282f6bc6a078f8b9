import { beforeEach, describe, expect, it } from '@jest/globals';
import { Attempts } from '../../src/supervise/attempts.js';
import { eventually } from '../helpers/eventually.js';

interface Run {
  readonly signal: AbortSignal;
  readonly end: (outcome: string) => void;
}

let runs: Run[];
let attempts: Attempts<string>;

beforeEach(() => {
  runs = [];
  attempts = new Attempts((signal) => new Promise((end) => runs.push({ signal, end })));
});

async function begun(count: number): Promise<Run> {
  await eventually(() => runs.length >= count);
  const run = runs[count - 1];
  if (run === undefined) throw new TypeError('it never began');
  return run;
}

describe('attempts', () => {
  it('come one behind the other, each with its own outcome', async () => {
    const first = attempts.ask();
    (await begun(1)).end('one');
    expect(await first).toBe('one');
    const second = attempts.ask();
    (await begun(2)).end('two');
    expect(await second).toBe('two');
  });

  it('that are asked for before one began are that one', async () => {
    const asked = [attempts.ask(), attempts.ask(), attempts.ask()];
    (await begun(1)).end('one');
    expect(await Promise.all(asked)).toEqual(['one', 'one', 'one']);
    expect(runs).toHaveLength(1);
  });

  it('that are asked for while one is under way are one more, which waits for it', async () => {
    const first = attempts.ask();
    const run = await begun(1);
    const asked = [attempts.ask(), attempts.ask(), attempts.ask()];
    await new Promise((round) => setImmediate(round));
    expect(runs).toHaveLength(1);
    run.end('one');
    (await begun(2)).end('two');
    expect(await Promise.all([first, ...asked])).toEqual(['one', 'two', 'two', 'two']);
    expect(runs).toHaveLength(2);
  });

  it('that are given up are told so, and the next is none of it', async () => {
    void attempts.ask();
    const run = await begun(1);
    const next = attempts.ask();
    attempts.abort();
    expect(run.signal.aborted).toBe(true);
    run.end('given up');
    const second = await begun(2);
    expect(second.signal.aborted).toBe(false);
    second.end('two');
    expect(await next).toBe('two');
  });
});
