// The first engine: an Exchange over node:http's request and response. Made for each request by node-handler.ts.
// It leaves Date, Connection and chunks to node:http, and adds no limits: those are the listener's.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BodyReader, Connection, Exchange, RequestHead } from './exchange.js';
import { bodyOf } from './input.js';

export class NodeExchange implements Exchange {
  readonly request: RequestHead;
  readonly connection: Connection;
  /** What node:http made, for apps that want it. */
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly #expectsContinue: boolean;
  #body: BodyReader | null = null;
  #drained: Promise<void> | undefined;
  #ended = false;
  #aborted = false;

  /** `expectsContinue`: the client waits for `100 Continue`, and node:http leaves that to us (`checkContinue`). */
  constructor(req: IncomingMessage, res: ServerResponse, connection: Connection, expectsContinue: boolean) {
    this.request = {
      method: req.method ?? '',
      target: req.url ?? '',
      httpVersion: req.httpVersion,
      rawHeaders: req.rawHeaders,
    };
    this.connection = connection;
    this.req = req;
    this.res = res;
    this.#expectsContinue = expectsContinue;
  }

  get body(): BodyReader {
    this.#body ??= this.#expectsContinue ? this.#continuedBody() : bodyOf(this.req);
    return this.#body;
  }

  get closed(): boolean {
    return this.#aborted || this.res.destroyed || this.req.socket.destroyed;
  }

  onClose(listener: () => void): void {
    this.#once([], () => {
      if (!this.#ended && !this.#aborted) listener();
    });
  }

  writeHead(status: number, reason: string, headers: string[], bodyLength?: number): void {
    if (bodyLength !== undefined) headers.push('Content-Length', String(bodyLength));
    this.res.writeHead(status, reason, headers);
  }

  write(chunk: Uint8Array | string): Promise<void> | undefined {
    if (this.closed || this.res.write(wireForm(chunk), 'latin1')) return undefined;
    this.#drained ??= new Promise((resolve) => {
      this.#once(['drain'], () => {
        this.#drained = undefined;
        resolve();
      });
    });
    return this.#drained;
  }

  end(chunk?: Uint8Array | string): void {
    this.#ended = true;
    if (chunk === undefined) this.res.end();
    else this.res.end(wireForm(chunk), 'latin1');
  }

  abort(): void {
    this.#aborted = true;
    const { socket } = this.req;
    // The end of a connection is the end of a body to HTTP/1.0: only a reset tells that it is not whole.
    if (this.request.httpVersion === '1.0') socket.resetAndDestroy();
    // What was written still goes out: a client may use it, and sees from its framing that there should be more.
    else socket.destroySoon();
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

/**
 * node:http encodes a head like the first chunk, and a head is Latin-1: ASCII text goes as Latin-1 with the head in one
 * write, other text as bytes, which leave the head alone.
 */
function wireForm(chunk: Uint8Array | string): Uint8Array | string {
  return typeof chunk === 'string' && Buffer.byteLength(chunk) !== chunk.length ? Buffer.from(chunk) : chunk;
}
