// The rules for filters (PEP 3333, "Middleware") that hold of what the server hands them, and of our own filters.
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { App } from '../../src/gateway/app.js';
import { toWsgi } from '../../src/gateway/bridges.js';
import { errorStream } from '../../src/gateway/error-stream.js';
import { callApp } from '../../src/gateway/in-process.js';
import { latinator } from '../../src/gateway/latinator.js';
import { lint } from '../../src/gateway/lint.js';
import { nodeHandlers } from '../../src/gateway/node-handler.js';
import { wrapBody } from '../../src/gateway/wrap-body.js';
import type { Chunk, Header, StartResponse, Write, WsgiApp } from '../../src/gateway/wsgi-types.js';
import { serveForTest, type TestServer } from '../helpers/raw-http.js';

const PLAIN: Header[] = [['Content-Type', 'text/plain']];
const servers: TestServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Serves `app` for one request: the answer, and what node:http gave for it. */
async function askFor(
  app: WsgiApp,
): Promise<{ answer: string; res: ServerResponse | null; errors: string[] }> {
  const errors: string[] = [];
  const server = await serveForTest(
    nodeHandlers(app, {
      errors: errorStream(() => undefined),
      onError: ({ message }) => errors.push(message),
    }),
  );
  servers.push(server);
  let res: ServerResponse | null = null;
  server.server.once('request', (_req, given) => {
    res = given;
  });
  const answer = await server.ask('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  return { answer, res, errors };
}

/** A filter that adds a header through a startResponse of its own. */
const adding = (app: WsgiApp): WsgiApp => {
  return (environ, startResponse) =>
    app(environ, (status, headers, excInfo) =>
      startResponse(status, [...headers, ['X-Filter', 'was here']], excInfo),
    );
};

describe('an app that answers past startResponse', () => {
  const nodeApp = (used: unknown[]): App => ({
    kind: 'node',
    app: (_req, res) => {
      used.push(res);
      res.writeHead(200, { 'Content-Type': 'text/plain' });
      res.end('body');
    },
  });

  it("rule 21: gets the server's own response where it was called with the server's own startResponse", async () => {
    const used: unknown[] = [];
    const passing = (app: WsgiApp): WsgiApp => {
      return (environ, startResponse) => app(environ, startResponse);
    };
    const { answer, res } = await askFor(passing(toWsgi(nodeApp(used))));
    expect(used).toEqual([res]);
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*\r\n\r\n[\s\S]*body/);
  });

  it('rule 21: has its head pass through the startResponse of a filter', async () => {
    const { answer, errors } = await askFor(adding(toWsgi(nodeApp([]))));
    expect(answer).toMatch(/\r\nX-Filter: was here\r\n[\s\S]*body/);
    expect(errors).toEqual([]);
  });

  it('rule 21: has its body pass through a filter that reads it, and never the real response', async () => {
    const used: unknown[] = [];
    const shouting = (app: WsgiApp): WsgiApp => {
      return async (environ, startResponse) =>
        wrapBody(await app(environ, startResponse), { chunk: (chunk) => String(chunk).toUpperCase() });
    };
    const { answer, res, errors } = await askFor(shouting(toWsgi(nodeApp(used))));
    expect(answer).toContain('BODY');
    expect(used).not.toContain(res);
    expect(errors).toEqual([]);
  });

  it('rule 21: is refused where the filter withholds its head', async () => {
    const withholding = (app: WsgiApp): WsgiApp => {
      return (environ) => app(environ, () => async () => undefined);
    };
    const { answer, errors } = await askFor(withholding(toWsgi(nodeApp([]))));
    expect(answer).not.toContain('body');
    expect(errors).toEqual([expect.stringContaining('did not call startResponse')]);
  });
});

describe('a filter that hands a body on', () => {
  /** Notes what is written to the server. */
  const watching = (app: WsgiApp, written: Chunk[]): WsgiApp => {
    return (environ, startResponse) => {
      const start: StartResponse = (...args) => {
        const write = startResponse(...args);
        return (chunk) => {
          written.push(chunk);
          return write(chunk);
        };
      };
      return app(environ, start);
    };
  };

  /** Writes `w` and returns `r`. */
  const app: WsgiApp = (_environ, startResponse) => {
    void startResponse('200 OK', PLAIN)(Buffer.from('write '));
    return [Buffer.from('return')].values();
  };

  it.each<[string, (app: WsgiApp) => WsgiApp, string[], string]>([
    ['the Latinator', latinator, ['itewray '], 'itewray eturnray'],
    ['lint', lint, ['write '], 'write return'],
    ['a filter of the head', adding, ['write '], 'write return'],
  ])(
    'rule 60: writes what was written and nothing that is iterated: %s',
    async (_name, filter, writes, text) => {
      const written: Chunk[] = [];
      const answer = await callApp(watching(filter(app), written));
      expect(written.map(String)).toEqual(writes);
      expect(answer).toMatchObject({ text, errors: [] });
    },
  );

  /** Breaks the rule: writes the body of `app` instead of handing it on. */
  const writing = (app: WsgiApp): WsgiApp => {
    return async (environ, startResponse) => {
      let write: Write = async () => undefined;
      const body = await app(environ, (...args) => {
        write = startResponse(...args);
        return write;
      });
      if (typeof body === 'string') return body;
      for await (const chunk of body) await write(chunk);
      return [];
    };
  };

  it('rule 60: is refused by lint where it writes what it iterates', async () => {
    const below: WsgiApp = (_environ, startResponse) => {
      startResponse('200 OK', PLAIN);
      return [Buffer.from('body')];
    };
    const { errors } = await callApp(lint(writing(lint(below))));
    expect(errors.map(({ message }) => message)).toEqual([
      'lint: a filter writes what the body below it gave',
    ]);
    expect(await callApp(writing(below))).toMatchObject({ text: 'body', errors: [] });
  });

  it('rule 60: is not refused what an app writes, also where the app returns the same chunk', async () => {
    const chunk = Buffer.from('twice ');
    const both: WsgiApp = (_environ, startResponse) => {
      void startResponse('200 OK', PLAIN)(chunk);
      return [chunk];
    };
    const stacked = lint(adding(lint(both)));
    for (let time = 0; time < 2; time += 1) {
      expect(await callApp(stacked)).toMatchObject({ text: 'twice twice ', errors: [] });
    }
  });
});
