import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { answering, Developing, iniOf } from '../helpers/developing.js';
import { eventually } from '../helpers/eventually.js';
import { runCli } from '../helpers/run-cli.js';

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const API = { accept: 'application/json' };
const BROKEN = 'export const make = () => {\n  return (;\n};\n';
const LIVE = '/.wsgi-serve/live';

/** An app whose answer is a page. */
function pageOf(word: string): string {
  return answering(`'<!DOCTYPE html><title>${word}</title>'`).replace('text/plain', 'text/html');
}

/** Collects what a stream sends, until it ends. */
async function listen(
  response: Response,
): Promise<{ readonly heard: () => string; readonly ended: Promise<void> }> {
  let heard = '';
  const decoder = new TextDecoder();
  const read = async (): Promise<void> => {
    for await (const chunk of response.body ?? []) heard += decoder.decode(chunk, { stream: true });
  };
  return { heard: () => heard, ended: read().catch(() => undefined) };
}

describe('with --show-errors', () => {
  it('a build that fails is shown to browsers as a page, and to programs as data', async () => {
    await using site = new Developing({ 'apps.mjs': answering("'v1'") }, ['--show-errors']);
    expect(await site.body()).toBe('v1');
    site.write('apps.mjs', BROKEN);
    await site.failed();
    const page = await site.ask('/', BROWSER);
    expect([page.status, page.headers.get('content-type')]).toEqual([500, 'text/html; charset=utf-8']);
    const html = await page.text();
    expect(html).toContain('(apps.mjs:2:11)');
    expect(html).toContain(
      ' &gt; 2 |   return (;\n     |           ^\n site.ini:4:21: &quot;apps&quot; is named here',
    );
    expect(html).toContain(`${LIVE}.js`);
    const data = await site.ask('/', API);
    expect([data.status, data.headers.get('content-type')]).toEqual([500, 'application/problem+json']);
    expect(await data.json()).toMatchObject({
      status: 500,
      code: 'module-failed',
      file: site.folder.file('apps.mjs'),
      line: 2,
      column: 11,
      text: expect.stringContaining('site.ini:4:21: "apps" is named here'),
    });
    site.write('apps.mjs', answering("'v3'"));
    await site.changed(2);
    await eventually(async () => (await site.body()) === 'v3');
  });

  it('so is the very first one, where the servers are known', async () => {
    await using site = new Developing({ 'apps.mjs': BROKEN }, ['--show-errors']);
    expect((await site.ask('/', API)).status).toBe(500);
    site.write('apps.mjs', answering("'v2'"));
    await site.changed();
    expect(await site.body()).toBe('v2');
  });

  it('one that fails otherwise is shown next', async () => {
    await using site = new Developing({ 'apps.mjs': BROKEN }, ['--show-errors']);
    await site.ask();
    site.write('apps.mjs', answering("''", { first: 'throw new Error("no database");' }));
    await site.changed();
    await eventually(async () => (await (await site.ask('/', BROWSER)).text()).includes('no database'));
  });
});

describe('live reload', () => {
  it('brings browsers to the new generation', async () => {
    await using site = new Developing({ 'apps.mjs': pageOf('v1') });
    const page = await (await site.ask('/', BROWSER)).text();
    expect(page).toContain('<title>v1</title>');
    const generation = /data-generation="([^"]+)"/.exec(page)?.[1];
    expect(await site.body(`${LIVE}.js`)).toContain('EventSource');
    const stream = await listen(await site.ask(LIVE));
    await eventually(() => stream.heard().includes(`data: ${generation}\n\n`));
    site.write('apps.mjs', pageOf('v2'));
    await stream.ended;
    const next = await listen(await site.ask(LIVE));
    await eventually(() => next.heard().includes('data: '));
    expect(next.heard()).not.toContain(`data: ${generation}\n`);
    expect(await (await site.ask('/', BROWSER)).text()).toContain('<title>v2</title>');
  });

  it('leaves alone what is no page, and all pages where it is not wanted', async () => {
    await using site = new Developing({ 'apps.mjs': pageOf('v1') });
    expect(await (await site.ask('/', API)).text()).toBe('<!DOCTYPE html><title>v1</title>');
    await using other = new Developing({ 'apps.mjs': pageOf('v1') }, ['--no-live-reload']);
    expect(await (await other.ask('/', BROWSER)).text()).toBe('<!DOCTYPE html><title>v1</title>');
    expect(await other.body(LIVE)).toBe('<!DOCTYPE html><title>v1</title>');
  });
});

