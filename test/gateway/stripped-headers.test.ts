import { describe, expect, it } from '@jest/globals';
import { toWsgi } from '../../src/gateway/bridges.js';
import { callApp } from '../../src/gateway/in-process.js';
import { lint } from '../../src/gateway/lint.js';
import type { GatewayOptions } from '../../src/gateway/run.js';
import type { Header, WsgiApp } from '../../src/gateway/wsgi-types.js';
import { passing, shouting } from '../helpers/three-kinds.js';

const sending = (...headers: Header[]): WsgiApp => {
  return (_environ, startResponse) => {
    startResponse('200 OK', headers);
    return ['body'];
  };
};

/** Options that gather what they are told. */
function lenient(): { options: Partial<GatewayOptions>; warnings: string[] } {
  const warnings: string[] = [];
  return { warnings, options: { strictHeaders: false, onWarning: ({ message }) => warnings.push(message) } };
}

describe('headers that belong to the connection', () => {
  it.each([{}, { strictHeaders: true }])('rule 32: fail the answer by default (%j)', async (options) => {
    const answer = await callApp(sending(['Connection', 'close']), {}, options);
    expect(answer).toMatchObject({ status: 500, errors: [{ code: 'contract' }] });
    expect(answer.errors[0]?.message).toBe(
      "startResponse: Connection belongs to the connection, which is the server's",
    );
  });

  it.each([
    'Connection',
    'Keep-Alive',
    'Proxy-Authenticate',
    'Proxy-Authorization',
    'TE',
    'Trailer',
    'Trailers',
    'transfer-encoding',
    'UPGRADE',
  ])('rule 32: %s is left out where headers are not strict, and the rest is sent', async (name) => {
    const { options, warnings } = lenient();
    const answer = await callApp(sending(['A', '1'], [name, 'x'], ['B', '2']), {}, options);
    expect(answer).toMatchObject({ status: 200, text: 'body', errors: [] });
    expect(answer.headers).toEqual([
      ['A', '1'],
      ['B', '2'],
      ['Content-Length', '4'],
    ]);
    expect(warnings).toEqual([
      `the header ${name} of an app was left out: it belongs to the connection, which is the server's`,
    ]);
  });

  it('rule 32: are told once each, in whatever case, to each listener', async () => {
    const [one, other] = [lenient(), lenient()];
    const app = sending(['Connection', 'close'], ['connection', 'x'], ['Upgrade', 'h2c']);
    for (const { options } of [one, one, other]) await callApp(app, {}, options);
    const told = [expect.stringContaining('Connection'), expect.stringContaining('Upgrade')];
    expect([one.warnings, other.warnings]).toEqual([told, told]);
  });

  it.each(['fetch', 'node'] as const)(
    'rule 32: are treated alike below filters that read the body, across a %s filter',
    async (kind) => {
      const app = sending(['Content-Type', 'text/plain'], ['Connection', 'close']);
      const across = passing(kind, { kind: 'wsgi', app });
      const copying: WsgiApp = (environ, startResponse) =>
        toWsgi(shouting('wsgi', across))({ ...environ }, startResponse);
      for (const outer of [toWsgi(shouting('wsgi', across)), copying, lint(toWsgi(across))]) {
        const { options, warnings } = lenient();
        const answer = await callApp(outer, {}, options);
        expect(answer).toMatchObject({ status: 200, errors: [] });
        expect(warnings).toEqual([expect.stringContaining('Connection')]);
        expect(await callApp(outer)).toMatchObject({ status: 500, errors: [{ code: 'contract' }] });
      }
    },
  );

  it('rule 32: are left out in silence where nobody wants to hear of it', async () => {
    const answer = await callApp(sending(['Upgrade', 'h2c']), {}, { strictHeaders: false });
    expect(answer).toMatchObject({ status: 200, text: 'body', errors: [] });
  });

  it('rule 32: do no harm where the listener fails', async () => {
    const onWarning = (): void => {
      throw new TypeError('the log is full');
    };
    const answer = await callApp(sending(['TE', 'x']), {}, { strictHeaders: false, onWarning });
    expect(answer).toMatchObject({ status: 200, text: 'body', errors: [] });
  });

  it('rule 32: have their values checked all the same, and other headers stay strict', async () => {
    const { options } = lenient();
    for (const header of [['Connection', 'a\r\nb'] as const, ['Status', '200'] as const]) {
      expect(await callApp(sending(header), {}, options)).toMatchObject({ status: 500 });
    }
  });
});
