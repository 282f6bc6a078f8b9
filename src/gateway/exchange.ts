// One request and its answer, as the gateway sees them: nothing here knows of node:http.
// Engines implement it (node:http, CGI, in-process requests); gateways run an app over it.

/** What came in before the body. Nothing is decoded: header bytes are Latin-1 text, the target is raw. */
export interface RequestHead {
  readonly method: string;
  /** The request target as sent: `/a%20b?c`, and `*` or an absolute URL where a client sends one. */
  readonly target: string;
  /** `1.0` or `1.1`. */
  readonly httpVersion: string;
  /** Name, value, name, value ... in the order and the case of the wire. */
  readonly rawHeaders: readonly string[];
}

/** The two ends of the connection, after trusted proxies were taken into account. */
export interface Connection {
  readonly scheme: 'http' | 'https';
  readonly remoteAddress: string;
  readonly remotePort: string;
  /** What SERVER_NAME and SERVER_PORT say; never empty. */
  readonly serverName: string;
  readonly serverPort: string;
}

/** The request body: a queue of chunks that is pulled. */
export interface BodyReader {
  /** The next chunk, never empty; null at the end. Rejects where the client is gone or the body breaks a limit. */
  read(): Promise<Uint8Array | null>;
}

/**
 * One request. The head is written once, then chunks in order, then the end; an engine adds framing (Content-Length
 * or chunks), Date and Connection by itself, and never looks at what a status or a header means to the app.
 */
export interface Exchange {
  readonly request: RequestHead;
  readonly connection: Connection;
  /** Reads nothing, and sends no `100 Continue`, before the first `read()`. */
  readonly body: BodyReader;
  /**
   * What reading the body failed with, where the client broke it off or it broke a limit: an app that ends with that is
   * not to blame. Engines that cannot tell lack it.
   */
  readonly bodyError?: Error | null | undefined;
  /** True once the client is gone; nothing that is written then arrives. */
  readonly closed: boolean;
  /** Calls `listener` once when the client goes away before the end. */
  onClose(listener: () => void): void;
  /**
   * Status, reason and headers (name, value, name, value ...), validated by the caller. Sends nothing by itself.
   * The array becomes the engine's, which may add to it. `bodyLength` is the size in bytes of the whole body where the
   * caller knows it and `headers` do not say it: what the engine needs to frame the body by its length.
   */
  writeHead(status: number, reason: string, headers: string[], bodyLength?: number): void;
  /**
   * Hands one chunk on at once; text is sent as UTF-8. An empty one sends the head ahead of the body. A promise asks the
   * caller to wait until the client has taken enough of it; the promise never rejects: it resolves when the client goes
   * away too.
   */
  write(chunk: Uint8Array | string): Promise<void> | undefined;
  /**
   * Fields (name, value, name, value ...) that are sent behind the body where its framing has room for them, and left out
   * where it has not. Called before the end. Engines that never send any lack it.
   */
  addTrailers?(trailers: readonly string[]): void;
  /** Ends the answer, with a last chunk where there is one. */
  end(chunk?: Uint8Array | string): void;
  /** Breaks the connection off, so that the client sees that the answer is not whole. */
  abort(): void;
}

/** The half of an exchange that is read: what an environ is made of; and trailers, which go past those who read a body. */
export type Incoming = Pick<Exchange, 'request' | 'connection' | 'body' | 'addTrailers'>;