describe('wsgi-serve why', () => {
  it('says which section has loaded a file, and through what', async () => {
    await using site = new Developing({
      'apps.mjs': answering('word', { top: "import { word } from './part.mjs';" }),
      'part.mjs': "export { word } from './deep.mjs';",
      'deep.mjs': "export const word = 'deep';",
      'other.mjs': '',
    });
    expect(await site.body()).toBe('deep');
    const chain = ['apps.mjs', 'part.mjs', 'deep.mjs']
      .map((name) => `  ${site.folder.file(name)}\n`)
      .join('');
    expect(await site.run('why', 'deep.mjs', 'site.ini')).toMatchObject({
      code: 0,
      stdout: `[app:main]\n${chain}`,
    });
    expect(await site.run('why', 'other.mjs', 'site.ini')).toMatchObject({
      code: 1,
      stdout: `no app has loaded ${site.folder.file('other.mjs')}\n`,
    });
    const told = await site.run('why', 'other.mjs', 'site.ini', '--format', 'json');
    expect([told.code, JSON.parse(told.stdout)]).toEqual([1, []]);
  });
});

describe('--reload', () => {
  it.each([
    [['--daemon', '--reload'], 'The --daemon and --reload options may not be used together'],
    [['--workers', '2', '--reload'], '--workers 2 is not for --reload: in development one worker serves'],
    [['--show-errors'], '--show-errors is nothing without --reload'],
    [['--no-live-reload'], '--no-live-reload is nothing without --reload'],
  ])('and options that contradict it are refused: %j', async (options, message) => {
    const { code, stderr } = await runCli(['site.ini', ...options]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it('says goodbye to WebSockets', async () => {
    const ws = createRequire(import.meta.url).resolve('ws');
    const app = (word: string): string => `
import { createRequire } from 'node:module';
const { WebSocketServer } = createRequire(import.meta.url)(${JSON.stringify(ws)});
const sockets = new WebSocketServer({ noServer: true });
export const app = (req, res) => res.end('${word}');
app.upgrade = (req, socket, head) =>
  sockets.handleUpgrade(req, socket, head, (socket) => {
    socket.on('message', (text) => socket.send('${word} ' + text));
  });
`;
    const ini = iniOf({ app: 'node.app = apps:app' });
    await using site = new Developing({ 'site.ini': ini, 'apps.mjs': app('v1') });
    const url = `ws://127.0.0.1:${await site.cli.port('main')}/`;
    const talk = async (): Promise<{ readonly answer: string; readonly closed: Promise<number> }> => {
      const socket = new WebSocket(url);
      const closed = new Promise<number>((resolve) => socket.once('close', resolve));
      await new Promise((opened) => socket.once('open', opened));
      const answer = new Promise<string>((heard) => socket.once('message', (data) => heard(String(data))));
      socket.send('hello');
      return { answer: await answer, closed };
    };
    const first = await talk();
    expect(first.answer).toBe('v1 hello');
    site.write('apps.mjs', app('v2'));
    expect(await first.closed).toBe(1001);
    expect((await talk()).answer).toBe('v2 hello');
  });

  it('ends streams of the app when their time is over, while the new code serves', async () => {
    const app = (word: string): string => `
export const app = (req, res) => {
  if (req.url !== '/events') return res.end('${word}');
  res.writeHead(200, { 'Content-Type': 'text/event-stream' });
  res.write('data: ${word}\\n\\n');
};
`;
    const ini = iniOf({ app: 'node.app = apps:app', server: 'graceful_timeout = 300ms' });
    await using site = new Developing({ 'site.ini': ini, 'apps.mjs': app('v1') });
    const stream = await listen(await site.ask('/events'));
    await eventually(() => stream.heard() === 'data: v1\n\n');
    site.write('apps.mjs', app('v2'));
    await site.changed();
    expect(await site.body()).toBe('v2');
    await stream.ended;
    await site.cli.printed(/1 connections of the old generation were cut/);
  });
});
