import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ProgramOptions } from '../../src/listen/program-options.js';
import { createLogger } from '../../src/log.js';
import { Crew } from '../../src/supervise/crew.js';
import { Replacements } from '../../src/supervise/replacements.js';
import type { Built, Failed } from '../../src/supervise/worker-handle.js';
import { eventually } from '../helpers/eventually.js';
import { built, type FakeOptions, FakeWorker, failed, orderOf } from '../helpers/fake-worker.js';

let workers: FakeWorker[];
/** What the workers to come do, in their order; those behind do well. */
let plans: FakeOptions[];
let crew: Crew | null;
let lines: string[];
let served: number;
let hasGivenUp: boolean;
let replacements: Replacements;

beforeEach(() => {
  [workers, plans, crew, lines, served, hasGivenUp] = [[], [], null, [], 0, false];
  replacements = new Replacements({
    log: createLogger({ pretty: false, write: (line) => lines.push(line) }),
    crew: () => crew,
    serving: () => {
      served += 1;
    },
    giveUp: () => {
      hasGivenUp = true;
    },
  });
});

afterEach(() => replacements.stop());

function recruit(): FakeWorker {
  const worker = new FakeWorker({
    ...plans[workers.length],
    onExit: (one, exit) => replacements.gone(one, exit),
  });
  workers.push(worker);
  return worker;
}

/** A crew that serves, and is looked after. */
async function lookAfter(count = 1, program: Partial<ProgramOptions> = {}): Promise<Crew> {
  plans = [{ build: built(program) }];
  const founded = await Crew.found(orderOf(), recruit().handle, {
    limit: 1000,
    recruit: () => recruit().handle,
  });
  if (!(founded instanceof Crew)) throw new TypeError('not built');
  await founded.grow(count);
  await founded.serve(new Map());
  crew = founded;
  replacements.begin(founded);
  return founded;
}

function at(index: number): FakeWorker {
  const worker = workers[index];
  if (worker === undefined) throw new TypeError(`there is no worker ${index}`);
  return worker;
}

async function serves(index: number): Promise<FakeWorker> {
  await eventually(() => workers[index]?.state === 'serving' && crew?.has(at(index).handle) === true);
  return at(index);
}

/** A moment in which nothing more is to happen. */
function quiet(): Promise<void> {
  return new Promise((over) => setTimeout(over, 20));
}

/** A build that ends when the test says so. */
function slowly(): {
  readonly build: Promise<Built | Failed>;
  readonly end: (answer: Built | Failed) => void;
} {
  let end: (answer: Built | Failed) => void = () => undefined;
  const build = new Promise<Built | Failed>((resolve) => {
    end = resolve;
  });
  return { build, end };
}

describe('a worker that dies', () => {
  it('is replaced at once, by one more that is told of', async () => {
    const { workers: before } = await lookAfter();
    at(0).exit({ code: null, signal: 'SIGSEGV' });
    const next = await serves(1);
    expect([before.length, crew?.size, next.restarts, served]).toEqual([1, 1, 1, 1]);
    expect(lines.join('')).toContain(`worker ${at(0).pid} was killed by SIGSEGV`);
  });

  it('before the others of its crew serve is replaced as soon as they do', async () => {
    plans = [{ build: built() }];
    const tools = { limit: 1000, recruit: () => recruit().handle };
    const founded = await Crew.found(orderOf(), recruit().handle, tools);
    if (!(founded instanceof Crew)) throw new TypeError('not built');
    await founded.grow(2);
    await founded.serve(new Map());
    at(0).exit({ code: null, signal: 'SIGKILL' });
    crew = founded;
    replacements.begin(founded);
    await serves(2);
    expect([crew.size, at(2).restarts]).toEqual([2, 1]);
  });

  it('is nobody’s business where it was not of the crew', async () => {
    await lookAfter();
    new FakeWorker({ onExit: (one, exit) => replacements.gone(one, exit) }).exit();
    await quiet();
    expect(workers).toHaveLength(1);
  });

  it('is not replaced any more where the program stops', async () => {
    await lookAfter();
    at(0).exit();
    replacements.stop();
    await quiet();
    expect(workers).toHaveLength(1);
  });

  it('as often in a row as is allowed is the end', async () => {
    await lookAfter(1, { max_restarts: 2 });
    at(0).exit();
    (await serves(1)).exit();
    expect([hasGivenUp, workers.length]).toEqual([true, 2]);
    expect(lines.join('')).toContain('workers died 2 times in a row');
  });

  it('leaves no second one behind whose replacement cannot be built', async () => {
    await lookAfter(1, { max_restarts: 2 });
    plans[1] = { build: failed('no database') };
    at(0).exit();
    await eventually(() => hasGivenUp);
    expect(lines.join('')).toContain('no new worker: no database');
  });

  it('before the crew was replaced leaves the new crew alone', async () => {
    await lookAfter();
    const slow = slowly();
    plans[1] = { build: slow.build };
    at(0).exit();
    await eventually(() => workers.length === 2);
    const old = crew;
    crew = null;
    slow.end(built());
    await eventually(() => at(1).calls.includes('leave'));
    expect(old?.has(at(1).handle)).toBe(false);
  });
});

