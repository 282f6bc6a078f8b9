import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseAnswers } from '../helpers/answers.js';
import { DeploymentFolder } from '../helpers/deployment-folder.js';
import { openConversation } from '../helpers/raw-http.js';
import { Cli } from '../helpers/run-cli.js';

const APPS = `
export const site = () => async (environ, startResponse) => {
  if (environ.PATH_INFO.startsWith('/silent')) await new Promise(() => undefined);
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  if (environ.PATH_INFO.startsWith('/endless')) return endless();
  return [environ.HTTP_X_REQUEST_ID ?? 'no id'];
};
async function* endless() {
  yield 'begun';
  await new Promise(() => undefined);
}
`;

const SITE = `
[app:main]
paste.app_factory = apps:site
[server:off]
port = 0
[server:common]
port = 0
access_log = common
[server:combined]
port = 0
access_log = combined
[server:json]
port = 0
access_log = json
[server:behind]
port = 0
access_log = json
trusted_proxy = 127.0.0.1
`;

const FORMATS = ['common', 'combined', 'json'] as const;

/** A line of the Common or the Combined Log Format, in which quotes stand around nothing that is not escaped. */
const LINE =
  /^\S+ - \S+ \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "(?:[^"\\]|\\x[\dA-F]{2})*" \d{3} (?:\d+|-)(?: "(?:[^"\\]|\\x[\dA-F]{2})*"){0,2}$/;

let folder: DeploymentFolder;
let cli: Cli;

beforeAll(() => {
  folder = new DeploymentFolder({ 'apps.mjs': APPS, 'site.ini': SITE });
  cli = new Cli([folder.file('site.ini')]);
});

afterAll(async () => {
  await cli[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

function request(target: string, fields = ''): string {
  return `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`;
}

/** Asks and waits for the end; gives the body of the answer. */
async function ask(server: string, bytes: string): Promise<string> {
  const conversation = await openConversation({ port: await cli.port(server), host: '127.0.0.1' });
  conversation.send(bytes);
  return parseAnswers(await conversation.toEnd())[0]?.body ?? '';
}

/** The line on standard output that has `word` in it. */
async function lineWith(word: string): Promise<string> {
  const [line] = await cli.printed(new RegExp(`^.*${word}.*$(?=\\n)`, 'm'));
  return line;
}

async function entryWith(word: string): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse(await lineWith(word));
}

describe('access_log', () => {
  it('off prints nothing', async () => {
    await ask('off', request('/unseen'));
    await ask('common', request('/behind-unseen'));
    await lineWith('/behind-unseen');
    expect(cli.stdout).not.toContain('/unseen');
  });

  it('common prints what Apache does', async () => {
    await ask('common', request('/common?q=1'));
    const line = await lineWith('/common\\?q=1');
    expect(line).toMatch(LINE);
    expect(line.replace(/\[.*]/, '[time]')).toBe('127.0.0.1 - - [time] "GET /common?q=1 HTTP/1.1" 200 36');
  });

  it('combined adds where the request came from and by what', async () => {
    await ask('combined', request('/combined', 'Referer: http://b/\r\nUser-Agent: test/1.0\r\n'));
    const line = await lineWith('/combined');
    expect(line).toMatch(LINE);
    expect(line).toMatch(/ 200 36 "http:\/\/b\/" "test\/1\.0"$/);
  });

  it('json prints an object a line', async () => {
    await ask('json', request('/json', 'Referer: http://b/\r\n'));
    expect(await entryWith('/json')).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      remoteAddress: '127.0.0.1',
      user: null,
      method: 'GET',
      target: '/json',
      httpVersion: '1.1',
      host: 'a',
      status: 200,
      bytes: 36,
      referer: 'http://b/',
      userAgent: null,
      duration: expect.any(Number),
      requestId: expect.stringMatching(/^[\da-f-]{36}$/),
      aborted: false,
    });
  });

  it('prints a line for each request of a connection', async () => {
    const open = (target: string) => request(target).replace('Connection: close\r\n', '');
    await ask('common', open('/kept-1') + open('/kept-2') + request('/kept-3'));
    for (const target of ['/kept-1', '/kept-2', '/kept-3']) expect(await lineWith(target)).toMatch(LINE);
  });
});

describe.each(FORMATS)('a hostile request in %s', (format) => {
  it.each([
    ['path', (text: string) => request(`/hostile-${format}-path"${text.replaceAll(' ', '%20')}`)],
    ['referer', (text: string) => request(`/hostile-${format}-referer`, `Referer: ${text}\r\n`)],
    ['agent', (text: string) => request(`/hostile-${format}-agent`, `User-Agent: ${text}\r\n`)],
  ])('ends no line and begins no column by its %s', async (where, requestWith) => {
    const inText = where === 'path' ? '" 200 1 "%0a%0d\\' : '" 200 1 "\t\\ \xff\xc3\xa9 127.0.0.1 - -';
    await ask(format, requestWith(inText));
    const line = await lineWith(`/hostile-${format}-${where}`);
    expect(line).toMatch(/^[ -~]*$/);
    if (format === 'json') expect(Object.keys(JSON.parse(line))).toHaveLength(14);
    else expect(line).toMatch(LINE);
  });

  it('is cut where it is long', async () => {
    await ask(format, request(`/long-${format}-${'x'.repeat(10_000)}`));
    expect((await lineWith(`/long-${format}-`)).length).toBeLessThan(4000);
  });
});

describe('an answer that does not reach its end', () => {
  it('is logged as such with its status, where it was begun', async () => {
    const conversation = await openConversation({ port: await cli.port('json'), host: '127.0.0.1' });
    conversation.send(request('/endless-json'));
    await conversation.until(/begun/);
    conversation.socket.destroy();
    expect(await entryWith('/endless-json')).toMatchObject({ status: 200, bytes: 5, aborted: true });
  });

  it('is logged as 499 where it was not', async () => {
    for (const server of ['json', 'common']) {
      const conversation = await openConversation({ port: await cli.port(server), host: '127.0.0.1' });
      conversation.send(request(`/silent-${server}`));
      conversation.socket.end();
    }
    expect(await entryWith('/silent-json')).toMatchObject({ status: 499, bytes: 0, aborted: true });
    expect(await lineWith('/silent-common')).toMatch(/" 499 -$/);
  });
});

describe('the id of a request', () => {
  const given = (target: string, ...ids: readonly string[]) =>
    request(target, ids.map((id) => `X-Request-Id: ${id}\r\n`).join(''));

  it('that is logged is the one that the app sees', async () => {
    const seen = await ask('json', request('/id-made'));
    expect((await entryWith('/id-made'))['requestId']).toBe(seen);
  });

  it('is that of a trusted proxy', async () => {
    expect(await ask('behind', given('/id-given', 'abc-1'))).toBe('abc-1');
    expect((await entryWith('/id-given'))['requestId']).toBe('abc-1');
  });

  it.each([
    ['of anybody else', 'json', ['abc-2']],
    ['given twice', 'behind', ['abc-2', 'abc-2']],
    ['given twice, once badly', 'behind', ['abc-2', 'a b']],
    ['badly formed', 'behind', ['abc-2"']],
  ])('is a new one in place of one %s', async (_what, server, ids) => {
    expect(await ask(server, given('/id-replaced', ...ids))).toMatch(/^[\da-f-]{36}$/);
  });
});
