import { describe, expect, it } from '@jest/globals';
import { errorStream } from '../../../src/gateway/error-stream.js';
import { callApp, InProcessExchange, type InProcessRequest } from '../../../src/gateway/in-process.js';
import { lint } from '../../../src/gateway/lint.js';
import { runWsgi } from '../../../src/gateway/wsgi.js';
import type { WsgiApp } from '../../../src/gateway/wsgi-types.js';
import { LiveEvents } from '../../../src/supervise/live/events.js';
import { eventually } from '../../helpers/eventually.js';
import { FakeClock } from '../../helpers/fake-clock.js';

const FIRST = 'id: 7\ndata: 7\n\n';

class Browsers {
  readonly clock = new FakeClock();
  readonly events = new LiveEvents('7', this.clock);
  readonly problems: string[] = [];

  /** One that listens; `over` resolves when its answer has ended. */
  open() {
    const exchange = new InProcessExchange();
    const over = runWsgi(this.#app, exchange, {
      errors: errorStream((text) => this.problems.push(text)),
      onError: ({ message }) => this.problems.push(message),
    });
    return { exchange, over, text: () => exchange.answer.text };
  }

  ask(request: InProcessRequest) {
    return callApp(this.#app, request);
  }

  get #app(): WsgiApp {
    return lint((environ, startResponse) => this.events.answer(environ, startResponse), {
      warn: (message) => this.problems.push(message),
    });
  }
}

describe('the stream that browsers listen to', () => {
  it('says the generation, and then each fifteen seconds that it is still there', async () => {
    const { clock, events, problems, open } = bound(new Browsers());
    const { exchange, over, text } = open();
    await eventually(() => text() === FIRST && clock.waiting === 1);
    expect(exchange.answer).toMatchObject({ status: 200, reason: 'OK' });
    expect(exchange.answer.headers).toEqual([
      ['Content-Type', 'text/event-stream; charset=utf-8'],
      ['Cache-Control', 'no-store'],
      ['X-Accel-Buffering', 'no'],
    ]);
    clock.advance(15_000);
    await eventually(() => text() === `${FIRST}:\n\n` && clock.waiting === 1);
    clock.advance(15_000);
    await eventually(() => text() === `${FIRST}:\n\n:\n\n` && clock.waiting === 1);
    events.leave();
    await over;
    expect(exchange.answer.aborted).toBe(false);
    expect(problems).toEqual([]);
  });

  it('ends for all who listen when the worker leaves, and at once for those who come then', async () => {
    const { clock, events, problems, open } = bound(new Browsers());
    const browsers = [open(), open(), open()];
    await eventually(() => clock.waiting === 3);
    events.leave();
    await Promise.all(browsers.map(({ over }) => over));
    const late = open();
    await late.over;
    expect(late.text()).toBe(FIRST);
    expect(clock.waiting).toBe(0);
    expect(problems).toEqual([]);
  });

  it('is forgotten when the browser goes away', async () => {
    const { clock, events, problems, open } = bound(new Browsers());
    const { exchange, over } = open();
    await eventually(() => clock.waiting === 1);
    exchange.disconnect();
    await over;
    expect(clock.waiting).toBe(0);
    events.leave();
    expect(problems).toEqual([]);
  });

  it('has a head for HEAD, and refuses all else', async () => {
    const browsers = new Browsers();
    const head = await browsers.ask({ method: 'HEAD' });
    expect([head.status, head.text, head.headers[0]?.[1]]).toEqual([
      200,
      '',
      'text/event-stream; charset=utf-8',
    ]);
    const post = await browsers.ask({ method: 'POST', body: 'x' });
    expect([post.status, post.headers]).toEqual([405, expect.arrayContaining([['Allow', 'GET, HEAD']])]);
    expect(browsers.problems).toEqual([]);
  });
});

function bound(browsers: Browsers) {
  const { clock, events, problems } = browsers;
  return { clock, events, problems, open: () => browsers.open() };
}
