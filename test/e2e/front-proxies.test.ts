import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseAnswers } from '../helpers/answers.js';
import { DeploymentFolder } from '../helpers/deployment-folder.js';
import { Conversation, openConversation } from '../helpers/raw-http.js';
import { Cli, runCli } from '../helpers/run-cli.js';

const APPS = `
const KEYS = [
  'REMOTE_ADDR', 'REMOTE_PORT', 'SERVER_NAME', 'SERVER_PORT', 'wsgi.url_scheme', 'HTTP_HOST', 'HTTPS',
  'HTTP_X_FORWARDED_FOR', 'HTTP_X_FORWARDED_PROTO', 'HTTP_X_FORWARDED_HOST', 'HTTP_FORWARDED', 'HTTP_X_REQUEST_ID',
];
export const show = () => (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'application/json']]);
  return [JSON.stringify(Object.fromEntries(KEYS.flatMap((key) => (key in environ ? [[key, environ[key]]] : []))))];
};
`;

const SITE = `
[app:main]
paste.app_factory = apps:show
[server:nobody]
port = 0
[server:keeping]
port = 0
clear_untrusted_proxy_headers = false
[server:waitress]
port = 0
trusted_proxy = 127.0.0.1
[server:one]
port = 0
access_log = json
trusted_proxy = 127.0.0.0/8, ::1
trusted_proxy_headers = x-forwarded-for x-forwarded-proto x-forwarded-host
[server:two]
port = 0
trusted_proxy = 127.0.0.1
trusted_proxy_count = 2
trusted_proxy_headers = forwarded
[server:elsewhere]
port = 0
trusted_proxy = 10.0.0.0/8
trusted_proxy_headers = x-forwarded-for x-forwarded-proto x-forwarded-host
[server:unix]
unix_socket = %(here)s/s.sock
trusted_proxy = unix
trusted_proxy_headers = x-forwarded-for
[server:tunnel]
port = 0
proxy_protocol = true
access_log = json
trusted_proxy = 127.0.0.1
trusted_proxy_headers = x-forwarded-for
`;

const FIELDS = {
  'X-Forwarded-For': '6.6.6.6, 9.9.9.9',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'site.example',
  Forwarded: 'for=6.6.6.6, for="[2001:db8::1]:4711";proto=https;host=a.example, for=9.9.9.9',
};

let folder: DeploymentFolder;
let cli: Cli;

beforeAll(() => {
  folder = new DeploymentFolder({ 'apps.mjs': APPS, 'site.ini': SITE });
  cli = new Cli(['-v', folder.file('site.ini')]);
});

