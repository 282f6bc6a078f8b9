import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Connections } from '../../../src/listen/front/connections.js';

let connections: Connections;
/** How often something is at rest. */
let rests: number;

beforeEach(() => {
  connections = new Connections();
  rests = 0;
});

function watch(): void {
  connections.watchRests(() => {
    rests += 1;
  });
}

/** The next phase of the loop is over. */
function phase(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A request as the door lets it in; `answer` is what node:http does when its answer is through. */
function request(socket: Socket): {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly closes: boolean;
  readonly answer: () => void;
} {
  const turns = connections.turnsOf(socket);
  const req = Object.assign(new IncomingMessage(socket), { httpVersionMajor: 1, httpVersionMinor: 1 });
  const res = new ServerResponse(req);
  res.assignSocket(socket);
  turns.begin(req, res);
  const closes = connections.letIn(turns);
  const answer = (): void => {
    res.detachSocket(socket);
    res.emit('finish');
    res.emit('close');
  };
  return { req, res, closes, answer };
}

describe('the connections of a server', () => {
  it('know what was let in so far, and what is not answered yet', () => {
    const [one, other] = [new Socket(), new Socket()];
    expect(connections.counts()).toEqual({ begun: 0, busy: 0 });
    const first = request(one);
    request(other);
    expect(connections.counts()).toEqual({ begun: 2, busy: 2 });
    first.answer();
    expect(connections.counts()).toEqual({ begun: 2, busy: 1 });
    request(one);
    expect(connections.counts()).toEqual({ begun: 3, busy: 2 });
  });

  it('are forgotten when they are closed, with the answer that nobody gets any more', async () => {
    const socket = new Socket();
    const turns = connections.turnsOf(socket);
    request(socket);
    expect(connections.turnsOf(socket)).toBe(turns);
    socket.destroy();
    await phase();
    expect(connections.counts()).toEqual({ begun: 1, busy: 0 });
    expect(connections.turnsOf(socket)).not.toBe(turns);
  });

  it('rest when they were answered all that they asked for, and not before they ask or behind the last word', () => {
    const socket = new Socket();
    expect(connections.phaseOf(socket)).toBe('asking');
    const { req, answer } = request(socket);
    expect(connections.phaseOf(socket)).toBe('asking');
    req.complete = true;
    expect(connections.phaseOf(socket)).toBe('answering');
    answer();
    expect(connections.phaseOf(socket)).toBe('resting');
    connections.turnsOf(socket).finish();
    expect(connections.phaseOf(socket)).toBe('asking');
  });
});

describe('whoever watches connections come to rest', () => {
  it('is told behind each answer, in the next phase of the loop', async () => {
    const socket = new Socket();
    watch();
    request(socket).answer();
    expect(rests).toBe(0);
    await phase();
    expect(rests).toBe(1);
    request(socket).answer();
    await phase();
    expect(rests).toBe(2);
  });

  it('is told of answers that were under way before, once', async () => {
    const early = request(new Socket());
    watch();
    early.answer();
    await phase();
    expect(rests).toBe(1);
  });

  it('is told no more when it has ceased to watch', async () => {
    const [first, second] = [request(new Socket()), request(new Socket())];
    watch();
    first.answer();
    connections.watchRests(null);
    second.answer();
    request(new Socket()).answer();
    await phase();
    expect(rests).toBe(0);
  });
});

describe('connections that drain', () => {
  it('close with the answer under way, and with those to come', () => {
    const before = request(new Socket());
    expect([before.closes, before.res.shouldKeepAlive]).toEqual([false, true]);
    connections.drain();
    expect(before.res.shouldKeepAlive).toBe(false);
    expect(request(new Socket()).closes).toBe(true);
  });

  it('run nothing behind the answer under way', () => {
    const socket = new Socket();
    const { answer } = request(socket);
    let isRun = false;
    connections.turnsOf(socket).after(() => {
      isRun = true;
    });
    connections.drain();
    answer();
    expect([isRun, connections.turnsOf(socket).isOver]).toEqual([false, true]);
  });

  it('leave alone an answer that has said already that it goes on', () => {
    const { res } = request(new Socket());
    res.writeHead(200, { 'Content-Length': '2' });
    connections.drain();
    expect(res.shouldKeepAlive).toBe(true);
  });
});

describe('WebSockets', () => {
  /** A socket that writes down what is written to it. */
  function recorded(): { readonly socket: Socket; readonly written: () => Buffer } {
    const chunks: Buffer[] = [];
    const socket = new Socket();
    socket.write = (chunk: Uint8Array | string) => chunks.push(Buffer.from(chunk)) > 0;
    return { socket, written: () => Buffer.concat(chunks) };
  }

  it('are told of, and told to come again when they have to part', () => {
    const told: Socket[] = [];
    connections.onRelease = (socket) => told.push(socket);
    const [one, other] = [recorded(), recorded()];
    connections.release(one.socket);
    connections.release(other.socket);
    expect(told).toEqual([one.socket, other.socket]);
    connections.sayGoodbye();
    // An unmasked close frame that says 1001.
    for (const { written } of [one, other]) expect(written().toString('hex')).toBe('880203e9');
  });

  it('that are closed are told nothing, and neither are other connections', async () => {
    const [closed, plain] = [recorded(), recorded()];
    request(plain.socket);
    connections.release(closed.socket);
    closed.socket.destroy();
    await phase();
    connections.sayGoodbye();
    expect([closed.written().length, plain.written().length]).toEqual([0, 0]);
  });
});
