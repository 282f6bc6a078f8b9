// Where requests come in: each gets its turn, goes through the gate, and is handed on or refused. Made by
// gated-server.ts for each server; the one file that joins the gate, the limits and the events of node:http.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { answerForServer } from './answer-for-server.js';
import { BodyWatch, TOO_LARGE } from './body-limit.js';
import { applyHead } from './clean-request.js';
import { isSurplus, type ParserError, refusalFor } from './client-error.js';
import type { Clock } from './clock.js';
import { endWith, linger } from './closing.js';
import type { ConnectionLimits } from './connection-limits.js';
import type { Connections } from './connections.js';
import { type CleanHead, type GateResult, gate } from './gate.js';
import { type Refusal, refusalText } from './refusal.js';
import { replayWithoutUpgrade } from './replay.js';
import type { Turns } from './turns.js';

/**
 * Gets a request that passed, once the answers before it on its connection are sent; must not throw. With
 * `waitsForContinue` the client sends its body after `res.writeContinue()`.
 */
export type GatedHandler = (
  req: IncomingMessage,
  res: ServerResponse,
  head: CleanHead,
  waitsForContinue: boolean,
) => void;

/**
 * Takes over a connection, of which `first` was read already. False leaves the request to the handler, as an ordinary
 * one. A request to upgrade that has a body is always an ordinary one. From `release()` on nothing ends the connection
 * but who took it: until then it is cut where nothing moves on it for `sendTimeout`.
 */
export type UpgradeHandler = (
  req: IncomingMessage,
  socket: Socket,
  first: Buffer,
  head: CleanHead,
  release: () => void,
) => boolean;

/** Who is called for what comes in. */
export interface DoorKeepers {
  readonly handler: GatedHandler;
  /** Without one, every request to upgrade is left to the handler. */
  readonly onUpgrade?: UpgradeHandler;
  /** Told of every request that is refused, for the log; `req` is null where it could not be read. */
  readonly onRefuse?: (refusal: Refusal, socket: Socket, req: IncomingMessage | null) => void;
}

export class Door {
  /** What node:http does with a new connection. */
  readonly #accept: (socket: Socket) => void;
  readonly #limits: ConnectionLimits;
  readonly #keepers: DoorKeepers;
  readonly #clock: Clock;
  readonly #connections: Connections;