afterAll(async () => {
  await cli[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

function request(target: string, fields: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${target} HTTP/1.1\r\nHost: inner:8080\r\nConnection: close\r\n${lines.join('')}\r\n`;
}

/** What comes for `bytes`: the one answer, or an empty text where the connection is only closed. */
async function ask(server: string, bytes: string): Promise<string> {
  const conversation = await openConversation({ port: await cli.port(server), host: '127.0.0.1' });
  conversation.send(bytes);
  return conversation.toEnd();
}

/** What the app was told of the request. */
async function seen(server: string, fields: Readonly<Record<string, string>>): Promise<unknown> {
  return JSON.parse(parseAnswers(await ask(server, request('/', fields)))[0]?.body ?? 'null');
}

async function loggedAddress(target: string): Promise<unknown> {
  const [line] = await cli.printed(new RegExp(`^{"time":[^\\n]*"target":"${target}"[^\\n]*}$`, 'm'));
  return JSON.parse(line).remoteAddress;
}

const PEER = {
  REMOTE_ADDR: '127.0.0.1',
  REMOTE_PORT: expect.stringMatching(/^\d+$/),
  SERVER_NAME: '127.0.0.1',
  SERVER_PORT: expect.stringMatching(/^\d+$/),
  'wsgi.url_scheme': 'http',
  HTTP_HOST: 'inner:8080',
};

describe('trusted_proxy', () => {
  it.each(['nobody', 'elsewhere'])(
    'of [server:%s] leaves nothing of what a client claims',
    async (server) => {
      expect(await seen(server, FIELDS)).toEqual(PEER);
    },
  );

  it('lets apps see claims that are not cleared, and believes none', async () => {
    expect(await seen('keeping', FIELDS)).toEqual({
      ...PEER,
      HTTP_X_FORWARDED_FOR: '6.6.6.6, 9.9.9.9',
      HTTP_X_FORWARDED_PROTO: 'https',
      HTTP_X_FORWARDED_HOST: 'site.example',
      HTTP_FORWARDED: FIELDS.Forwarded,
    });
  });

  it('believes X-Forwarded-Proto alone where no headers are named, as Waitress does', async () => {
    expect(await seen('waitress', FIELDS)).toEqual({
      ...PEER,
      'wsgi.url_scheme': 'https',
      HTTPS: 'on',
      SERVER_PORT: '443',
      HTTP_X_FORWARDED_PROTO: 'https',
    });
  });

  it('believes what the proxy itself wrote; a port that it does not tell is not there', async () => {
    expect(await seen('one', FIELDS)).toEqual({
      REMOTE_ADDR: '9.9.9.9',
      SERVER_NAME: 'site.example',
      SERVER_PORT: '443',
      'wsgi.url_scheme': 'https',
      HTTPS: 'on',
      HTTP_HOST: 'site.example',
      HTTP_X_FORWARDED_FOR: '9.9.9.9',
      HTTP_X_FORWARDED_PROTO: 'https',
      HTTP_X_FORWARDED_HOST: 'site.example',
      HTTP_X_REQUEST_ID: expect.any(String),
    });
  });

  it('counts two proxies from the right, and takes a port that is told', async () => {
    expect(await seen('two', FIELDS)).toMatchObject({
      REMOTE_ADDR: '2001:db8::1',
      REMOTE_PORT: '4711',
      SERVER_NAME: 'a.example',
      'wsgi.url_scheme': 'https',
    });
  });

  it('tells the log once where proxies are missing', async () => {
    for (const _ of [1, 2]) await seen('two', { Forwarded: 'for=9.9.9.9' });
    const [line] = await cli.printed(/{[^\n]*came through fewer proxies[^\n]*}/);
    expect(JSON.parse(line)).toMatchObject({ server: 'two', missing: 1, level: 40 });
    expect(cli.stdout.split('came through fewer proxies').length).toBe(2);
  });

  it('refuses what the proxy wrote wrongly, and tells the log', async () => {
    const [answer] = parseAnswers(await ask('one', request('/', { 'X-Forwarded-For': '<script>' })));
    expect([answer?.status, answer?.body]).toEqual([400, 'x-forwarded-for is not well formed\n']);
    const [line] = await cli.printed(/{[^\n]*refused: x-forwarded-for[^\n]*}/);
    expect(JSON.parse(line)).toMatchObject({ server: 'one', remoteAddress: '127.0.0.1', status: 400 });
  });

  it('can be the peer of a unix socket', async () => {
    await cli.printed(/serving unix/);
    const conversation = new Conversation(connect(folder.file('s.sock')));
    conversation.send(request('/', { 'X-Forwarded-For': '9.9.9.9' }));
    const [answer] = parseAnswers(await conversation.toEnd());
    expect(JSON.parse(answer?.body ?? 'null')).toMatchObject({ REMOTE_ADDR: '9.9.9.9' });
  });

  it('shows the client in the access log', async () => {
    await ask('one', request('/logged', FIELDS));
    expect(await loggedAddress('/logged')).toBe('9.9.9.9');
  });

  it.each([
    ['trusted_proxy = example.org', 'which is no address'],
    ['trusted_proxy_count = 2', 'means nothing without trusted_proxy'],
    ['trusted_proxy = *\ntrusted_proxy_count = 0', 'is not a whole number from 1 on'],
    ['trusted_proxy = *\ntrusted_proxy_headers = x-forwarded-fro', 'Did you mean "x-forwarded-for"?'],
    [
      'trusted_proxy = *\ntrusted_proxy_headers = forwarded x-forwarded-for',
      'both forwarded and x-forwarded',
    ],
  ])('is refused at the start where it is written as %j', async (lines, words) => {
    using bad = new DeploymentFolder({
      'apps.mjs': APPS,
      'site.ini': `[app:main]\npaste.app_factory = apps:show\n[server:main]\nport = 0\n${lines}\n`,
    });
    const { code, stderr } = await runCli([bad.file('site.ini')]);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
    expect(stderr).toContain(`> ${lines.split('\n').length + 4} |`);
  });
});

const LINE = 'PROXY TCP4 9.9.9.9 5.6.7.8 1234 443\r\n';
/** The same in version 2: signature, version and command, TCP over IPv4, twelve bytes of addresses and ports. */
const BYTES = Buffer.from('0d0a0d0a000d0a515549540a2111000c090909090506070804d201bb', 'hex').toString(
  'latin1',
);
const BYTES_IPV6 = Buffer.from(
  '0d0a0d0a000d0a515549540a2121002420010db800000000000000000000000120010db800000000000000000000000204d201bb',
  'hex',
).toString('latin1');

describe('proxy_protocol', () => {
  it.each([
    ['a line', LINE, '/v1', '9.9.9.9'],
    ['bytes', BYTES, '/v2', '9.9.9.9'],
    ['bytes with IPv6', BYTES_IPV6, '/v2-ipv6', '2001:db8::1'],
  ])('shows the client of %s to the app and in the access log', async (_what, header, target, address) => {
    const [answer] = parseAnswers(await ask('tunnel', header + request(target)));
    expect(JSON.parse(answer?.body ?? 'null')).toMatchObject({ REMOTE_ADDR: address, REMOTE_PORT: '1234' });
    expect(await loggedAddress(target)).toBe(address);
  });

  it('knows the client for every request of the connection', async () => {
    const open = request('/1').replace('Connection: close\r\n', '');
    const answers = parseAnswers(await ask('tunnel', LINE + open + request('/2')));
    expect(answers.map(({ body }) => JSON.parse(body).REMOTE_ADDR)).toEqual(['9.9.9.9', '9.9.9.9']);
  });

  it('shows the proxy where it speaks for itself', async () => {
    const [answer] = parseAnswers(await ask('tunnel', `PROXY UNKNOWN\r\n${request('/')}`));
    expect(JSON.parse(answer?.body ?? 'null')).toMatchObject({ REMOTE_ADDR: '127.0.0.1' });
  });

  it.each([
    ['no header', ''],
    ['a bad line', 'PROXY TCP4 nonsense\r\n'],
  ])('closes a connection with %s, and calls no app', async (_what, header) => {
    const [answer, ...others] = parseAnswers(await ask('tunnel', header + request('/never-run')));
    expect([answer?.status, answer?.headers.get('connection'), others]).toEqual([400, 'close', []]);
    expect(cli.stdout).not.toContain('never-run');
  });

  it('takes the client for the peer: what it claims is believed no more than of others', async () => {
    const fields = { 'X-Forwarded-For': '6.6.6.6', 'X-Request-Id': 'made-up' };
    const [answer] = parseAnswers(await ask('tunnel', LINE + request('/claims', fields)));
    const environ = JSON.parse(answer?.body ?? 'null');
    expect(environ.REMOTE_ADDR).toBe('9.9.9.9');
    expect(environ.HTTP_X_REQUEST_ID).not.toBe('made-up');
  });

  it('where it is not set takes such a line for no request', async () => {
    const [answer] = parseAnswers(await ask('nobody', LINE + request('/')));
    expect(answer?.status).toBe(400);
  });
});
