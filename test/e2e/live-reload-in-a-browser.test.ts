import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Header } from '../../src/gateway/wsgi-types.js';
import { Chromium, hasChromium, type Tab } from '../helpers/chromium.js';
import { Developing, iniOf } from '../helpers/developing.js';
import { eventually } from '../helpers/eventually.js';
import { Cli } from '../helpers/run-cli.js';

const inBrowser = hasChromium() ? describe : describe.skip;

const BROKEN = 'export const make = () => {\n  return (;\n};\n';

/** An app whose answer is a page that says `word`; `head` stands in it, and `headers` above it. */
function pageOf(word: string, { head = '', headers = [] as readonly Header[] } = {}): string {
  // Without an icon of its own the browser asks for one.
  const html = `<!DOCTYPE html><title>${word}</title><link rel="icon" href="data:,">${head}<p>${word}</p>`;
  return `
export const make = () => (environ, startResponse) => {
  startResponse('200 OK', ${JSON.stringify([['Content-Type', 'text/html'], ...headers])});
  return ${JSON.stringify(html)};
};
`;
}

async function urlOf(site: Developing): Promise<string> {
  return `http://127.0.0.1:${await site.cli.port('main')}/`;
}

/** How many scripts a page has that are not its own. */
const ADDED = "document.querySelectorAll('script[src]').length";

