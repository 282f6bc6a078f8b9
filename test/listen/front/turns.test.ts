import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Turns } from '../../../src/listen/front/turns.js';

let socket: Socket;
let turns: Turns;
let order: string[];

function note(name: string): () => void {
  return () => order.push(name);
}

/** A request whose answer is under way until the function that this gives is called. */
function begin(): () => void {
  const req = new IncomingMessage(socket);
  const res = new ServerResponse(req);
  res.assignSocket(socket);
  turns.begin(req, res);
  return () => {
    // What node:http does when an answer is sent.
    res.detachSocket(socket);
    res.emit('finish');
  };
}

beforeEach(() => {
  // A pair of streams that is open, as the socket of a connection is.
  socket = new Socket({ allowHalfOpen: true });
  turns = new Turns(socket);
  order = [];
});

describe('the turns of a connection', () => {
  it('come at once where no answer is under way', () => {
    turns.after(note('now'));
    expect(order).toEqual(['now']);
  });

  it('come one behind the other', () => {
    const first = begin();
    let second: () => void = () => undefined;
    turns.after(() => {
      order.push('second');
      second = begin();
    });
    turns.after(note('third'));
    expect(order).toEqual([]);
    first();
    expect(order).toEqual(['second']);
    second();
    expect(order).toEqual(['second', 'third']);
  });

  it('do not come behind the last one', () => {
    const first = begin();
    turns.after(note('second'));
    turns.end();
    first();
    expect([order, turns.isOver, turns.isDone]).toEqual([[], true, false]);
  });

  it('do not come behind an answer that ends the connection', () => {
    const first = begin();
    turns.after(note('second'));
    socket.end();
    first();
    expect([order, turns.isOver]).toEqual([[], true]);
  });

  it('may wait by the thousand, and no more', () => {
    begin();
    for (let count = 1; count <= 10_000; count += 1) turns.after(note('one'));
    expect(socket.destroyed).toBe(false);
    turns.after(note('one too many'));
    expect([socket.destroyed, order]).toEqual([true, []]);
  });
});