  /** `server` must be as node:http made it, without listeners of anybody else. */
  constructor(
    server: Server,
    connections: Connections,
    limits: ConnectionLimits,
    keepers: DoorKeepers,
    clock: Clock,
  ) {
    const listeners = server.listeners('connection');
    this.#accept = (socket) => {
      for (const listener of listeners) listener.call(server, socket);
    };
    this.#connections = connections;
    this.#limits = limits;
    this.#keepers = keepers;
    this.#clock = clock;
  }

  /**
   * For `checkContinue`. node:http closes the connection behind every answer without a 100; here it is the body that
   * counts, and whether it came (RFC 9110 section 10.1.1). What it remembers has the same name in every version.
   */
  readonly onExpecting = (req: IncomingMessage, res: ServerResponse): void => {
    Object.assign(res, { _expect_continue: false });
    this.onRequest(req, res);
  };

  /** For `request` and `checkExpectation`. */
  readonly onRequest = (req: IncomingMessage, res: ServerResponse): void => {
    const turns = this.#connections.turnsOf(req.socket);
    if (turns.isOver) return;
    if (turns.isBusy) turns.after(() => this.#admit(req, res, turns));
    else this.#admit(req, res, turns);
  };

  /** For `upgrade` and `connect`. */
  readonly onUpgrade = (req: IncomingMessage, _stream: Duplex, first: Buffer): void => {
    const { socket } = req;
    const turns = this.#connections.turnsOf(socket);
    // node:http has let go of the socket: an error would end the process, and an answer under way would wait for ever.
    const cut = (): void => void socket.destroy();
    const drain = (): void => turns.drain();
    socket.off('error', ignore).on('error', ignore).on('timeout', cut).on('drain', drain);
    if (turns.isOver) return;
    turns.after(() => {
      socket.off('timeout', cut).off('drain', drain);
      this.#admitUpgrade(req, first, turns);
    });
  };

  /** For `clientError`. */
  readonly onError = (error: ParserError, socket: Duplex): void => {
    const refusal = refusalFor(error);
    if (refusal === null || !(socket instanceof Socket)) {
      socket.destroy();
      return;
    }
    const turns = this.#connections.turnsOf(socket);
    if (turns.isDone) return;
    if (isSurplus(error)) turns.after(() => this.#lingerOn(socket, turns));
    else turns.sayLast(() => this.#refuse(refusal, socket, turns, turns.reading));
  };

  #admit(req: IncomingMessage, res: ServerResponse, turns: Turns): void {
    const count = turns.begin(req, res);
    if (count === 1) this.#lingerAtEnd(req.socket, turns);
    const result = this.#gate(req);
    if (result.kind === 'refuse') {
      this.#refuse(result, req.socket, turns, req);
      return;
    }
    const head = result.request;
    const isLast = this.#connections.letIn(turns) || count >= this.#limits.maxRequestsPerConnection;
    if (isLast || head.closes || head.upgrades) {
      res.shouldKeepAlive = false;
      turns.end();
    }
    if (head.bodyLength === 0) this.#hand(req, res, head);
    else this.#handWithBody(req, res, head, turns);
  }

  /**
   * Behind the last answer node:http closes a connection at once: a client that is still sending, to pipeline perhaps,
   * would be reset before it read that answer (RFC 9112 section 9.6). One that is broken off keeps nobody waiting.
   */
  #lingerAtEnd(socket: Socket, turns: Turns): void {
    const destroySoon = socket.destroySoon.bind(socket);
    socket.destroySoon = () => {
      if (turns.isBusy) return destroySoon();
      this.#lingerOn(socket, turns);
    };
  }

  /** The last answer is sent: what still comes in is neither run nor answered. */
  #lingerOn(socket: Socket, turns: Turns): void {
    turns.finish();
    linger(socket, this.#clock);
  }

  #hand(req: IncomingMessage, res: ServerResponse, head: CleanHead): void {
    if (head.target === '*') answerForServer(req, res, head.waitsForContinue);
    else this.#keepers.handler(req, res, head, head.waitsForContinue);
  }

  /**
   * node:http tells of a request before it looks at the body, even where that came in with the head. The handler is
   * called behind that: a body that breaks the rules at once reaches no app, and one that is there closes nothing.
   */
  #handWithBody(req: IncomingMessage, res: ServerResponse, head: CleanHead, turns: Turns): void {
    // Its body may have turned out to be broken while it waited for its turn.
    if (!req.complete && turns.breakOff()) return;
    turns.hold(true);
    // Ticks and microtasks run in between the chunks of one read; an immediate runs behind them.
    setImmediate(() => {
      turns.hold(false);
      if (turns.isDone || req.socket.destroyed) return;
      if (req.readableLength > this.#limits.maxBodySize) {
        this.#refuse(TOO_LARGE, req.socket, turns, req);
        return;
      }
      if (!req.complete) this.#watch(req, res, head, turns);
      this.#hand(req, res, head);
    });
  }

  /** For a body that is still to come: it has to keep to the limits, and nobody waits for it behind the answer. */
  #watch(req: IncomingMessage, res: ServerResponse, head: CleanHead, turns: Turns): void {
    const { socket } = req;
    const { shouldKeepAlive } = res;
    const watch = new BodyWatch(req, this.#limits, this.#clock, {
      onEnd: () => {
        res.shouldKeepAlive = shouldKeepAlive && !turns.isOver;
      },
      onBreach: (refusal) => this.#refuse(refusal, socket, turns, req),
    });
    if (head.waitsForContinue) startWithContinue(res, watch);
    else watch.start();
    // An answer before the end of the body says that it closes the connection (RFC 9112 section 9.6).
    res.shouldKeepAlive = false;
    res.prependListener('finish', () => {
      if (!req.complete) this.#lingerOn(socket, turns);
    });
  }

  #admitUpgrade(req: IncomingMessage, first: Buffer, turns: Turns): void {
    const { socket } = req;
    const result = this.#gate(req);
    if (result.kind === 'refuse') this.#refuse(result, socket, turns, req);
    else if (this.#isTaken(req, first, result.request)) turns.finish();
    else replayWithoutUpgrade(this.#accept, req, first);
  }

  /** A body would be the first thing on the connection that is handed over. */
  #isTaken(req: IncomingMessage, first: Buffer, head: CleanHead): boolean {
    const { onUpgrade } = this.#keepers;
    if (onUpgrade === undefined || head.bodyLength !== 0) return false;
    return onUpgrade(req, req.socket, first, head, () => this.#connections.release(req.socket));
  }

  #gate(req: IncomingMessage): GateResult {
    const { method = '', url: target = '', httpVersion, rawHeaders } = req;
    const result = gate({ method, target, httpVersion, rawHeaders }, this.#limits);
    if (result.kind === 'pass') applyHead(req, result.request);
    return result;
  }

  /** The last word on a connection; `req` is null where the request could not be read. */
  #refuse(refusal: Refusal, socket: Socket, turns: Turns, req: IncomingMessage | null): void {
    const isAnswering = turns.isAnswering;
    turns.finish();
    this.#keepers.onRefuse?.(refusal, socket, req);
    // In the middle of an answer a second head would pass for a part of it.
    if (isAnswering) socket.destroy();
    else endWith(socket, refusalText(refusal, req?.method ?? null, new Date()), this.#clock);
  }
}

function startWithContinue(res: ServerResponse, watch: BodyWatch): void {
  const writeContinue = res.writeContinue.bind(res);
  res.writeContinue = (callback) => {
    watch.start();
    writeContinue(callback);
  };
}

function ignore(): void {
  // A connection that breaks while nobody uses it is no error.
}
