// A real browser without a window: Debian's Chromium, spoken to over the DevTools protocol on a pair of pipes, so that
// nothing but the browser itself is needed. It finds nothing that is not on this machine's own loopback interface.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { eventually } from './eventually.js';

const PROGRAM = 'chromium';

/** Whether there is a browser to test with. */
export function hasChromium(): boolean {
  return spawnSync(PROGRAM, ['--version']).status === 0;
}

type Fields = Readonly<Record<string, unknown>>;

interface Message extends Fields {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly params?: Fields;
  readonly result?: Fields;
  readonly error?: { readonly message: string };
}

type Listener = (method: string, params: Fields) => void;

export class Chromium implements AsyncDisposable {
  readonly #profile = mkdtempSync(join(tmpdir(), 'wsgi-serve-chromium-'));
  readonly #child: ChildProcess;
  readonly #orders: Writable;
  readonly #pending = new Map<number, (answer: Message) => void>();
  readonly #listeners = new Map<string, Listener>();
  #count = 0;

  constructor() {
    const ours = ['--headless=new', '--no-sandbox', '--disable-gpu', '--remote-debugging-pipe'];
    const alone = [
      ...['--no-proxy-server', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      ...['--no-first-run', '--disable-extensions', '--disable-dev-shm-usage'],
    ];
    this.#child = spawn(PROGRAM, [...ours, ...alone, `--user-data-dir=${this.#profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      // A group of its own: the browser is many processes.
      detached: true,
    });
    const [, , , orders, answers] = this.#child.stdio;
    if (!(orders instanceof Writable && answers instanceof Readable)) throw new TypeError('no pipes');
    this.#orders = orders;
    // What is sent to a browser that ends is lost.
    orders.on('error', () => undefined);
    this.#read(answers);
  }

  /** A tab before all others, or in a window of its own, that has shown `url` when this resolves. */
  async open(url: string, { newWindow = false } = {}): Promise<Tab> {
    const { targetId } = await this.ask('Target.createTarget', { url: 'about:blank', newWindow });
    const { sessionId } = await this.ask('Target.attachToTarget', { targetId, flatten: true });
    const tab = new Tab(this, String(sessionId), String(targetId));
    this.#listeners.set(String(sessionId), (method, params) => tab.heard(method, params));
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await tab.ask(`${domain}.enable`);
    await tab.visit(url);
    return tab;
  }

  /** Sends a command; rejects with what the browser has against it. */
  async ask(method: string, params: Fields = {}, sessionId?: string): Promise<Fields> {
    this.#count += 1;
    const id = this.#count;
    const answer = new Promise<Message>((resolve) => this.#pending.set(id, resolve));
    this.#orders.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    const { result = {}, error } = await answer;
    if (error !== undefined) throw new TypeError(`${method}: ${error.message}`);
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const { pid } = this.#child;
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
      await once(this.#child, 'exit');
    }
    // Its processes are told to end all at once, and end one by one.
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }

  /** Messages are JSON, each with a zero byte behind it. */
  #read(answers: Readable): void {
    let rest = '';
    answers.setEncoding('utf8').on('data', (text: string) => {
      const [...whole] = (rest + text).split('\0');
      rest = whole.pop() ?? '';
      for (const message of whole) this.#took(JSON.parse(message));
    });
  }

  #took({ id, method, sessionId, params, ...answer }: Message): void {
    if (id !== undefined) {
      this.#pending.get(id)?.(answer);
      this.#pending.delete(id);
    } else if (method !== undefined && sessionId !== undefined) {
      this.#listeners.get(sessionId)?.(method, params ?? {});
    }
  }
}

/** One page after the other, as a person sees them. */
export class Tab implements AsyncDisposable {
  /** How many pages have been loaded, whole. */
  loads = 0;
  /** What the console says of errors: scripts that fail, policies that are broken. */
  readonly errors: string[] = [];
  /** What event streams have said. */
  readonly events: string[] = [];
  readonly #browser: Chromium;
  readonly #session: string;
  readonly #target: string;

  constructor(browser: Chromium, session: string, target: string) {
    this.#browser = browser;
    this.#session = session;
    this.#target = target;
  }

  ask(method: string, params: Fields = {}): Promise<Fields> {
    return this.#browser.ask(method, params, this.#session);
  }

  async visit(url: string): Promise<void> {
    const before = this.loads;
    await this.ask('Page.navigate', { url });
    await eventually(() => this.loads > before);
  }

  async toFront(): Promise<void> {
    await this.ask('Page.bringToFront');
  }

  /** The value of an expression, or of the promise that it is, as JSON has it. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.ask('Runtime.evaluate', {
      ...{ expression, awaitPromise: true, returnByValue: true },
    });
    if (exceptionDetails !== undefined) throw new TypeError(JSON.stringify(exceptionDetails));
    return Object(result).value;
  }

  /** What can be read on the page; nothing while another one comes. */
  async text(): Promise<string> {
    // A page that goes away takes the question with it.
    return String(await this.evaluate("document.body?.innerText ?? ''").catch(() => ''));
  }

  /** Resolves when `words` can be read. */
  async shows(words: string): Promise<void> {
    await eventually(async () => (await this.text()).includes(words));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.ask('Target.closeTarget', { targetId: this.#target });
  }

  /** For the browser: what happened here. */
  heard(method: string, params: Fields): void {
    if (method === 'Page.loadEventFired') this.loads += 1;
    if (method === 'Network.eventSourceMessageReceived') this.events.push(String(params['data']));
    if (method === 'Runtime.exceptionThrown') this.errors.push(JSON.stringify(params));
    if (method === 'Log.entryAdded') {
      const { level, text, source } = Object(params['entry']);
      if (level === 'error') this.errors.push(`${source}: ${text}`);
    }
  }
}
