import { beforeEach, describe, expect, it } from '@jest/globals';
import { Standby } from '../../src/supervise/standby.js';
import { built, FakeWorker, orderOf } from '../helpers/fake-worker.js';

let forked: FakeWorker[];
let standby: Standby;

beforeEach(() => {
  forked = [];
  standby = new Standby(() => {
    const worker = new FakeWorker({ onExit: (one) => standby.gone(one) });
    forked.push(worker);
    return worker.handle;
  });
});

describe('a worker that stands by', () => {
  it('is warmed up, and taken by whoever needs one next', () => {
    standby.prepare(orderOf(2), built());
    expect(forked.map(({ calls }) => calls)).toEqual([['send warm']]);
    expect(standby.take()).toBe(forked[0]);
    expect(forked).toHaveLength(1);
  });

  it('is one at a time', () => {
    standby.prepare(orderOf(2), built());
    standby.prepare(orderOf(3), built());
    expect(forked).toHaveLength(1);
  });

  it('is taken once, and the next is a new one', () => {
    standby.prepare(orderOf(2), built());
    expect(standby.take()).not.toBe(standby.take());
    expect(forked).toHaveLength(2);
  });

  it('need not be there', () => {
    expect(standby.take()).toBe(forked[0]);
  });

  it('is ended where it may have loaded what has changed', () => {
    standby.prepare(orderOf(2), null);
    standby.drop();
    expect(forked[0]?.calls).toEqual(['send warm', 'kill SIGKILL']);
    expect(standby.take()).toBe(forked[1]);
  });

  it('is forgotten when it dies', () => {
    standby.prepare(orderOf(2), built());
    forked[0]?.exit();
    expect(standby.take()).toBe(forked[1]);
  });

  it('is not forgotten because another one dies', () => {
    standby.prepare(orderOf(2), built());
    standby.gone(new FakeWorker().handle);
    expect(standby.take()).toBe(forked[0]);
  });
});
