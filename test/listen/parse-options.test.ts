import { describe, expect, it } from '@jest/globals';
import { readDeployment } from '../../src/config/read-deployment.js';
import { WsgiServeError } from '../../src/errors.js';
import { OPTIONS } from '../../src/listen/options.js';
import { optionNames, parseOptions } from '../../src/listen/parse-options.js';
import { problemOf } from '../helpers/problems.js';

/** Parses the keys of a server section, written as lines. */
function parse(lines: string) {
  const text = `[app:main]\npaste.app_factory = a:b\n[server:main]\n${lines}`;
  const { deployment, resolver } = readDeployment('/site.ini', { readFile: () => Buffer.from(text) });
  const [server] = deployment.servers;
  if (server === undefined) throw new Error('no server');
  return parseOptions(server, resolver);
}

function problemsOf(lines: string): readonly string[] {
  try {
    parse(lines);
  } catch (error) {
    if (error instanceof WsgiServeError)
      return error.problems.map(({ code, message }) => `${code}: ${message}`);
    throw error;
  }
  return [];
}

describe('the options of a server', () => {
  it('have the defaults of the table where nothing is written', () => {
    const { options, address, warnings } = parse('');
    expect(options).toEqual(Object.fromEntries(optionNames().map((name) => [name, OPTIONS[name].fallback])));
    expect([address, warnings]).toEqual([{ kind: 'tcp', host: '127.0.0.1', port: 8080 }, []]);
  });

  it('are converted: times to milliseconds, sizes to bytes', () => {
    const { options } = parse(
      'headers_timeout = 1500ms\nrequest_timeout = 5m\nmax_request_header_size = 32 KiB\n',
    );
    expect(options).toMatchObject({
      headers_timeout: 1500,
      request_timeout: 300_000,
      max_request_header_size: 32_768,
    });
  });

  it.each([
    ['host = 0.0.0.0\nport = 80', { kind: 'tcp', host: '0.0.0.0', port: 80 }],
    ['host = localhost:81', { kind: 'tcp', host: 'localhost', port: 81 }],
    ['listen = *:82', { kind: 'tcp', host: '0.0.0.0', port: 82 }],
    ['bind = [::1]:83', { kind: 'tcp', host: '::1', port: 83 }],
    ['host = ::1', { kind: 'tcp', host: '::1', port: 8080 }],
    [
      'unix_socket = /run/a.sock\nunix_socket_perms = 660',
      { kind: 'unix', path: '/run/a.sock', mode: 0o660 },
    ],
    ['bind = unix:/run/b.sock', { kind: 'unix', path: '/run/b.sock', mode: 0o600 }],
  ])('name an address: %j', (lines, address) => {
    expect(parse(lines).address).toEqual(address);
  });

  it('are taken by the names that Paste, Waitress and gunicorn have for them', () => {
    const { options } = parse('request_queue_size = 5\nsocket_timeout = 7\nkeepalive = 3\n');
    expect(options).toMatchObject({ backlog: 5, send_timeout: 7000, keepalive_timeout: 3000 });
  });

  it('of other servers that mean nothing here are warned about', () => {
    const { warnings } = parse('threads = 4\nuse_threadpool = true\n');
    expect(warnings.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'ignored-option: [server:main] has "threads", which means nothing to this server',
      'ignored-option: [server:main] has "use_threadpool", which means nothing to this server',
    ]);
  });

  it.each([
    ['port = 70000', 'bad-value: port = "70000" is not a whole number from 0 to 65535'],
    ['port = 80a', 'bad-value: port = "80a" is not a whole number from 0 to 65535'],
    ['port =', 'bad-value: port = "" is not a whole number from 0 to 65535'],
    [
      'headers_timeout = soon',
      'bad-value: headers_timeout = "soon" is not a length of time such as 30s, 5m or 250ms, of at most 24 days',
    ],
    [
      'send_timeout = -1',
      'bad-value: send_timeout = "-1" is not a length of time such as 30s, 5m or 250ms, of at most 24 days',
    ],
    [
      'body_timeout = NaN',
      'bad-value: body_timeout = "NaN" is not a length of time such as 30s, 5m or 250ms, of at most 24 days',
    ],
    [
      'keepalive_timeout = 1e9',
      'bad-value: keepalive_timeout = "1e9" is not a length of time such as 30s, 5m or 250ms, of at most 24 days',
    ],
    [
      'headers_timeout = 10s\nrequest_timeout = 5s',
      'bad-value: [server:main] gives a whole request less time than its head',
    ],
    ['url_scheme = ftp', 'bad-value: url_scheme = "ftp" is not one of http, https'],
    [
      'unix_socket_perms = 999',
      'bad-value: unix_socket_perms = "999" is not permissions in octal, such as 600',
    ],
    ['host = a b', 'bad-value: host = "a b" is not one address'],
    ['host = h:1\nport = 2', 'bad-value: host = "h:1" names a port, and "port" names one too'],
    [
      'host = h\nlisten = i',
      'bad-value: [server:main] has both "host" and "listen", which are the same option',
    ],
    ['host = h:99999', 'bad-value: the port in host = "99999" is not a whole number from 0 to 65535'],
    [
      'unix_socket = /a\nbind = unix:/b',
      'bad-value: [server:main] has both "unix_socket" and "bind", which are the same option',
    ],
    [
      'max_request_header_size = 0',
      'bad-value: max_request_header_size = "0" is not a size from 1 byte on, such as 16 KiB',
    ],
    [
      'ready_path = ready',
      'bad-value: ready_path = "ready" is not a path that begins with /, such as /ready',
    ],
    ['trusted_proxy = ,', 'bad-value: trusted_proxy has "", which is no address'],
    [
      'trusted_proxy = *\ntrusted_proxy_headers = ,',
      'bad-value: trusted_proxy_headers has "", which is no header of a proxy',
    ],
    ['toString = 1', 'unknown-option: [server:main] has "toString", which is no option of the server'],
    ['__proto__ = 1', 'unknown-option: [server:main] has "__proto__", which is no option of the server'],
  ])('refuse %j', (lines, problem) => {
    expect(problemsOf(lines)).toEqual([problem]);
  });

  it.each(['/ready', '/', '/a/b-c?d=%20~', '/!"$'])('take the path %j', (path) => {
    expect(parse(`ready_path = ${path.replaceAll('%', '%%')}`).options.ready_path).toBe(path);
  });

  it.each(['', 'a', '/a b', '/a#b', '/\u00e9', 'http://a/'])('take no path %j', (path) => {
    expect(problemsOf(`ready_path = ${path}`)).toHaveLength(1);
  });

  it.each(['example.org', '.example.org, 10.0.0.1', '[::1] localhost'])(
    'answer for the hosts %j',
    (hosts) => {
      expect(parse(`allowed_hosts = ${hosts}`).options.allowed_hosts).toEqual(hosts.split(/[ ,]+/));
    },
  );

  it.each([',', '*', '*.example.org', 'http://a', 'a:80', 'a, b:80', '::1', '.'])(
    'answer for no hosts %j, which no request could name',
    (hosts) => {
      expect(problemsOf(`allowed_hosts = ${hosts}`)).toEqual([
        `bad-value: allowed_hosts = ${JSON.stringify(hosts)} is not ${OPTIONS.allowed_hosts.converter.expected}`,
      ]);
    },
  );

  it.each(['unix_socket = ', 'bind = unix:'])('take with %j no path that the system would cut', (key) => {
    expect(parse(`${key}/${'x'.repeat(102)}`).address.kind).toBe('unix');
    const [problem, ...others] = problemsOf(`${key}/${'x'.repeat(107)}`);
    expect([problem, others]).toEqual([expect.stringMatching(/has at most 10[37] bytes$/), []]);
  });

  it.each([
    ['unix_socket = /a\nport = 1', 'port'],
    ['bind = unix:/a\nport = 1', 'port'],
    ['port = 1\nunix_socket_perms = 660', 'unix_socket_perms'],
  ])('are warned about where they mean nothing: %j', (lines, key) => {
    expect(parse(lines).warnings.map(({ code, message }) => [code, message])).toEqual([
      [
        'ignored-option',
        expect.stringMatching(new RegExp(`^\\[server:main\\] has "${key}", which means nothing`)),
      ],
    ]);
  });

  it.each([
    ['request_timeout = 10s', '. headers_timeout is 30s where it is left out'],
    ['headers_timeout = 10m', '. request_timeout is 300s where it is left out'],
    ['headers_timeout = 20s\nrequest_timeout = 10s', ''],
  ])('tell of a default that they contradict: %j', async (lines, told) => {
    const { hint } = await problemOf(() => parse(lines));
    expect(hint).toBe(`request_timeout must not be less than headers_timeout; 0 sets no limit${told}`);
  });

  it('tell all that is wrong with them at once', () => {
    expect(problemsOf('prot = 1\nport = x\nbacklog = y\nlisten = a b')).toHaveLength(2);
    expect(problemsOf('prot = 1\nport = x\nbacklog = y')).toHaveLength(3);
  });
});
