import { afterEach, describe, expect, it } from '@jest/globals';
import type { App } from '../../src/gateway/app.js';
import { errorStream } from '../../src/gateway/error-stream.js';
import { callApp } from '../../src/gateway/in-process.js';
import { type Ending, limitConcurrency } from '../../src/gateway/limit-concurrency.js';
import { nodeHandlers } from '../../src/gateway/node-handler.js';
import type { WsgiApp } from '../../src/gateway/wsgi-types.js';
import { eventually } from '../helpers/eventually.js';
import { serveForTest, type TestServer } from '../helpers/raw-http.js';

/** A request that a test begins, ends and takes away by hand. */
class TestRequest implements Ending {
  readonly name: string;
  closed = false;
  over: Promise<void> | undefined;
  #leave = (): void => undefined;

  constructor(name: string, over?: Promise<void>) {
    this.name = name;
    this.over = over;
  }

  onClose(listener: () => void): void {
    this.#leave = listener;
  }

  disconnect(): void {
    this.closed = true;
    this.#leave();
  }
}

/** Something that lasts until it is ended. */
function lasting(): { over: Promise<void>; end: () => void } {
  let end = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { over, end };
}

/** A run that notes which requests were begun, each of which lasts until it is ended by name. */
function notedRuns(): {
  run: (request: TestRequest) => Promise<void>;
  begun: string[];
  end: (name: string) => void;
} {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const run = ({ name }: TestRequest): Promise<void> => {
    const { over, end } = lasting();
    begun.push(name);
    ends.set(name, end);
    return over;
  };
  return { run, begun, end: (name) => ends.get(name)?.() };
}

const requests = (names: string): TestRequest[] => [...names].map((name) => new TestRequest(name));

