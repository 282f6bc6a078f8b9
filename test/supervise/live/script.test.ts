import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { SCRIPT, scriptTag } from '../../../src/supervise/live/script.js';
import { FakeClock } from '../../helpers/fake-clock.js';

/** As much of a browser as the script sees. */
class Browser {
  readonly clock = new FakeClock();
  readonly sources: FakeSource[] = [];
  readonly storage = new Map<string, string>();
  reloads = 0;
  #onVisibility = (): void => undefined;
  readonly #document = { hidden: false, currentScript: {}, addEventListener: this.#listen.bind(this) };

  /** Shows the page of a generation anew. */
  show(generation: string, { inFrame = false, hidden = false } = {}): void {
    const { sources, storage, clock } = this;
    this.#document.hidden = hidden;
    this.#document.currentScript = { src: 'http://a/m/.wsgi-serve/live.js', dataset: { generation } };
    const self = {};
    const context = createContext({
      ...{ self, top: inFrame ? {} : self, document: this.#document },
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
    });
    runInContext(String(SCRIPT), context);
  }

  turn(hidden: boolean): void {
    this.#document.hidden = hidden;
    this.#onVisibility();
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

  #listen(type: string, action: () => void): void {
    if (type === 'visibilitychange') this.#onVisibility = action;
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

describe('the script of a page', () => {
  it('listens beside itself, and leaves its page as it is while its generation serves', () => {
    const browser = new Browser();
    browser.show('3');
    expect(browser.source.url).toBe('http://a/m/.wsgi-serve/live');
    browser.source.onmessage({ data: '3' });
    expect(browser.reloads).toBe(0);
  });

  it('loads its page anew when another generation serves', () => {
    const browser = new Browser();
    browser.show('3');
    browser.source.onmessage({ data: '4' });
    expect(browser.reloads).toBe(1);
  });

  it('loads a page that comes back as it was only once, and one of a later change again', () => {
    const browser = new Browser();
    browser.show('3');
    browser.source.onmessage({ data: '4' });
    browser.source.close();
    browser.show('3');
    browser.source.onmessage({ data: '4' });
    expect(browser.reloads).toBe(1);
    browser.source.onmessage({ data: '5' });
    expect(browser.reloads).toBe(2);
  });

  it('loads anew for a number that was heard before, where its own came in between', () => {
    const browser = new Browser();
    browser.show('1');
    browser.source.onmessage({ data: '2' });
    browser.source.close();
    browser.show('1');
    browser.source.onmessage({ data: '1' });
    browser.source.onmessage({ data: '2' });
    expect(browser.reloads).toBe(2);
  });

  it('listens again when a stream ends, soon at first and then later and later', () => {
    const browser = new Browser();
    browser.show('3');
    browser.clock.advance(60_000);
    browser.source.onerror();
    expect(browser.listens).toBe(false);
    browser.clock.advance(100);
    const pauses: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      browser.source.onerror();
      const before = browser.clock.now();
      while (!browser.listens) browser.clock.advance(100);
      pauses.push(browser.clock.now() - before);
    }
    expect(pauses).toEqual([200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    browser.clock.advance(60_000);
    browser.source.onerror();
    browser.clock.advance(100);
    expect(browser.listens).toBe(true);
  });

  it('does not listen while its page is not seen', () => {
    const browser = new Browser();
    browser.show('3', { hidden: true });
    expect(browser.listens).toBe(false);
    browser.turn(false);
    browser.source.onerror();
    browser.turn(true);
    browser.clock.advance(60_000);
    expect(browser.listens).toBe(false);
    browser.turn(false);
    browser.turn(false);
    expect(browser.source.isClosed).toBe(false);
    browser.turn(true);
    expect(browser.listens).toBe(false);
  });

  it('does nothing in a frame', () => {
    const browser = new Browser();
    browser.show('3', { inFrame: true });
    expect(browser.sources).toEqual([]);
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
