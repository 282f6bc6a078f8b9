// The body that a node or fetch app is to WSGI: it has done nothing yet. Made by bridges.ts, known to the gateway.
// What becomes of it says how the app runs: straight on the exchange, with its head through a filter, or as a stream.
import { toError } from '../errors.js';
import type { Answer } from './answer.js';
import type { AnswerOptions, ErrorListener } from './answer-options.js';
import { isThenable } from './body.js';
import type { Exchange } from './exchange.js';
import { HeadedExchange, headerPairs } from './headed-exchange.js';
import { keptAnswer } from './kept-answer.js';
import type { Run } from './run.js';
import { incomingOf, optionsOf, seenThrough } from './seen-request.js';
import { statusLine } from './status-line.js';
import { StreamExchange, type StreamHead } from './stream-exchange.js';
import type { Chunk, Environ, StartResponse } from './wsgi-types.js';

/** Runs the app; never throws or rejects, as failures are told to the run's options. */
export type RunApp = (run: Run) => Promise<void> | undefined;

export class DeferredBody implements AsyncIterable<Chunk> {
  readonly #runApp: RunApp;
  readonly #environ: Environ;
  readonly #startResponse: StartResponse;
  #stream: StreamExchange | null = null;

  constructor(runApp: RunApp, environ: Environ, startResponse: StartResponse) {
    this.#runApp = runApp;
    this.#environ = environ;
    this.#startResponse = startResponse;
  }

  /** For the gateway that the body came back to: runs the app over its exchange. */
  deliver(exchange: Exchange, answer: Answer, options: AnswerOptions): Promise<void> | undefined {
    const environ = this.#environ;
    const isOwn = this.#startResponse === answer.startResponse;
    return this.#runApp({
      exchange: isOwn ? exchange : new HeadedExchange(exchange, this.#startResponse, answer),
      seen: seenThrough(environ, exchange),
      options: optionsOf(environ, options),
      environ,
    });
  }

  /** For a filter that reads the body: the app begins with the first chunk that is asked for. */
  [Symbol.asyncIterator](): AsyncIterator<Chunk, undefined> {
    let stream: StreamExchange | null = null;
    return {
      next: () => {
        stream ??= this.#open();
        return stream.next();
      },
      return: async () => (await stream?.return()) ?? { done: true, value: undefined },
    };
  }

  /** Nobody reads on: an app that did not run never does, one that runs is told that the client is gone. */
  async close(): Promise<void> {
    await this.#stream?.return();
  }

  #open(): StreamExchange {
    const environ = this.#environ;
    const incoming = incomingOf(environ);
    const stream = new StreamExchange(incoming, (head) => this.#start(head));
    this.#stream = stream;
    // A generator of a filter that waits for a chunk hears of its own end only behind that.
    keptAnswer(environ)?.exchange.onClose(() => stream.leave());
    const running = this.#runApp({
      exchange: stream,
      seen: seenThrough(environ, incoming),
      options: optionsOf(
        environ,
        this.#optionsBelow((error) => stream.fail(error)),
      ),
      environ,
    });
    if (isThenable(running)) running.then(undefined, (thrown: unknown) => stream.fail(toError(thrown)));
    return stream;
  }

  /** The filter is told of failures, and nobody above it. */
  #optionsBelow(onError: ErrorListener): AnswerOptions {
    return { ...keptAnswer(this.#environ)?.options, onError, recovery: null };
  }

  /** Through the filter's startResponse; a head that is sent ahead goes on ahead, past a filter that waits for chunks. */
  #start({ status, reason, headers, isAhead }: StreamHead): void {
    this.#startResponse(statusLine(status, reason), headerPairs(headers));
    if (isAhead) keptAnswer(this.#environ)?.flush();
  }
}