describe('a worker that asks to be replaced', () => {
  it('goes when another one has come', async () => {
    await lookAfter();
    const slow = slowly();
    plans[1] = { build: slow.build };
    replacements.asked(at(0).handle, '1000 requests');
    await quiet();
    expect(at(0).calls).not.toContain('leave');
    slow.end(built());
    await serves(1);
    await eventually(() => at(0).calls.includes('leave'));
    expect(crew?.workers).toEqual([at(1)]);
  });

  it('and goes on asking is replaced once', async () => {
    await lookAfter();
    for (let time = 0; time < 3; time += 1) replacements.asked(at(0).handle, '1000 requests');
    await serves(1);
    await quiet();
    expect([workers.length, crew?.size]).toEqual([2, 1]);
  });

  it('serves on where nobody can take its place, and may ask again', async () => {
    await lookAfter();
    plans[1] = { build: failed('no database') };
    replacements.asked(at(0).handle, '1000 requests');
    await eventually(() => lines.join('').includes('no new worker'));
    await quiet();
    expect([at(0).state, crew?.workers]).toEqual(['serving', [at(0)]]);
    replacements.asked(at(0).handle, '1000 requests');
    await serves(2);
    await eventually(() => crew?.size === 1);
  });

  it('and dies before the other one has come is replaced by that one alone', async () => {
    await lookAfter();
    const slow = slowly();
    plans[1] = { build: slow.build };
    replacements.asked(at(0).handle, 'it takes 900 MB of memory');
    at(0).exit({ code: null, signal: 'SIGKILL' });
    slow.end(built());
    await serves(1);
    await quiet();
    expect([workers.length, crew?.size]).toEqual([2, 1]);
  });

  it('and dies, and the other one does not come, is replaced as one that died', async () => {
    await lookAfter();
    const slow = slowly();
    plans[1] = { build: slow.build };
    replacements.asked(at(0).handle, 'it takes 900 MB of memory');
    at(0).exit();
    slow.end(failed('no database'));
    await serves(2);
    expect(crew?.size).toBe(1);
  });
});

describe('a worker that has grown too large', () => {
  it('is replaced; the next one that has counts as one in a row, and is replaced later', async () => {
    await lookAfter(1, { max_worker_memory: 1_000_000 });
    for (const restarts of [1, 2]) {
      const worker = at(restarts - 1);
      worker.vitals = { ...worker.vitals, memory: 2_000_000 };
      replacements.beat(worker.handle);
      expect((await serves(restarts)).restarts).toBe(restarts);
    }
    expect(lines.join('')).toContain('it takes 2 MB of memory');
  });
});

describe('a worker that leaves by an error that nothing caught', () => {
  it('gets no connections any more, and is replaced by one', async () => {
    await lookAfter();
    replacements.left(at(0).handle, 'an error that nothing caught');
    expect([at(0).state, crew?.has(at(0).handle)]).toEqual(['leaving', false]);
    await serves(1);
    at(0).exit({ code: 1, signal: null });
    await quiet();
    expect([workers.length, crew?.size, at(1).restarts]).toEqual([2, 1, 1]);
  });

  it('is replaced later where it cannot be at once', async () => {
    await lookAfter();
    plans[1] = { build: failed('no database') };
    replacements.left(at(0).handle, 'an error that nothing caught');
    await serves(2);
    expect([workers.length, crew?.size, at(2).restarts]).toEqual([3, 1, 2]);
  });

  it('again and again is the end, as for any other that dies', async () => {
    await lookAfter(1, { max_restarts: 3 });
    replacements.left(at(0).handle, 'an error');
    replacements.left((await serves(1)).handle, 'an error');
    replacements.left((await serves(2)).handle, 'an error');
    expect(hasGivenUp).toBe(true);
  });
});

describe('a number of workers', () => {
  it('is reached upwards and downwards', async () => {
    await lookAfter();
    expect(await replacements.resize(() => 3)).toBeNull();
    expect(crew?.size).toBe(3);
    expect(await replacements.resize(() => 2)).toBeNull();
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual([
      '3 workers from here on',
      '2 workers from here on',
    ]);
    expect([crew?.size, at(0).state]).toEqual([2, 'leaving']);
  });

  it('is exact, however many ask at the same time', async () => {
    await lookAfter();
    await Promise.all([2, 4, 2, 3].map((count) => replacements.resize(() => count)));
    expect(crew?.size).toBe(3);
  });

  it('is not reached where one cannot be built; those that can be serve', async () => {
    await lookAfter();
    plans[2] = { build: failed('no memory') };
    expect(await replacements.resize(() => 3)).toMatchObject({ message: 'no memory' });
    expect(crew?.size).toBe(2);
  });

  it('does not wait for those who leave', async () => {
    await lookAfter(2);
    expect(await replacements.resize(() => 1)).toBeNull();
    let isSettled = false;
    const settled = replacements.settled().then(() => {
      isSettled = true;
    });
    await quiet();
    expect(isSettled).toBe(false);
    at(0).exit();
    await settled;
  });

  it('is nobody’s where nobody serves', async () => {
    expect(await replacements.resize(() => 3)).toBeNull();
    expect(workers).toEqual([]);
  });
});
