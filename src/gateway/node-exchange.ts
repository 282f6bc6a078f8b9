// The first engine: an Exchange over node:http's request and response. Made for each request by node-handler.ts.
// It leaves Date, Connection and chunks to node:http, and adds no limits: those are the listener's.
import type { ServerResponse } from 'node:http';
import type { BodyReader, Connection, Exchange, RequestHead } from './exchange.js';
import { allPairs } from './headed-exchange.js';
import { bodyOf } from './input.js';
import { putHeaders } from './node-head.js';
import { endInOneWrite } from './node-one-write.js';
import { bytesSent, hasOwnWriteHead } from './node-strict.js';
import type { NodeRequest, Upgrade } from './node-types.js';

export class NodeExchange implements Exchange {
  readonly request: RequestHead;
  readonly connection: Connection;
  /** What node:http made, for apps that want it. */
  readonly req: NodeRequest;
  readonly res: ServerResponse;
  /** The connection of a request to upgrade, for an app that takes it over. */
  readonly upgrade: Upgrade | null;
  readonly #expectsContinue: boolean;
  #body: BodyReader | null = null;
  #drained: Promise<void> | undefined;
  /** Bytes of the body that were handed on. */
  #sent = 0;
  #ended = false;
  #aborted = false;
  /** Whether the head says how long the body is: then nothing has to follow its last chunk. */
  #sizeIsKnown = false;

  /** `expectsContinue`: the client waits for `100 Continue`, and node:http leaves that to us (`checkContinue`). */
  constructor(
    req: NodeRequest,
    res: ServerResponse,
    connection: Connection,
    expectsContinue: boolean,
    upgrade: Upgrade | null = null,
  ) {
    this.request = {
      method: req.method ?? '',
      target: (req.baseUrl ?? '') + (req.url ?? ''),
      httpVersion: req.httpVersion,
      rawHeaders: req.rawHeaders,
    };
    this.connection = connection;
    this.req = req;
    this.res = res;
    this.upgrade = upgrade;
    this.#expectsContinue = expectsContinue;
  }

  get body(): BodyReader {
    this.#body ??= this.#expectsContinue ? this.#continuedBody() : bodyOf(this.req);
    return this.#body;
  }

  get bodyError(): Error | null {
    return this.req.errored;
  }

  get closed(): boolean {
    return this.#aborted || this.res.destroyed || this.req.socket.destroyed;
  }

  /** Resolves when the answer was ended or the client is gone; undefined where that is so already. */
  get over(): Promise<void> | undefined {
    if (this.res.writableEnded || this.closed) return undefined;
    return new Promise((resolve) => this.#once(['finish'], resolve));
  }

  /** Bytes of the body that were handed to node:http so far, by whoever answers. */
  get bytesSent(): number {
    return bytesSent(this.res) ?? this.#sent;
  }

  onClose(listener: () => void): void {
    this.#once([], () => {
      if (!this.#ended && !this.#aborted) listener();
    });
  }

  writeHead(status: number, reason: string, headers: string[], bodyLength?: number): void {
    if (bodyLength !== undefined) {
      headers.push('Content-Length', String(bodyLength));
      this.#sizeIsKnown = true;
    }
    if (isPlain(this.res)) {
      this.res.writeHead(status, reason, headers);
      return;
    }
    // Given as an array, one header of several values would lose all but the last, and cookies of middleware be lost.
    putHeaders(this.res, headers, (name) => name === 'set-cookie');
    this.res.writeHead(status, reason);
  }

  /** The real request, for those who read its body by themselves: the client is told to send it, if it waits for that. */
  lendRequest(): NodeRequest {
    if (this.#expectsContinue && !this.res.headersSent && this.#body === null) this.res.writeContinue();
    return this.req;
  }

  write(chunk: Uint8Array | string): Promise<void> | undefined {
    if (this.closed) return undefined;
    const form = wireForm(chunk);
    this.#sent += form.length;
    if (this.res.write(form, 'latin1')) return undefined;
    this.#drained ??= new Promise((resolve) => {
      this.#once(['drain'], () => {
        this.#drained = undefined;
        resolve();
      });
    });
    return this.#drained;
  }

  /** node:http leaves them out of a body that is not sent in chunks. */
  addTrailers(trailers: readonly string[]): void {
    this.res.addTrailers(allPairs(trailers));
  }

  end(chunk?: Uint8Array | string): void {
    this.#ended = true;
    const last = chunk === undefined ? undefined : wireForm(chunk);
    this.#sent += last?.length ?? 0;
    if (typeof last === 'string' && this.#sizeIsKnown) endInOneWrite(this.res, last, 'latin1');
    else if (last === undefined) this.res.end();
    else this.res.end(last, 'latin1');
  }

  abort(): void {
    this.#aborted = true;
    const socket = this.res.socket ?? this.req.socket;
    // The end of a connection is the end of a body to HTTP/1.0: only a reset tells that it is not whole.
    if (this.request.httpVersion === '1.0') socket.resetAndDestroy();
    else {
      // What was written still goes out: a client may use it, and sees from its framing that there should be more.
      // From Node 26 on the response keeps the chunks of one tick, to send them as one.
      while (this.res.writableCorked > 0) this.res.uncork();
      socket.destroySoon();
    }
  }

  /** The client sends its body once it was told to, and it is told when the app asks for the body. */
  #continuedBody(): BodyReader {
    const body = bodyOf(this.req);
    let told = false;
    return {
      read: () => {
        if (!told && !this.res.headersSent) this.res.writeContinue();
        told = true;
        return body.read();
      },
    };
  }

  /**
   * Calls `listener` at the first of `events` of the response, its close, and the close of the connection: the
   * response of a request that waits in a pipeline does not hear of that.
   */
  #once(events: readonly string[], listener: () => void): void {
    const { res } = this;
    const { socket } = this.req;
    let pending = true;
    const done = (): void => {
      // The close of the response happens within that of the connection, which has its listeners counted already.
      if (!pending) return;
      pending = false;
      for (const event of [...events, 'close']) res.off(event, done);
      socket.off('close', done);
      listener();
    };
    for (const event of [...events, 'close']) res.once(event, done);
    // Each request of a pipeline listens to the one socket: more than ten of them are no leak.
    socket.setMaxListeners(0);
    socket.once('close', done);
  }
}

/** Whether nobody has set headers or put a writeHead of their own in place. */
function isPlain(res: ServerResponse): boolean {
  return hasOwnWriteHead(res) && res.getHeaderNames().length === 0;
}

/**
 * node:http encodes a head like the first chunk, and a head is Latin-1: ASCII text goes as Latin-1 with the head in one
 * write, other text as bytes, which leave the head alone.
 */
function wireForm(chunk: Uint8Array | string): Uint8Array | string {
  return typeof chunk === 'string' && Buffer.byteLength(chunk) !== chunk.length ? Buffer.from(chunk) : chunk;
}
