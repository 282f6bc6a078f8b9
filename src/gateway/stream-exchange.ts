// An answer as a head and chunks that are pulled: an Exchange for whatever stands between two parts of a pipeline.
// What is written waits until it is asked for, so that the back-pressure of the one who reads reaches the one who writes.
import { WsgiServeError } from '../errors.js';
import type { BodyReader, Connection, Exchange, Incoming, RequestHead } from './exchange.js';
import type { Chunk } from './wsgi-types.js';

/** What comes before the body. */
export interface StreamHead {
  readonly status: number;
  readonly reason: string;
  /** Name, value, name, value ... */
  readonly headers: readonly string[];
  /** All of the body where it came at once, undefined where it is empty; null where it has to be read. */
  readonly whole: Chunk | null | undefined;
  /** Whether it was sent by itself, ahead of a body that may be long in coming. */
  readonly isAhead: boolean;
}

const NOBODY = (): void => undefined;

/** The exchange for those who write; an iterator, of which there is one, for the one who reads. */
export class StreamExchange implements Exchange, AsyncIterator<Chunk, undefined> {
  /** Where the request is read. */
  readonly incoming: Incoming;
  readonly #onHead: (head: StreamHead) => void;
  readonly #listeners: (() => void)[] = [];
  #head: Pick<StreamHead, 'status' | 'reason' | 'headers'> | null = null;
  #chunks: Chunk[] = [];
  #trailers: readonly string[] | null = null;
  #ended = false;
  #closed = false;
  #failure: Error | null = null;
  /** Wakes the one who waits for chunks, or for room; once, as Node hears of every promise that is settled twice. */
  #onChange = NOBODY;
  #onRoom = NOBODY;
  #room: Promise<void> | undefined;

  /** `onHead` is called once, before the first chunk can be read; what it throws is thrown to the one who writes. */
  constructor(incoming: Incoming, onHead: (head: StreamHead) => void) {
    this.incoming = incoming;
    this.#onHead = onHead;
  }

  get request(): RequestHead {
    return this.incoming.request;
  }

  get connection(): Connection {
    return this.incoming.connection;
  }

  get body(): BodyReader {
    return this.incoming.body;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What it failed with; null where it did not. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Whether all was written. */
  get ended(): boolean {
    return this.#ended;
  }

  onClose(listener: () => void): void {
    this.#listeners.push(listener);
  }

  writeHead(status: number, reason: string, headers: string[], bodyLength?: number): void {
    if (bodyLength !== undefined) headers.push('Content-Length', String(bodyLength));
    this.#head = { status, reason, headers };
  }

  write(chunk: Chunk): Promise<void> | undefined {
    if (this.#closed) return undefined;
    this.#handHeadOn(null, chunk.length === 0);
    if (chunk.length === 0) return undefined;
    this.#chunks.push(chunk);
    this.#tellReader();
    this.#room ??= new Promise((resolve) => {
      this.#onRoom = resolve;
    });
    return this.#room;
  }

  /** They go past the one who reads, once that comes to the end of the body. */
  addTrailers(trailers: readonly string[]): void {
    this.#trailers = trailers;
  }

  end(chunk?: Chunk): void {
    if (this.#closed) return;
    // Trailers come behind what is read.
    this.#handHeadOn(this.#trailers === null ? chunk : null);
    if (chunk !== undefined && chunk.length > 0) this.#chunks.push(chunk);
    this.#ended = true;
    this.#tellReader();
  }

  abort(): void {
    this.fail(new WsgiServeError('contract', 'the app broke its answer off'));
  }

  /** Ends it with an error, which the one who reads gets; only the first one counts. */
  fail(error: Error): void {
    if (this.#closed || this.#ended) return;
    this.#failure = error;
    this.#close();
  }

  /** For a client that is gone: to those who wait for the answer, a part of it must not pass for the whole. */
  leave(): void {
    this.fail(new DOMException('the client is gone', 'AbortError'));
  }

  /** The next chunk. Rejects once the answer failed, before what was not read yet: a part of it is no answer. */
  async next(): Promise<IteratorResult<Chunk, undefined>> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure;
      const chunk = this.#chunks.shift();
      if (this.#chunks.length === 0) this.#makeRoom();
      if (chunk !== undefined) return { done: false, value: chunk };
      if (this.#ended || this.#closed) return this.#finish();
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
  }

  /** Nobody wants more: to the one who writes, the client is gone. */
  async return(): Promise<IteratorResult<Chunk, undefined>> {
    if (!this.#closed) this.#close();
    return { done: true, value: undefined };
  }

  #finish(): IteratorResult<Chunk, undefined> {
    if (this.#trailers !== null && !this.#closed) this.incoming.addTrailers?.(this.#trailers);
    this.#trailers = null;
    return { done: true, value: undefined };
  }

  #handHeadOn(whole: Chunk | null | undefined, isAhead = false): void {
    const head = this.#head;
    if (head === null) return;
    this.#head = null;
    this.#onHead({ ...head, whole, isAhead });
  }

  #tellReader(): void {
    const tell = this.#onChange;
    this.#onChange = NOBODY;
    tell();
  }

  #makeRoom(): void {
    const tell = this.#onRoom;
    this.#room = undefined;
    this.#onRoom = NOBODY;
    tell();
  }

  #close(): void {
    this.#closed = true;
    this.#chunks = [];
    this.#makeRoom();
    this.#tellReader();
    if (!this.#ended) for (const listener of this.#listeners) listener();
  }
}
