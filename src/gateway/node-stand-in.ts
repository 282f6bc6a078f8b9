// A request and a response of node:http over any exchange, for node apps that do not stand on the real ones: real
// objects of node:http, on a socket that is none. Made by node-run.ts. Nothing of HTTP's framing passes here.
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { BodyReader, Connection, Exchange, RequestHead } from './exchange.js';
import { headerPairs } from './headed-exchange.js';
import { putRawHeaders } from './node-fields.js';
import { flatHeaders, givenHead, keepHeaders, parseHead, putHeaders } from './node-head.js';
import { StreamExchange } from './stream-exchange.js';

type Done = (error?: Error | null) => void;
interface Piece {
  readonly chunk: Buffer | string;
  readonly encoding: BufferEncoding;
}

/** Takes what node:http writes for one response and hands it to an exchange: first the head as a head, then bytes. */
export class StandInSocket extends Socket {
  readonly #exchange: Exchange;
  readonly #onError: (error: unknown) => void;
  #response: StandInResponse | null = null;
  #hasHead = false;
  #isDone = false;

  /** `onError` hears of what the exchange throws, as it does where a filter refuses a head. */
  constructor(exchange: Exchange, onError: (error: unknown) => void) {
    super();
    this.#exchange = exchange;
    this.#onError = onError;
    showEnds(this, exchange.connection);
    exchange.onClose(() => this.destroy());
    // Those who destroy a response with an error mean its client, not this process.
    this.on('error', () => undefined);
  }

  /** Becomes the socket of `response`, and is closed when that is finished. */
  serve(response: StandInResponse): void {
    this.#response = response;
    response.assignSocket(this);
    response.once('finish', () => {
      this.#end([]);
      this.destroy();
    });
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: Done): void {
    this.#pass([{ chunk, encoding }], done);
  }

  override _writev(pieces: Piece[], done: Done): void {
    this.#pass(pieces, done);
  }

  override _read(): void {
    // The request is read elsewhere: nothing ever comes.
  }

  override _final(done: Done): void {
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    if (!this.#isDone && !this.#exchange.closed) this.#breakOff(error);
    super._destroy(error, done);
  }

  #pass(pieces: readonly Piece[], done: Done): void {
    let room: Promise<void> | undefined;
    try {
      room = this.#send(pieces.map((piece) => this.#bodyOf(piece)).filter((chunk) => chunk.length > 0));
    } catch (error) {
      this.#isDone = true;
      this.#onError(error);
    }
    if (room === undefined) done();
    else void room.then(() => done());
  }

  #send(chunks: readonly Buffer[]): Promise<void> | undefined {
    if (this.#isDone || !this.#hasHead) return undefined;
    // Once the response has ended, this is all that is left of it.
    if (this.#response?.writableEnded) return this.#end(chunks);
    if (chunks.length === 0) return this.#exchange.write('');
    return chunks.map((chunk) => this.#exchange.write(chunk)).at(-1);
  }

  /** Those who read the answer are told what the response was destroyed with. */
  #breakOff(error: Error | null): void {
    const exchange = this.#exchange;
    if (error !== null && exchange instanceof StreamExchange) exchange.fail(error);
    else exchange.abort();
  }

  #end(chunks: readonly Buffer[]): undefined {
    if (this.#isDone) return;
    this.#isDone = true;
    const trailers = this.#response?.trailers ?? [];
    if (trailers.length > 0) this.#exchange.addTrailers?.(trailers);
    this.#exchange.end(chunks.length === 0 ? undefined : Buffer.concat(chunks));
  }

  /** Without the heads, which node:http writes as text, alone or before the first text of the body. */
  #bodyOf({ chunk, encoding }: Piece): Buffer {
    if (typeof chunk !== 'string') return chunk;
    let text = chunk;
    while (!this.#hasHead && text !== '') {
      const { status, reason, headers, length } = parseHead(text);
      text = text.slice(length);
      // Informational heads belong to the connection too.
      if (status < 200) continue;
      this.#hasHead = true;
      this.#exchange.writeHead(status, reason, headerPairs(headers).flat());
    }
    return Buffer.from(text, encoding);
  }
}

// Express gives every request and response another prototype: what these do in another way has to be their own.

/** A request whose head and body come from anywhere. */
export class StandInRequest extends IncomingMessage {
  constructor(socket: Socket, head: RequestHead, body: BodyReader) {
    super(socket);
    this.method = head.method;
    this.url = head.target;
    const [major = '1', minor = '1'] = head.httpVersion.split('.');
    this.httpVersion = head.httpVersion;
    this.httpVersionMajor = Number(major);
    this.httpVersionMinor = Number(minor);
    putRawHeaders(this, head.rawHeaders);
    this._read = (size) => {
      // Without it a request that flows is asked for its first chunk only.
      IncomingMessage.prototype._read.call(this, size);
      body.read().then(
        (chunk) => {
          if (chunk === null) this.complete = true;
          this.push(chunk);
        },
        (error: Error) => this.destroy(error),
      );
    };
  }
}

/** A response that makes no chunks and writes no trailers: who frames the body is at the other end of the exchange. */
export class StandInResponse extends ServerResponse {
  /** Name, value, name, value ... */
  trailers: readonly string[] = [];

  constructor(req: IncomingMessage, socket: StandInSocket) {
    super(req);
    this.sendDate = false;
    this.removeHeader('Transfer-Encoding');
    Object.defineProperty(this, 'writableNeedDrain', {
      get: () => !this.destroyed && !this.writableEnded && socket.writableNeedDrain,
    });
    socket.on('drain', () => {
      if (!this.writableEnded) this.emit('drain');
    });
    const { writeHead, addTrailers } = this;
    this.writeHead = (...args: [status: number, ...rest: unknown[]]) => {
      const sent = this.headersSent ? args : setHead(this, args);
      return Reflect.apply(writeHead, this, sent);
    };
    this.addTrailers = (trailers) => {
      addTrailers.call(this, trailers);
      this.trailers = flatHeaders(trailers);
    };
    socket.serve(this);
  }
}

/** Sets all headers that `res.writeHead(...args)` would send; gives what is left to say. */
function setHead(res: ServerResponse, args: readonly unknown[]): [status: number, reason: string] {
  const { status, reason, headers } = givenHead(res, args);
  const kept = headerPairs(headers).flat();
  // As in node:http: a body that trailers are announced for gets no Content-Length, which leaves them no room.
  if (headers.some((text, index) => index % 2 === 0 && text.toLowerCase() === 'trailer')) {
    res.removeHeader('Content-Length');
  }
  keepHeaders(res, kept);
  putHeaders(res, kept);
  res.removeHeader('Transfer-Encoding');
  return [status, reason];
}

function showEnds(socket: Socket, connection: Connection): void {
  const { remoteAddress, remotePort, serverPort, scheme } = connection;
  const values = {
    remoteAddress: remoteAddress === '' ? undefined : remoteAddress,
    remotePort: remotePort === '' ? undefined : Number(remotePort),
    localPort: Number(serverPort),
    encrypted: scheme === 'https',
  };
  for (const [name, value] of Object.entries(values)) Object.defineProperty(socket, name, { value });
}