inBrowser('a page in a browser (needs chromium)', () => {
  let browser: Chromium;
  beforeAll(() => {
    browser = new Chromium();
  });
  afterAll(() => browser[Symbol.asyncDispose]());

  async function open(site: Developing): Promise<Tab> {
    return browser.open(await urlOf(site));
  }

  it('shows what was saved, again and again, loaded once for each reload', async () => {
    await using site = new Developing({ 'apps.mjs': pageOf('v1') });
    await using tab = await open(site);
    expect(await tab.text()).toBe('v1');
    for (const word of ['v2', 'v3', 'v4']) {
      site.write('apps.mjs', pageOf(word));
      await tab.shows(word);
    }
    const own = "document.querySelector('script').dataset.generation";
    await eventually(async () => tab.events.at(-1) === (await tab.evaluate(own)));
    expect(tab.loads).toBeLessThanOrEqual(1 + site.changes.length);
    expect(tab.errors).toEqual([]);
  });

  it('shows the failure of a build with --show-errors, and what comes of its repair', async () => {
    await using site = new Developing({ 'apps.mjs': pageOf('v1') }, ['--show-errors']);
    await using tab = await open(site);
    site.write('apps.mjs', BROKEN);
    await tab.shows("SyntaxError: Unexpected token ';'");
    expect(await tab.text()).toContain(' > 2 |   return (;\n');
    site.write('apps.mjs', 'throw new Error("no database");\n');
    await tab.shows('no database');
    site.write('apps.mjs', pageOf('v3'));
    await tab.shows('v3');
  });

  it('stays as it is while a build fails otherwise', async () => {
    await using site = new Developing({ 'apps.mjs': pageOf('v1') });
    await using tab = await open(site);
    site.write('apps.mjs', BROKEN);
    await site.failed();
    expect([await tab.text(), tab.loads]).toEqual(['v1', 1]);
    site.write('apps.mjs', pageOf('v2'));
    await tab.shows('v2');
  });

  it('has nothing in it and is left alone with --no-live-reload', async () => {
    await using site = new Developing({ 'apps.mjs': pageOf('v1') }, ['--no-live-reload']);
    await using tab = await open(site);
    expect(await tab.evaluate(ADDED)).toBe(0);
    site.write('apps.mjs', pageOf('v2'));
    await site.reloaded(2);
    expect([await tab.text(), tab.loads]).toEqual(['v1', 1]);
    expect(await tab.evaluate("fetch('/').then((answer) => answer.text())")).toContain('v2');
  });

  it('that came out of the history is the new one', async () => {
    await using site = new Developing({ 'apps.mjs': pageOf('v1') });
    await using tab = await open(site);
    await tab.visit('about:blank');
    site.write('apps.mjs', pageOf('v2'));
    await site.reloaded(2);
    // The page goes away with the question.
    await tab.evaluate('history.back()').catch(() => undefined);
    await tab.shows('v2');
  });

  it('listens again to a server that was stopped and started', async () => {
    await using site = new Developing({ 'apps.mjs': pageOf('v1') });
    await using tab = await open(site);
    const port = await site.cli.port('main');
    await site.cli.stop();
    site.write('site.ini', iniOf().replace('port = 0', `port = ${port}`));
    site.write('apps.mjs', pageOf('v2'));
    const { path } = site.folder;
    await using _again = new Cli(['site.ini', '--reload'], { cwd: path, env: { XDG_RUNTIME_DIR: path } });
    await tab.shows('v2');
    site.write('apps.mjs', pageOf('v3'));
    await tab.shows('v3');
  });

  it('leaves connections to others, however many windows and tabs show it', async () => {
    await using site = new Developing({ 'apps.mjs': pageOf('v1') });
    await using crowd = new Chromium();
    const url = await urlOf(site);
    const tabs: Tab[] = [];
    for (const newWindow of [false, true]) {
      for (let count = 0; count < 8; count += 1) tabs.push(await crowd.open(url, { newWindow }));
    }
    const [hidden, ...others] = tabs;
    const [last] = others.slice(-1);
    expect(await last?.evaluate("fetch('/').then((answer) => answer.text())")).toContain('v1');
    expect(await Promise.all([hidden, last].map((tab) => tab?.evaluate('document.hidden')))).toEqual([
      true,
      false,
    ]);
    site.write('apps.mjs', pageOf('v2'));
    for (const tab of others.slice(-8)) await tab.shows('v2');
    expect(await hidden?.text()).toBe('v1');
    await hidden?.toFront();
    await hidden?.shows('v2');
  }, 60_000);

  it('works below a strict Content-Security-Policy, which is not broken', async () => {
    const policy = "default-src 'none'; img-src data:; script-src 'self'; connect-src 'self'";
    const headers: Header[] = [['Content-Security-Policy', policy]];
    await using site = new Developing({ 'apps.mjs': pageOf('v1', { headers }) });
    await using tab = await open(site);
    expect(await tab.evaluate(ADDED)).toBe(1);
    site.write('apps.mjs', pageOf('v2', { headers }));
    await tab.shows('v2');
    expect(tab.errors).toEqual([]);
  });

  it.each<Header>([
    ['Content-Security-Policy', "default-src 'none'; img-src data:; script-src 'nonce-n'"],
    ['Content-Security-Policy', "img-src data:; script-src 'self' 'strict-dynamic' 'nonce-n'"],
    ['Content-Security-Policy', "script-src 'self' 'nonce-n'; connect-src 'none'"],
    ['Integrity-Policy', 'blocked-destinations=(script)'],
  ])('is left alone below %s: %s', async (...header) => {
    const head = '<script nonce="n">document.title = "ran"</script>';
    await using site = new Developing({ 'apps.mjs': pageOf('v1', { head, headers: [header] }) });
    await using tab = await open(site);
    expect(await tab.evaluate(`[document.title, ${ADDED}]`)).toEqual(['ran', 0]);
    expect(tab.errors).toEqual([]);
  });

  it('is seen to break its policy where it does', async () => {
    const head = '<script>document.title = "ran"</script>';
    const headers: Header[] = [['Content-Security-Policy', "script-src 'self'"]];
    await using site = new Developing({ 'apps.mjs': pageOf('v1', { head, headers }) });
    await using tab = await open(site);
    expect(await tab.evaluate(`[document.title, ${ADDED}]`)).toEqual(['v1', 1]);
    expect(tab.errors).toEqual([expect.stringContaining('violates')]);
  });
});
