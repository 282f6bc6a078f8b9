import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { SCRIPT, scriptTag } from '../../../src/supervise/live/script.js';
import { FakeClock } from '../../helpers/fake-clock.js';

/** What the tabs of a browser share. */
class Origin {
  readonly channels = new Set<FakeChannel>();
  readonly locks: FakeLocks | undefined;

  constructor({ isSecure = true } = {}) {
    this.locks = isSecure ? new FakeLocks() : undefined;
  }
}

/** Of one name: each has it when those before are done with it. */
class FakeLocks {
  #last: Promise<unknown> = Promise.resolve();

  request(_name: string, { signal }: { signal: AbortSignal }, act: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(() => (signal.aborted ? Promise.reject(signal.reason) : act()));
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

type OnMessage = (event: { data: unknown }) => void;

class FakeChannel {
  readonly #name: string;
  readonly #channels: Set<FakeChannel>;
  readonly #listeners: OnMessage[] = [];

  constructor(name: string, channels: Set<FakeChannel>) {
    this.#name = name;
    this.#channels = channels;
    channels.add(this);
  }

  addEventListener(_type: 'message', listener: OnMessage): void {
    this.#listeners.push(listener);
  }

  postMessage(data: unknown): void {
    if (!this.#channels.has(this)) throw new TypeError('the channel is closed');
    for (const other of this.#channels) {
      if (other !== this && other.#name === this.#name) other.#hear(data);
    }
  }

  close(): void {
    this.#channels.delete(this);
  }

  #hear(data: unknown): void {
    for (const listener of this.#listeners) listener({ data });
  }
}

/** As much of a tab as the script sees. */
class Tab {
  readonly clock = new FakeClock();
  readonly sources: FakeSource[] = [];
  readonly storage = new Map<string, string>();
  reloads = 0;
  readonly #origin: Origin;
  #document = { hidden: false, currentScript: {}, addEventListener: (): void => undefined };
  #onVisibility = (): void => undefined;

  constructor(origin = new Origin()) {
    this.#origin = origin;
  }

  /** Shows the page of a generation, in place of the one that was there. */
  async show(generation: string, { inFrame = false, hidden = false } = {}): Promise<void> {
    await this.turn(true);
    const { sources, storage, clock } = this;
    const { channels, locks } = this.#origin;
    this.#onVisibility = () => undefined;
    this.#document = {
      hidden,
      currentScript: { src: 'http://a/m/.wsgi-serve/live.js', dataset: { generation } },
      addEventListener: (...[, action]: readonly (string | (() => void))[]) => {
        if (typeof action === 'function') this.#onVisibility = action;
      },
    };
    const self = {};
    const context = createContext({
      ...{ self, top: inFrame ? {} : self, document: this.#document, AbortController, navigator: { locks } },
      performance: { now: () => clock.now() },
      setTimeout: (action: () => void, delay: number) => clock.after(delay, action),
      location: {
        reload: () => {
          this.reloads += 1;
        },
      },
      sessionStorage: {
        getItem: (key: string) => storage.get(key) ?? null,
        setItem: (key: string, value: string) => storage.set(key, value),
        removeItem: (key: string) => storage.delete(key),
      },
      EventSource: class extends FakeSource {
        constructor(url: string) {
          super(url);
          sources.push(this);
        }
      },
      BroadcastChannel: class extends FakeChannel {
        constructor(name: string) {
          super(name, channels);
        }
      },
    });
    runInContext(String(SCRIPT), context);
    await settled();
  }

  async turn(hidden: boolean): Promise<void> {
    this.#document.hidden = hidden;
    this.#onVisibility();
    await settled();
  }

  /** The stream that is listened to. */
  get source(): FakeSource {
    const open = this.sources.filter(({ isClosed }) => !isClosed);
    const [source] = open;
    if (source === undefined || open.length > 1) throw new TypeError(`${open.length} streams are open`);
    return source;
  }

  get listens(): boolean {
    return this.sources.some(({ isClosed }) => !isClosed);
  }
}

class FakeSource {
  readonly url: string;
  isClosed = false;
  onmessage: (event: { data: string }) => void = () => undefined;
  onerror: () => void = () => undefined;

  constructor(url: string) {
    this.url = url;
  }

  close(): void {
    this.isClosed = true;
  }
}

/** Resolves when everything is done that promises lead to. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('the script of a page', () => {
  it('listens beside itself, and leaves its page as it is while its generation serves', async () => {
    const tab = new Tab();
    await tab.show('3');
    expect(tab.source.url).toBe('http://a/m/.wsgi-serve/live');
    tab.source.onmessage({ data: '3' });
    expect(tab.reloads).toBe(0);
  });

  it('loads its page anew when another generation serves', async () => {
    const tab = new Tab();
    await tab.show('3');
    tab.source.onmessage({ data: '4' });
    expect(tab.reloads).toBe(1);
  });

  it('loads a page that comes back as it was only once, and one of a later change again', async () => {
    const tab = new Tab();
    await tab.show('3');
    tab.source.onmessage({ data: '4' });
    await tab.show('3');
    tab.source.onmessage({ data: '4' });
    expect(tab.reloads).toBe(1);
    tab.source.onmessage({ data: '5' });
    expect(tab.reloads).toBe(2);
  });

  it('loads anew for a number that was heard before, where its own came in between', async () => {
    const tab = new Tab();
    await tab.show('1');
    tab.source.onmessage({ data: '2' });
    await tab.show('1');
    tab.source.onmessage({ data: '1' });
    tab.source.onmessage({ data: '2' });
    expect(tab.reloads).toBe(2);
  });

  it('listens again when a stream ends, soon at first and then later and later', async () => {
    const tab = new Tab();
    await tab.show('3');
    tab.clock.advance(60_000);
    tab.source.onerror();
    expect(tab.listens).toBe(false);
    tab.clock.advance(100);
    const pauses: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      tab.source.onerror();
      const before = tab.clock.now();
      while (!tab.listens) tab.clock.advance(100);
      pauses.push(tab.clock.now() - before);
    }
    expect(pauses).toEqual([200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    tab.clock.advance(60_000);
    tab.source.onerror();
    tab.clock.advance(100);
    expect(tab.listens).toBe(true);
  });

  it('does not listen while its page is not seen', async () => {
    const tab = new Tab();
    await tab.show('3', { hidden: true });
    expect(tab.listens).toBe(false);
    await tab.turn(false);
    tab.source.onerror();
    await tab.turn(true);
    tab.clock.advance(60_000);
    expect(tab.listens).toBe(false);
    await tab.turn(false);
    await tab.turn(false);
    expect(tab.source.isClosed).toBe(false);
    await tab.turn(true);
    expect(tab.listens).toBe(false);
  });

  it('does nothing in a frame', async () => {
    const tab = new Tab();
    await tab.show('3', { inFrame: true });
    expect(tab.sources).toEqual([]);
  });
});

/** Tabs that are seen beside each other, each with the page of one of `generations`. */
async function windows(origin: Origin, ...generations: readonly string[]): Promise<Tab[]> {
  const tabs: Tab[] = [];
  for (const generation of generations) {
    const tab = new Tab(origin);
    await tab.show(generation);
    tabs.push(tab);
  }
  return tabs;
}

const listening = (tabs: readonly Tab[]): readonly boolean[] => tabs.map((tab) => tab.listens);
const reloads = (tabs: readonly Tab[]): readonly number[] => tabs.map((tab) => tab.reloads);

describe('the scripts of pages that are seen beside each other', () => {
  it('share one stream, by which all of them are loaded anew', async () => {
    const tabs = await windows(new Origin(), '3', '3', '3');
    expect(listening(tabs)).toEqual([true, false, false]);
    tabs[0]?.source.onmessage({ data: '3' });
    expect(reloads(tabs)).toEqual([0, 0, 0]);
    tabs[0]?.source.onmessage({ data: '4' });
    expect(reloads(tabs)).toEqual([1, 1, 1]);
  });

  it('listen in turn, the next one when the one that did is hidden', async () => {
    const tabs = await windows(new Origin(), '3', '3', '3');
    await tabs[1]?.turn(true);
    await tabs[0]?.turn(true);
    expect(listening(tabs)).toEqual([false, false, true]);
    tabs[2]?.source.onmessage({ data: '4' });
    // What is hidden hears of it when it is seen.
    expect(reloads(tabs)).toEqual([0, 0, 1]);
    await tabs[2]?.turn(true);
    await tabs[1]?.turn(false);
    tabs[1]?.source.onmessage({ data: '4' });
    expect(reloads(tabs)).toEqual([0, 1, 1]);
  });

  it('have the server asked again where another page shows something else than serves', async () => {
    const origin = new Origin();
    const [first] = await windows(origin, '3');
    const old = first?.source;
    old?.onmessage({ data: '3' });
    const [same] = await windows(origin, '3');
    expect(old?.isClosed).toBe(false);
    const [other] = await windows(origin, '4');
    expect(old?.isClosed).toBe(true);
    first?.source.onmessage({ data: '4' });
    expect([first?.reloads, same?.reloads, other?.reloads]).toEqual([1, 1, 0]);
    expect(listening([first, same, other].flatMap((tab) => tab ?? []))).toEqual([true, false, false]);
  });

  it('listen each for itself where the browser has no locks for them', async () => {
    const tabs = await windows(new Origin({ isSecure: false }), '3', '3');
    expect(listening(tabs)).toEqual([true, true]);
    for (const tab of tabs) tab.source.onmessage({ data: '4' });
    expect(reloads(tabs)).toEqual([1, 1]);
    await tabs[0]?.turn(true);
    expect(listening(tabs)).toEqual([false, true]);
  });
});

describe('the tag of the script', () => {
  it('names it below the mount, and the generation', () => {
    expect(scriptTag('', '3')).toBe(
      '\n<script async src="/.wsgi-serve/live.js" data-generation="3"></script>\n',
    );
    expect(scriptTag('/a b/"é', '3')).toContain(' src="/a%20b/%22%C3%A9/.wsgi-serve/live.js"');
  });

  it('is ASCII, whatever the generation is called', () => {
    const tag = scriptTag('/ü', `"><b>é\u{1F600}`);
    expect(tag).toContain('data-generation="&quot;&gt;&lt;b&gt;&#233;&#128512;"');
    expect(tag).toMatch(/^[\n -~]*$/);
  });
});
