import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';

import type { Phase } from '../../../src/listen/front/connections.js';
import { cutStalled } from '../../../src/listen/front/stall-patrol.js';
import { FakeClock } from '../../helpers/fake-clock.js';

/** A connection whose bytes are counted by hand. */
class HandSocket extends Socket {
  moved = 0;
  sent = 0;

  constructor() {
    super();
    Object.defineProperty(this, 'bytesRead', { get: () => this.moved });
    Object.defineProperty(this, 'bytesWritten', { get: () => this.sent });
  }
}

function patrol(
  limits: { sendTimeout: number; keepAliveTimeout: number; headersTimeout?: number },
  phaseOf: () => Phase = () => 'asking',
) {
  const clock = new FakeClock();
  const server = createServer();
  const { release } = cutStalled(server, { headersTimeout: 0, ...limits }, phaseOf, clock);
  const socket = new HandSocket();
  EventEmitter.prototype.emit.call(server, 'connection', socket);
  return { clock, socket, release };
}

describe('the patrol', () => {
  it('cuts a connection on which nothing moves, soon after its time', () => {
    const { clock, socket } = patrol({ sendTimeout: 8000, keepAliveTimeout: 0 });
    clock.advance(7900);
    expect(socket.destroyed).toBe(false);
    clock.advance(1100);
    expect(socket.destroyed).toBe(true);
  });

  it('lets a connection be on which a byte moves now and then', () => {
    const { clock, socket } = patrol({ sendTimeout: 8000, keepAliveTimeout: 0 });
    for (let round = 0; round < 10; round += 1) {
      socket.moved += 1;
      clock.advance(6000);
    }
    expect(socket.destroyed).toBe(false);
  });

  it('gives a connection that rests between requests its own time', () => {
    let phase: Phase = 'asking';
    const { clock, socket } = patrol({ sendTimeout: 80_000, keepAliveTimeout: 4000 }, () => phase);
    clock.advance(20_000);
    expect(socket.destroyed).toBe(false);
    phase = 'resting';
    socket.moved += 1;
    clock.advance(5000);
    expect(socket.destroyed).toBe(true);
  });

  it('cuts a connection on which bytes come between requests, and never a request', () => {
    const { clock, socket } = patrol(
      { sendTimeout: 0, keepAliveTimeout: 4000, headersTimeout: 3000 },
      () => 'resting',
    );
    const drip = (seconds: number) => {
      for (let second = 0; second < seconds; second += 1) {
        socket.moved += 1;
        clock.advance(1000);
      }
    };
    drip(5);
    expect(socket.destroyed).toBe(false);
    socket.sent += 1;
    drip(6);
    expect(socket.destroyed).toBe(false);
    drip(3);
    expect(socket.destroyed).toBe(true);
  });

  it('counts what the client sends while it asks, and not while it is answered', () => {
    let phase: Phase = 'asking';
    const { clock, socket } = patrol({ sendTimeout: 8000, keepAliveTimeout: 0 }, () => phase);
    const drip = (seconds: number) => {
      for (let second = 0; second < seconds; second += 1) {
        socket.moved += 1;
        clock.advance(1000);
      }
    };
    drip(20);
    phase = 'answering';
    drip(7);
    socket.sent += 1;
    drip(7);
    expect(socket.destroyed).toBe(false);
    drip(3);
    expect(socket.destroyed).toBe(true);
  });

  it('lets bytes between requests be where a head may take as long as it likes', () => {
    const { clock, socket } = patrol({ sendTimeout: 0, keepAliveTimeout: 4000 }, () => 'resting');
    for (let second = 0; second < 60; second += 1) {
      socket.moved += 1;
      clock.advance(1000);
    }
    expect(socket.destroyed).toBe(false);
  });

  it('cuts nothing where neither has a limit, and leaves released connections alone', () => {
    const without = patrol({ sendTimeout: 0, keepAliveTimeout: 0 });
    without.clock.advance(1e9);
    expect(without.socket.destroyed).toBe(false);
    const released = patrol({ sendTimeout: 1000, keepAliveTimeout: 0 });
    released.release(released.socket);
    released.clock.advance(1e9);
    expect(released.socket.destroyed).toBe(false);
  });

  it('stops looking once there is no connection left', async () => {
    const { clock, socket } = patrol({ sendTimeout: 1000, keepAliveTimeout: 0 });
    expect(clock.waiting).toBe(1);
    socket.destroy();
    await new Promise((closed) => socket.once('close', closed));
    clock.advance(1000);
    expect(clock.waiting).toBe(0);
  });
});
