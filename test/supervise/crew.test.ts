import { beforeEach, describe, expect, it } from '@jest/globals';
import { Crew, type CrewTools } from '../../src/supervise/crew.js';
import type { Bound } from '../../src/supervise/listen-handle.js';
import { built, type FakeOptions, FakeWorker, failed, orderOf, SOCKET } from '../helpers/fake-worker.js';

const BOUND: Bound = { address: { kind: 'tcp', host: '127.0.0.1', port: 8080 }, handle: {}, close: () => {} };
const SOCKETS: ReadonlyMap<string, Bound> = new Map([['main', BOUND]]);

let workers: FakeWorker[];
/** What the workers to come do, in their order; those behind do well. */
let plans: FakeOptions[];
let tools: CrewTools;

beforeEach(() => {
  [workers, plans] = [[], []];
  tools = { limit: 1000, recruit: () => recruit().handle };
});

function recruit(): FakeWorker {
  const worker = new FakeWorker(plans[workers.length]);
  workers.push(worker);
  return worker;
}

/** Built, and not serving yet. */
async function founded(count = 1): Promise<Crew> {
  const crew = await Crew.found(orderOf(), tools.recruit(), tools);
  if (!(crew instanceof Crew)) throw new TypeError(crew.failure.message);
  expect(await crew.grow(count)).toBeNull();
  return crew;
}

async function serving(count = 1): Promise<Crew> {
  const crew = await founded(count);
  expect(await crew.serve(SOCKETS)).toBeNull();
  return crew;
}

function states(): readonly string[] {
  return workers.map(({ state }) => state);
}

describe('a crew', () => {
  it('is founded by one, and grows by those who build the same', async () => {
    const crew = await founded(3);
    expect([crew.size, crew.patience]).toEqual([3, 6000]);
    expect(workers.map(({ calls }) => calls)).toEqual([['build'], ['build'], ['build']]);
  });

  it('is none where the first cannot be built', async () => {
    plans = [{ build: failed('no database') }];
    const crew = await Crew.found(orderOf(), tools.recruit(), tools);
    expect(crew).toMatchObject({ kind: 'failed', failure: { message: 'no database' } });
  });

  it('does not grow where one of several fails; dismissed, none is left', async () => {
    plans = [{}, {}, { build: failed('no memory') }, {}];
    const crew = await Crew.found(orderOf(), tools.recruit(), tools);
    if (!(crew instanceof Crew)) throw new TypeError('not built');
    expect(await crew.grow(4)).toMatchObject({ failure: { message: 'no memory' } });
    crew.dismiss();
    expect(states()).toEqual(['ended', 'ended', 'ended', 'ended']);
  });

  it('does not grow by one who would listen elsewhere: the file has changed meanwhile', async () => {
    plans = [{}, { build: built({}, [{ ...SOCKET, backlog: 5 }]) }];
    const crew = await Crew.found(orderOf(), tools.recruit(), tools);
    if (!(crew instanceof Crew)) throw new TypeError('not built');
    expect(await crew.grow(2)).toMatchObject({
      failure: { message: expect.stringContaining('have changed') },
    });
    expect(states()).toEqual(['starting', 'ended']);
  });

  it('serves together, on sockets that it knows from then on', async () => {
    const crew = await serving(2);
    expect(states()).toEqual(['serving', 'serving']);
    expect(crew.servers).toEqual([{ name: 'main', url: 'http://127.0.0.1:8080' }]);
  });

  it('does not serve where one cannot; those who did already give back what they have', async () => {
    plans = [{}, { serve: failed('a worker ended before it served') }];
    const crew = await founded(2);
    expect(await crew.serve(SOCKETS)).toMatchObject({ failure: { code: 'worker-failed' } });
    crew.dismiss();
    expect(workers.map(({ calls }) => calls.at(-1))).toEqual(['leave', 'kill SIGKILL']);
  });

  it('is reinforced by one who is built and serves', async () => {
    const crew = await serving();
    const answer = await crew.reinforce(3);
    expect(answer).toMatchObject({ kind: 'ready', worker: { restarts: 3, state: 'serving' } });
    expect(crew.size).toBe(2);
  });

  it('is not reinforced by one who fails on the way', async () => {
    const crew = await serving();
    plans = [{}, { serve: failed('not ready') }];
    expect(await crew.reinforce()).toMatchObject({ kind: 'failed' });
    expect(crew.size).toBe(1);
  });

  it('pauses and goes on together', async () => {
    const crew = await serving(2);
    await crew.hold();
    expect([states(), crew.choose('main')]).toEqual([['held', 'held'], null]);
    crew.resume();
    expect(states()).toEqual(['serving', 'serving']);
  });

  it('is reinforced while it pauses by one who pauses too', async () => {
    const crew = await serving();
    await crew.hold();
    await crew.reinforce();
    expect(states()).toEqual(['held', 'held']);
    crew.resume();
    expect(states()).toEqual(['serving', 'serving']);
  });

  it('leaves together, and counts what was cut', async () => {
    const crew = await serving(2);
    const left = crew.leave();
    expect(states()).toEqual(['leaving', 'leaving']);
    for (const [index, worker] of workers.entries()) {
      worker.cut = index + 1;
      worker.exit();
    }
    expect(await left).toBe(3);
  });
});

describe('whom a crew chooses for a connection', () => {
  it('is nobody of a server that it does not serve', async () => {
    expect((await serving()).choose('other')).toBeNull();
  });

  it('is who has the fewest', async () => {
    const crew = await serving(3);
    for (const [index, worker] of workers.entries()) worker.connections = [2, 1, 3][index] ?? 0;
    expect(crew.choose('main')).toBe(workers[1]);
  });

  it('is nobody who leaves', async () => {
    const crew = await serving(2);
    void workers[0]?.leave();
    expect(crew.choose('main')).toBe(workers[1]);
  });
});
