import { beforeEach, describe, expect, it } from '@jest/globals';
import { WsgiServeError } from '../../src/errors.js';
import { BoundSockets } from '../../src/supervise/bound-sockets.js';
import type { Crew } from '../../src/supervise/crew.js';
import { BindError, type Bound } from '../../src/supervise/listen-handle.js';
import type { WantedSocket } from '../../src/supervise/messages.js';
import { type Attempt, type Succession, standIn, takeOver } from '../../src/supervise/take-over.js';
import type { Failed } from '../../src/supervise/worker-handle.js';
import { eventually } from '../helpers/eventually.js';
import {
  built,
  type FakeOptions,
  FakeWorker,
  failed,
  orderOf,
  programOf,
  SOCKET,
} from '../helpers/fake-worker.js';

const OTHER: WantedSocket = {
  ...SOCKET,
  server: 'other',
  address: { kind: 'tcp', host: '127.0.0.1', port: 8081 },
};

let workers: FakeWorker[];
/** What the workers to come do, in their order; those behind do well. */
let plans: FakeOptions[];
/** The ports that somebody else has. */
let taken: Set<number>;
/** What becomes of addresses, and who is told to go on. */
let log: string[];
let sockets: BoundSockets;

beforeEach(() => {
  [workers, plans, log] = [[], [], []];
  taken = new Set();
  sockets = new BoundSockets(
    () => undefined,
    async (address): Promise<Bound> => {
      const port = address.kind === 'tcp' ? address.port : 0;
      if (taken.has(port)) throw new BindError('EADDRINUSE');
      log.push(`bind ${port}`);
      return { address, handle: {}, close: () => log.push(`close ${port}`) };
    },
  );
});

function recruit(): FakeWorker {
  const worker = new FakeWorker(plans[workers.length]);
  workers.push(worker);
  return worker;
}

function attempt(given: Partial<Attempt> = {}): Attempt {
  const current = given.current ?? null;
  return {
    order: orderOf(2),
    tools: { limit: 1000, recruit: () => recruit().handle },
    target: () => 1,
    ...{ sockets, inherit: null, current },
    resume: () => {
      log.push('resume');
      current?.resume();
    },
    signal: new AbortController().signal,
    ...given,
  };
}

/** A generation that serves, of one worker; what it is bound to is forgotten from the log. */
async function serving(
  plan: FakeOptions = {},
): Promise<{ readonly current: Crew; readonly old: FakeWorker }> {
  plans = [plan];
  const { crew } = succeeded(await takeOver(attempt()));
  const [old] = workers;
  if (old === undefined) throw new TypeError('nobody was recruited');
  log = [];
  return { current: crew, old };
}

function succeeded(result: Succession | Failed | null): Succession {
  if (result?.kind !== 'succession') throw new TypeError(JSON.stringify(result));
  return result;
}

function states(): readonly string[] {
  return workers.map(({ state }) => state);
}

describe('a generation that takes over', () => {
  it('serves with as many workers as it says itself', async () => {
    plans = [{ build: built({ workers: 3 }) }];
    const target = (crew: Crew): number => Number(crew.built.program.workers);
    const { crew, prepared } = succeeded(await takeOver(attempt({ target })));
    expect([crew.order.generation, crew.size, states()]).toEqual([2, 3, ['serving', 'serving', 'serving']]);
    expect([[...prepared.sockets.keys()], log]).toEqual([['main'], ['bind 8080']]);
  });

  it.each<[string, string, (given: Attempt) => Promise<Succession | Failed | null>]>([
    ['', 'serve', takeOver],
    [', be it one that shows a failure', 'show oh', (given) => standIn(given, failed('oh'), programOf())],
  ])('listens only when the one before has said that it accepts no more%s', async (_which, call, take) => {
    let say = (): void => undefined;
    const said = new Promise<void>((resolve) => {
      say = resolve;
    });
    const { current, old } = await serving({ hold: said });
    const taking = take(attempt({ current }));
    await eventually(() => old.state === 'held');
    expect(workers[1]?.calls).not.toContain(call);
    say();
    succeeded(await taking);
    expect(workers[1]?.calls).toContain(call);
    // It is held, and its supervisor's to dismiss.
    expect([states(), log]).toEqual([['held', 'serving'], []]);
  });

  it('finds the sockets that were there before it', async () => {
    const inherit = async (wanted: readonly WantedSocket[]): Promise<void> => {
      log.push(`inherit ${wanted.map(({ server }) => server)}`);
      for (const { address } of wanted) {
        sockets.adopt('http://127.0.0.1:8080', {
          address,
          handle: {},
          close: () => log.push('close inherited'),
        });
      }
    };
    succeeded(await takeOver(attempt({ inherit })));
    expect(log).toEqual(['inherit main']);
  });
});

