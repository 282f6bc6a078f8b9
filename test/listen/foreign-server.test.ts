import { describe, expect, it } from '@jest/globals';
import type { ServerSpec, Target } from '../../src/config/deployment.js';
import { openDeployment } from '../../src/config/open-deployment.js';
import { readServers } from '../../src/config/servers.js';
import type { WsgiServeError } from '../../src/errors.js';
import type { App } from '../../src/gateway/app.js';
import { ForeignServer, isBuiltInServer } from '../../src/listen/foreign-server.js';
import { builderOf, type Factories, FILE } from '../helpers/build-ini.js';
import { eventually } from '../helpers/eventually.js';
import { problemOf } from '../helpers/problems.js';

const APP: App = { kind: 'wsgi', app: () => ['served'] };

interface Started {
  readonly server: ForeignServer;
  /** What was told behind the start. */
  readonly told: WsgiServeError[];
}

/** Starts the server of `[server:main]`, made by `lines` out of the factories of the test. */
async function start(lines: string, factories: Factories): Promise<Started> {
  const ini = `[app:main]\npaste.app = apps:app\n[server:main]\n${lines}\n`;
  const { builder, resolver } = builderOf(ini, factories);
  const opened = openDeployment(FILE, { readFile: () => Buffer.from(ini) });
  const [spec] = readServers(opened, { serverName: null, appName: null });
  const told: WsgiServeError[] = [];
  const place = resolver.place(foreign(spec).origin);
  const server = await ForeignServer.start(foreign(spec), APP, builder, place, (error) => told.push(error));
  return { server, told };
}

function foreign(spec: ServerSpec | undefined): ServerSpec & { readonly target: Target } {
  const { target = null } = spec ?? {};
  if (spec === undefined || target === null) throw new TypeError('there is no server of another make');
  return { ...spec, target };
}

/** Where every problem of these servers points: the header of their section. */
const HEADER = { file: FILE, section: 'server:main', span: { start: { line: 3, column: 2 } } };

describe('a server of another make', () => {
  it('is told from the built-in one, and from those that it stands in for', () => {
    const egg = (distribution: string, entry: string): Target => ({
      kind: 'egg',
      distribution,
      entry,
      origin: { file: FILE, section: null, key: null, span: null },
    });
    expect(isBuiltInServer(null)).toBe(true);
    expect(isBuiltInServer(egg('Paste', 'http'))).toBe(true);
    expect(isBuiltInServer(egg('Waitress', 'main'))).toBe(true);
    expect(isBuiltInServer(egg('mine', 'main'))).toBe(false);
  });

  it.each([['paste.server_runner = servers:run'], ['paste.server_factory = servers:make']])(
    'made by %s gets the app, and the settings of its section',
    async (line) => {
      const seen: unknown[] = [];
      const serve = (app: unknown, globalConf: unknown, localConf: unknown) => {
        seen.push(app, Object(globalConf).here, { ...Object(localConf) });
      };
      await start(`${line}\nport = 8080\nword = yes`, {
        'servers:run': serve,
        'servers:make': (globalConf, localConf) => (app: unknown) => serve(app, globalConf, localConf),
      });
      expect(seen).toEqual([APP.app, '/srv', { port: '8080', word: 'yes' }]);
    },
  );

  it('is asked for its close, which is waited for, and then the server itself is', async () => {
    const closed: string[] = [];
    const serve = Object.assign(() => ({ close: async () => void closed.push('what serves') }), {
      close: () => void closed.push('the server'),
    });
    const { server } = await start('paste.server_factory = servers:make', { 'servers:make': () => serve });
    expect(server.name).toBe('main');
    await server.stop();
    await server.stop();
    expect(closed).toEqual(['what serves', 'the server']);
  });

  it('is asked for its close where what serves comes by a promise', async () => {
    const closed: string[] = [];
    const { server } = await start('paste.server_runner = servers:run', {
      'servers:run': async () => ({ close: () => void closed.push('closed') }),
    });
    await server.stop();
    expect(closed).toEqual(['closed']);
  });

  it.each([
    ['nothing', () => undefined],
    ['what has no close', () => ({ listening: true })],
    ['a promise that is kept for as long as it serves', () => new Promise(() => undefined)],
  ])('that gives %s is not waited for', async (_what, run) => {
    const { server, told } = await start('paste.server_runner = servers:run', { 'servers:run': run });
    await server.stop();
    expect(told).toEqual([]);
  });
});

describe('a server of another make that fails', () => {
  const boom = new TypeError('out of order');
  const fail = () => {
    throw boom;
  };

  it('at its start says so, with the place of its section, and is closed', async () => {
    const closed: string[] = [];
    const serve = Object.assign(fail, { close: () => void closed.push('the server') });
    const problem = await problemOf(() =>
      start('paste.server_factory = servers:make', { 'servers:make': () => serve }),
    );
    expect(problem).toMatchObject({
      code: 'server-failed',
      message: '[server:main] fails: out of order',
      cause: boom,
      exitCode: 3,
      place: { origin: HEADER },
    });
    expect(closed).toEqual(['the server']);
  });

  it('while it is made says so, with the line that names the factory', async () => {
    const problem = await problemOf(() =>
      start('port = 1\npaste.server_factory = servers:make', { 'servers:make': fail }),
    );
    expect(problem).toMatchObject({
      code: 'factory-failed',
      cause: boom,
      place: { origin: { section: 'server:main', span: { start: { line: 5 } } } },
    });
  });

  it('later is told once, with the place of its section, and ends nobody else', async () => {
    const { server, told } = await start('paste.server_runner = servers:run', {
      'servers:run': async () => fail(),
    });
    await eventually(() => told.length > 0);
    expect(told).toEqual([
      expect.objectContaining({
        code: 'server-failed',
        cause: boom,
        place: expect.objectContaining({ origin: expect.objectContaining({ section: 'server:main' }) }),
      }),
    ]);
    await server.stop();
  });

  it('while it stops says so, with its place, and is closed all the same', async () => {
    const serve = Object.assign(() => ({ close: fail }), { close: fail });
    const { server } = await start('paste.server_factory = servers:make', { 'servers:make': () => serve });
    const problem = await problemOf(() => server.stop());
    expect(problem.problems).toEqual([
      expect.objectContaining({
        code: 'close-failed',
        message: '[server:main]: close() fails: out of order',
        place: expect.objectContaining({
          origin: expect.objectContaining({ file: FILE, section: 'server:main' }),
        }),
      }),
      expect.objectContaining({ code: 'close-failed', cause: boom }),
    ]);
  });
});