describe('a limit of concurrency', () => {
  it('rule 65: runs so many requests at a time, the others in the order in which they came', async () => {
    const { run, begun, end } = notedRuns();
    const limited = limitConcurrency(run, 2);
    const done = requests('abcde').map((request) => limited(request));
    expect(begun).toEqual(['a', 'b']);
    end('b');
    await done[1];
    await eventually(() => begun.length === 3);
    expect(begun).toEqual(['a', 'b', 'c']);
    for (const name of 'acde') {
      await eventually(() => begun.includes(name));
      end(name);
    }
    await Promise.all(done);
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
    const last = limited(new TestRequest('f'));
    expect(begun.at(-1)).toBe('f');
    end('f');
    await last;
  });

  it('rule 65: of 0 is none, and costs nothing', () => {
    const { run } = notedRuns();
    expect(limitConcurrency(run, 0)).toBe(run);
  });

  it('rule 65: lets a request that is over at once pass without a promise, any number of them', () => {
    let count = 0;
    const limited = limitConcurrency((_request: TestRequest) => {
      count += 1;
      return undefined;
    }, 1);
    for (const request of requests('abc')) expect(limited(request)).toBeUndefined();
    expect(count).toBe(3);
  });

  it('rule 65: gives a free place to the one who waits longest, not to the one who comes at that moment', async () => {
    const { run, begun, end } = notedRuns();
    const limited = limitConcurrency(run, 1);
    const [a, b, c] = requests('abc');
    if (!a || !b || !c) return expect(a && b && c).toBeDefined();
    const first = limited(a);
    const second = limited(b);
    end('a');
    await first;
    const third = limited(c);
    await eventually(() => begun.length === 2);
    expect(begun).toEqual(['a', 'b']);
    end('b');
    await second;
    await eventually(() => begun.length === 3);
    end('c');
    await third;
  });

  it('rule 65: is left by a client that goes away while it waits, and nothing is run for it', async () => {
    const { run, begun, end } = notedRuns();
    const limited = limitConcurrency(run, 1);
    const waiting = requests('abc');
    const done = waiting.map((request) => limited(request));
    waiting[1]?.disconnect();
    await done[1];
    end('a');
    await eventually(() => begun.length === 2);
    end('c');
    await Promise.all(done);
    expect(begun).toEqual(['a', 'c']);
  });

  it('rule 65: runs nothing for a client that went away as its turn came, and passes its place on', async () => {
    const { run, begun, end } = notedRuns();
    const limited = limitConcurrency(run, 1);
    const waiting = requests('abc');
    const done = waiting.map((request) => limited(request));
    const [, second] = waiting;
    if (second) second.closed = true;
    end('a');
    await eventually(() => begun.length === 2);
    end('c');
    await Promise.all(done);
    expect(begun).toEqual(['a', 'c']);
  });

  it.each<[string, () => Promise<void> | undefined]>([
    ['at once', () => undefined],
    ['by a promise', () => Promise.resolve()],
  ])('rule 65: lasts until the answer is over, also where the run ends before, %s', async (_how, run) => {
    const answer = lasting();
    const begun: string[] = [];
    const limited = limitConcurrency(({ name }: TestRequest) => {
      begun.push(name);
      return run();
    }, 1);
    const first = limited(new TestRequest('a', answer.over));
    const second = limited(new TestRequest('b'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toEqual(['a']);
    answer.end();
    await Promise.all([first, second]);
    expect(begun).toEqual(['a', 'b']);
  });

  it('rule 65: works a long queue off without depth', async () => {
    const first = lasting();
    let count = 0;
    const limited = limitConcurrency(({ name }: TestRequest) => {
      count += 1;
      return name === 'a' ? first.over : undefined;
    }, 1);
    const done = [limited(new TestRequest('a'))];
    for (let each = 0; each < 20_000; each += 1) done.push(limited(new TestRequest('b')));
    first.end();
    await Promise.all(done);
    expect(count).toBe(20_001);
  });
});

describe('a server with a limit', () => {
  const servers: TestServer[] = [];
  const errors: string[] = [];

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
    errors.length = 0;
  });

  async function serveOneAtATime(app: App | WsgiApp): Promise<TestServer> {
    const server = await serveForTest(
      nodeHandlers(app, {
        errors: errorStream(() => undefined),
        onError: ({ message }) => errors.push(message),
        maxConcurrency: 1,
      }),
    );
    servers.push(server);
    return server;
  }

  const ask = (server: TestServer, path: string): Promise<string> =>
    server.ask(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);

  /** Counts the apps under way, of which `enter` and `leave` tell. */
  function counted(): { enter: () => void; leave: () => void; most: () => number } {
    let [now, most] = [0, 0];
    return {
      enter: () => {
        now += 1;
        most = Math.max(most, now);
      },
      leave: () => {
        now -= 1;
      },
      most: () => most,
    };
  }

  const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const PATHS = ['/a', '/b', '/c', '/d'];

  it('rule 65: runs a WSGI app once at a time, from its call until its body was closed', async () => {
    const { enter, leave, most } = counted();
    const app: WsgiApp = async (environ, startResponse) => {
      enter();
      await pause();
      startResponse('200 OK', []);
      async function* chunks(): AsyncGenerator<string> {
        await pause();
        yield environ.PATH_INFO;
      }
      const close = async (): Promise<void> => {
        await pause();
        leave();
      };
      return Object.assign(chunks(), { close });
    };
    const server = await serveOneAtATime(app);
    const answers = await Promise.all(PATHS.map((path) => ask(server, path)));
    expect(answers.map((answer, index) => answer.includes(PATHS[index] ?? '?'))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(most()).toBe(1);
  });

  it('rule 65: runs a node app once at a time, until it has ended its answer', async () => {
    const { enter, leave, most } = counted();
    const server = await serveOneAtATime({
      kind: 'node',
      app: (req, res) => {
        enter();
        setImmediate(() => {
          leave();
          res.end(req.url);
        });
      },
    });
    const answers = await Promise.all(PATHS.map((path) => ask(server, path)));
    expect(answers.map((answer, index) => answer.endsWith(PATHS[index] ?? '?'))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(most()).toBe(1);
  });

  it.each<[string, WsgiApp]>([
    [
      'throws',
      () => {
        throw new TypeError('oops');
      },
    ],
    ['rejects', () => Promise.reject(new TypeError('oops'))],
    [
      'breaks its answer off',
      async function* (_environ, startResponse) {
        startResponse('200 OK', []);
        yield 'part';
        throw new TypeError('oops');
      } as WsgiApp,
    ],
  ])('rule 65: gets its place back from an app that %s', async (_how, app) => {
    const server = await serveOneAtATime(app);
    await Promise.all(PATHS.map((path) => ask(server, path)));
    expect(errors).toEqual(['oops', 'oops', 'oops', 'oops']);
  });

  it('rule 65: gets its place back from clients that go away, before their turn and in it', async () => {
    const calls: string[] = [];
    const app: WsgiApp = async (environ, startResponse) => {
      calls.push(environ.PATH_INFO);
      startResponse('200 OK', []);
      if (environ.PATH_INFO !== '/endless') return ['done'];
      return (async function* () {
        yield 'begun';
        await new Promise(() => undefined);
      })();
    };
    const server = await serveOneAtATime(app);
    let [arrived, gone] = [0, 0];
    server.server.on('request', (req) => {
      arrived += 1;
      req.socket.once('close', () => {
        gone += 1;
      });
    });
    const endless = await server.open();
    endless.send('GET /endless HTTP/1.1\r\nHost: a\r\n\r\n');
    await endless.until(/begun/);
    const leaver = await server.open();
    leaver.send('GET /leaver HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually(() => arrived === 2);
    const last = ask(server, '/last');
    leaver.socket.destroy();
    await eventually(() => arrived === 3 && gone === 1);
    endless.socket.destroy();
    expect(await last).toMatch(/done/);
    expect(calls).toEqual(['/endless', '/last']);
  });

  it('rule 17: of one request says that the app is not called by two at a time', async () => {
    const flags: boolean[] = [];
    const app: WsgiApp = (environ, startResponse) => {
      flags.push(environ['wsgi.multithread']);
      startResponse('200 OK', []);
      return [];
    };
    for (const maxConcurrency of [0, 1, 2]) await callApp(app, {}, { maxConcurrency });
    expect(flags).toEqual([true, false, true]);
  });
});
