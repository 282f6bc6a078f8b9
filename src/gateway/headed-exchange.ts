// The exchange below a filter that wants the head of an answer and not its body: the head goes through the filter's
// startResponse, the bytes go straight to the exchange. Made by deferred-body.ts.
import type { Answer } from './answer.js';
import type { BodyReader, Connection, Exchange, RequestHead } from './exchange.js';
import { HOP_BY_HOP, type ResponseHead } from './headers.js';
import { statusLine } from './status-line.js';
import type { Chunk, Header, StartResponse } from './wsgi-types.js';

export class HeadedExchange implements Exchange {
  /** Where the bytes go. */
  readonly base: Exchange;
  readonly #startResponse: StartResponse;
  readonly #answer: Answer;

  /** `answer` is the one whose own startResponse the filter calls in the end. */
  constructor(base: Exchange, startResponse: StartResponse, answer: Answer) {
    this.base = base;
    this.#startResponse = startResponse;
    this.#answer = answer;
  }

  get request(): RequestHead {
    return this.base.request;
  }

  get connection(): Connection {
    return this.base.connection;
  }

  get body(): BodyReader {
    return this.base.body;
  }

  get bodyError(): Error | null | undefined {
    return this.base.bodyError;
  }

  get closed(): boolean {
    return this.base.closed;
  }

  onClose(listener: () => void): void {
    this.base.onClose(listener);
  }

  writeHead(status: number, reason: string, headers: string[], bodyLength?: number): void {
    const changed = this.passHead(status, reason, headers);
    const size = changed.contentLength === null ? bodyLength : undefined;
    this.base.writeHead(changed.status, changed.reason, changed.headers, size);
  }

  /**
   * The head as the filter changed it, without what belongs to the connection, which no filter gets to see.
   * Throws what the filter throws, and `contract`.
   */
  passHead(status: number, reason: string, headers: readonly string[]): ResponseHead {
    this.#startResponse(statusLine(status, reason), headerPairs(headers));
    return this.#answer.takeHead();
  }

  write(chunk: Chunk): Promise<void> | undefined {
    return this.base.write(chunk);
  }

  addTrailers(trailers: readonly string[]): void {
    this.base.addTrailers?.(trailers);
  }

  end(chunk?: Chunk): void {
    this.base.end(chunk);
  }

  abort(): void {
    this.base.abort();
  }
}

/** Flat headers as WSGI has them: in pairs, without those that belong to a connection. */
export function headerPairs(headers: readonly string[]): Header[] {
  return allPairs(headers).filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase()));
}

/** What headerPairs leaves out, flat. */
export function connectionHeaders(headers: readonly string[]): string[] {
  return allPairs(headers)
    .filter(([name]) => HOP_BY_HOP.has(name.toLowerCase()))
    .flat();
}

/** Flat headers in pairs, all of them. */
export function allPairs(headers: readonly string[]): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    pairs.push([headers[index] ?? '', headers[index + 1] ?? '']);
  }
  return pairs;
}