describe('the generation before one that cannot take over', () => {
  /** What went wrong; the old one must be as it was, and nobody else left. */
  async function unharmed(given: Partial<Attempt> = {}, next: readonly FakeOptions[] = []): Promise<string> {
    const { current, old } = await serving();
    plans = [{}, ...next];
    const result = await takeOver(attempt({ current, ...given }));
    expect([old.state, old.calls]).toEqual(['serving', ['build', 'serve']]);
    const left = workers.filter((worker) => worker !== old && worker.state !== 'ended');
    // Those who served already give back what they have.
    expect(left.every(({ state }) => state === 'leaving')).toBe(true);
    return result.kind === 'failed' ? result.failure.message : 'nothing';
  }

  it('goes on where the first worker is not built', async () => {
    expect(await unharmed({}, [{ build: failed('no database') }])).toBe('no database');
    expect(log).toEqual([]);
  });

  it('goes on where one of the others is not', async () => {
    expect(await unharmed({ target: () => 3 }, [{}, { build: failed('no memory') }, {}])).toBe('no memory');
    expect(log).toEqual([]);
  });

  it('goes on where sockets cannot be taken over', async () => {
    const inherit = () => Promise.reject(new WsgiServeError('stray-socket', 'nobody knows it'));
    expect(await unharmed({ inherit })).toBe('nobody knows it');
    expect(log).toEqual([]);
  });

  it('goes on where an address is not to be had, in the words of the worker that wants it', async () => {
    taken.add(8081);
    const message = await unharmed({ target: () => 2 }, [
      { build: built({}, [SOCKET, OTHER]) },
      { build: built({}, [SOCKET, OTHER]) },
    ]);
    expect([message, workers[1]?.calls, log]).toEqual([
      'EADDRINUSE',
      ['build', 'refuse', 'kill SIGKILL'],
      [],
    ]);
  });

  it('is held and goes on where one fails to serve, and what was bound anew is let go', async () => {
    const both = built({}, [SOCKET, OTHER]);
    const message = await unharmed({ target: () => 2 }, [
      { build: both },
      { build: both, serve: failed('not ready') },
    ]);
    expect([message, states()]).toEqual(['not ready', ['serving', 'leaving', 'ended']]);
    expect(log).toEqual(['bind 8081', 'close 8081', 'resume']);
  });
});

describe('an attempt that has become pointless', () => {
  let giveUp: AbortController;
  beforeEach(() => {
    giveUp = new AbortController();
  });

  /** A worker that is never built, and says so when it is killed. */
  function endless(): FakeOptions {
    let end = (_answer: Failed): void => undefined;
    const build = new Promise<Failed>((resolve) => {
      end = resolve;
    });
    return { build, onExit: () => end(failed('killed')) };
  }

  it('ends the first worker while that is built', async () => {
    plans = [endless()];
    const taking = takeOver(attempt({ signal: giveUp.signal }));
    await eventually(() => states().join() === 'starting');
    giveUp.abort();
    expect(await taking).toMatchObject({ kind: 'failed', failure: { message: 'killed' } });
    expect([states(), log]).toEqual([['ended'], []]);
  });

  it('ends the others while they are built', async () => {
    plans = [{}, endless(), endless()];
    const taking = takeOver(attempt({ signal: giveUp.signal, target: () => 3 }));
    await eventually(() => workers.length === 3);
    giveUp.abort();
    expect(await taking).toMatchObject({ kind: 'failed' });
    expect([states(), log]).toEqual([['ended', 'ended', 'ended'], []]);
  });

  it('ends what it would have begun with', async () => {
    plans = [endless()];
    giveUp.abort();
    expect(await takeOver(attempt({ signal: giveUp.signal }))).toMatchObject({ kind: 'failed' });
    expect(states()).toEqual(['ended']);
  });

  it('binds nothing where all were built at that moment', async () => {
    const target = (): number => {
      giveUp.abort();
      return 1;
    };
    expect(await takeOver(attempt({ signal: giveUp.signal, target }))).toMatchObject({
      failure: { code: 'given-up' },
    });
    expect([states(), log]).toEqual([['ended'], []]);
  });

  it('is none any more when it has taken over', async () => {
    plans = [];
    succeeded(await takeOver(attempt({ signal: giveUp.signal, target: () => 2 })));
    giveUp.abort();
    expect(states()).toEqual(['serving', 'serving']);
  });
});

describe('what stands in for a generation that cannot be built', () => {
  const program = programOf();
  const last = (): FakeWorker | undefined => workers.at(-1);

  it('shows the failure where the generation would have listened, and the one before is held', async () => {
    const { current, old } = await serving();
    const wanted = failed('no database', [SOCKET, OTHER]);
    const { crew, prepared } = succeeded(await standIn(attempt({ current }), wanted, program));
    expect([last()?.calls, old.state]).toEqual([['show no database'], 'held']);
    expect([[...prepared.sockets.keys()], log]).toEqual([['main', 'other'], ['bind 8081']]);
    expect(crew.built).toMatchObject({ program, files: wanted.files });
  });

  it('shows it where the one before listens, as long as nothing else is known', async () => {
    const { current } = await serving();
    succeeded(await standIn(attempt({ current }), failed('no [app:main]'), program));
    expect([last()?.calls, log]).toEqual([['show no [app:main]'], []]);
  });

  it('is nobody where no address is known', async () => {
    expect(await standIn(attempt(), failed('no [app:main]'), program)).toBeNull();
    expect([await standIn(attempt(), failed('no servers', []), program), log]).toEqual([null, []]);
    expect(states().filter((state) => state === 'serving')).toEqual([]);
  });

  it('is nobody where an address is not to be had', async () => {
    const { current, old } = await serving();
    taken.add(8081);
    expect(await standIn(attempt({ current }), failed('no database', [OTHER]), program)).toBeNull();
    expect([old.state, log]).toEqual(['serving', []]);
  });

  it('is nobody where not even that can be shown: the one before goes on', async () => {
    const { current } = await serving();
    plans = [{}, { serve: failed('not ready') }];
    expect(await standIn(attempt({ current }), failed('no database', [OTHER]), program)).toBeNull();
    expect(states()).toEqual(['serving', 'ended']);
    expect(log).toEqual(['bind 8081', 'close 8081', 'resume']);
  });
});
