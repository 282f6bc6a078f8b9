import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type BodyLimits, BodyWatch } from '../../../src/listen/front/body-limit.js';
import type { Refusal } from '../../../src/listen/front/refusal.js';
import { FakeClock } from '../../helpers/fake-clock.js';

const LIMITS: BodyLimits = {
  maxBodySize: 1_000_000,
  bodyTimeout: 30_000,
  bodyMinRate: 500,
  bodyGrace: 20_000,
};

let clock: FakeClock;
let body: IncomingMessage;
let breaches: Refusal[];
let ends: number;

function watch(limits: Partial<BodyLimits> = {}): BodyWatch {
  return new BodyWatch(body, { ...LIMITS, ...limits }, clock, {
    onEnd: () => {
      ends += 1;
    },
    onBreach: (refusal) => breaches.push(refusal),
  });
}

function statuses(): readonly number[] {
  return breaches.map(({ status }) => status);
}

/** What the reader has not read yet, read. */
function read(): string {
  let text = '';
  for (let chunk: unknown = body.read(); chunk instanceof Uint8Array; chunk = body.read()) {
    text += Buffer.from(chunk).toString();
  }
  return text;
}

beforeEach(() => {
  clock = new FakeClock();
  body = new IncomingMessage(new Socket());
  breaches = [];
  ends = 0;
});

describe('the size of a body', () => {
  it('may be the limit', () => {
    watch({ maxBodySize: 5 });
    body.push(Buffer.from('abc'));
    body.push(Buffer.from('de'));
    body.push(null);
    expect([breaches, ends, read()]).toEqual([[], 1, 'abcde']);
  });

  it('is counted as it comes, and the chunk that is too much is not handed on', () => {
    watch({ maxBodySize: 5 });
    body.push(Buffer.from('abc'));
    body.push(Buffer.from('def'));
    body.push(Buffer.from('ghi'));
    expect([statuses(), ends, read()]).toEqual([[413], 0, 'abc']);
  });

  it('counts what was there before', () => {
    body.push(Buffer.from('abc'));
    watch({ maxBodySize: 5 });
    body.push(Buffer.from('def'));
    expect(statuses()).toEqual([413]);
  });
});

describe('the time of a body', () => {
  it('is not limited before the clock is started', () => {
    watch();
    clock.advance(1_000_000);
    expect(breaches).toEqual([]);
  });

  it('is over when no chunk comes for too long', () => {
    watch({ bodyMinRate: 0 }).start();
    clock.advance(29_999);
    body.push(Buffer.from('a'));
    clock.advance(29_999);
    expect(breaches).toEqual([]);
    clock.advance(1);
    expect(statuses()).toEqual([408]);
  });

  it('is over when the chunks are too small, however steadily they come', () => {
    watch().start();
    for (let second = 1; second <= 40 && breaches.length === 0; second += 1) {
      clock.advance(1000);
      body.push(Buffer.alloc(10));
      read();
    }
    expect(statuses()).toEqual([408]);
    expect(clock.now()).toBeGreaterThanOrEqual(20_000);
    expect(clock.now()).toBeLessThan(22_000);
  });

  it('goes on as long as the rate is kept', () => {
    watch().start();
    for (let second = 1; second <= 300; second += 1) {
      clock.advance(1000);
      body.push(Buffer.alloc(500));
      read();
    }
    expect(breaches).toEqual([]);
  });

  it('does not count while the reader is behind', () => {
    watch().start();
    // More than the stream keeps: from here on the client is not read from.
    expect(body.push(Buffer.alloc(body.readableHighWaterMark))).toBe(false);
    clock.advance(3_600_000);
    expect(breaches).toEqual([]);
    read();
    clock.advance(1000);
    clock.advance(29_000);
    expect(breaches).toEqual([]);
    clock.advance(2000);
    expect(statuses()).toEqual([408]);
  });

  it('counts where the reader does not read and the client could still send', () => {
    watch().start();
    body.push(Buffer.from('a'));
    clock.advance(31_000);
    expect(statuses()).toEqual([408]);
  });

  it('can be without limits', () => {
    watch({ bodyTimeout: 0, bodyMinRate: 0 }).start();
    expect(clock.waiting).toBe(0);
  });

  it('leaves no timer behind the end of the body', () => {
    watch().start();
    expect(clock.waiting).toBe(1);
    body.push(null);
    expect([clock.waiting, ends]).toEqual([0, 1]);
  });

  it('leaves no timer behind a breach, and breaks off once only', () => {
    watch({ maxBodySize: 1 }).start();
    body.push(Buffer.from('ab'));
    body.push(Buffer.from('cd'));
    clock.advance(1_000_000);
    expect([statuses(), clock.waiting]).toEqual([[413], 0]);
  });

  it('leaves no timer behind a client that is gone', async () => {
    watch().start();
    const closed = new Promise((done) => body.once('close', done));
    body.destroy();
    await closed;
    expect(clock.waiting).toBe(0);
  });
});
