import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from '@jest/globals';
import { type Beat, startBeat } from '../../src/supervise/beat.js';
import { FakeClock } from '../helpers/fake-clock.js';

describe('the beat of a worker', () => {
  it('says at once and then each second how the worker is', () => {
    const clock = new FakeClock();
    const beats: Beat[] = [];
    let answered = 3;
    startBeat(
      (beat) => beats.push(beat),
      () => ({ answered, busy: 1, connections: 2 }),
      clock,
      () => 100 * answered,
    );
    expect(beats).toEqual([{ kind: 'beat', memory: 300, answered: 3, busy: 1, connections: 2 }]);
    answered = 4;
    clock.advance(999);
    expect(beats.length).toBe(1);
    clock.advance(1);
    expect(beats.at(-1)).toEqual({ kind: 'beat', memory: 400, answered: 4, busy: 1, connections: 2 });
    clock.advance(5000);
    expect(beats.length).toBe(7);
  });

  it('goes on while its memory cannot be measured', () => {
    const clock = new FakeClock();
    const beats: Beat[] = [];
    const measured = [100];
    startBeat(
      (beat) => beats.push(beat),
      () => ({ answered: 0, busy: 0, connections: 0 }),
      clock,
      () => {
        const memory = measured.pop();
        if (memory === undefined) throw new Error('EMFILE: too many open files');
        return memory;
      },
    );
    clock.advance(1000);
    expect(beats.map(({ memory }) => memory)).toEqual([100, 100]);
  });

  it('ends when it is told to', () => {
    const clock = new FakeClock();
    const beats: Beat[] = [];
    const stop = startBeat(
      (beat) => beats.push(beat),
      () => ({ answered: 0, busy: 0, connections: 0 }),
      clock,
    );
    clock.advance(1000);
    stop();
    clock.advance(5000);
    expect(beats.length).toBe(2);
    expect(clock.waiting).toBe(0);
  });

  it('has the resident memory of the process by default, and keeps no process alive', async () => {
    const module = new URL('../../src/supervise/beat.js', import.meta.url).href;
    const thread = new Worker(
      `import(${JSON.stringify(module)}).then(({ startBeat }) =>
        startBeat((beat) => require('node:worker_threads').parentPort.postMessage(beat), () => ({ answered: 0, busy: 0, connections: 0 })));`,
      { eval: true },
    );
    const heard = once(thread, 'message');
    const ended = once(thread, 'exit');
    expect(await heard).toEqual([
      { kind: 'beat', memory: expect.any(Number), answered: 0, busy: 0, connections: 0 },
    ]);
    expect(await ended).toEqual([0]);
  });
});
