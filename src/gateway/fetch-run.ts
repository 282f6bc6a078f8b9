// Runs an app over Request and Response over an Exchange. Handed to bridges.ts by fetch-parts.ts.
// It never throws or rejects, whatever the app does; a Response that is at hand is answered without a promise.
import { toError, WsgiServeError } from '../errors.js';
import { Answer, answerPlainly } from './answer.js';
import { isThenable } from './body.js';
import { asResponse } from './fetch-response.js';
import type { FetchContext } from './fetch-types.js';
import { urlOf } from './fetch-url.js';
import { HOP_BY_HOP } from './headers.js';
import { LazyRequest } from './lazy-request.js';
import { LightResponse } from './light-response.js';
import type { Run } from './run.js';
import { environOf } from './run-environ.js';
import { statusLine } from './status-line.js';
import { decodePath } from './target.js';
import type { Environ, Header } from './wsgi-types.js';

/** A fetch app as it is run: filters need to know what they stand in. */
export type FetchHandler = (request: Request, run: Run) => unknown;

/** What answers with a fetch handler; an app of that kind brings it, so that only deployments with one load it. */
export type FetchRunner = (handler: FetchHandler, run: Run) => Promise<void> | undefined;

/** Answers with `handler`; the promise, where there is one, resolves when the answer was sent. */
export function runFetch(handler: FetchHandler, run: Run): Promise<void> | undefined {
  const request = requestOf(run);
  if (request === null) {
    answerPlainly(run.exchange, 400, 'Bad Request');
    return undefined;
  }
  const answer = new Answer(run.exchange, run.options);
  try {
    const result = handler(request, run);
    if (isThenable(result)) return answerLater(result, answer, run);
    return respond(result, answer, run);
  } catch (error) {
    answer.fail(error);
    return undefined;
  }
}

/** What a fetch app gets beside its request. */
export class RunContext implements FetchContext {
  readonly #run: Run;
  #environ: Environ | null;

  constructor(run: Run) {
    this.#run = run;
    this.#environ = run.environ;
  }

  get environ(): Environ {
    this.#environ ??= environFor(this.#run);
    return this.#environ;
  }

  get mount(): string {
    return this.#run.environ?.SCRIPT_NAME ?? decodePath(this.#run.seen.base) ?? '';
  }

  get remoteAddress(): string {
    return this.#run.exchange.connection.remoteAddress;
  }

  waitUntil(work: PromiseLike<unknown>): void {
    const { options, exchange } = this.#run;
    work.then(undefined, (thrown: unknown) => options.onError(toError(thrown), exchange));
  }
}

/** Throws `contract` for a request of which there is none: its path is not UTF-8. */
function environFor(run: Run): Environ {
  const environ = environOf(run);
  if (environ !== null) return environ;
  throw new WsgiServeError('contract', 'this request has no environ: its path or its headers cannot be read');
}

function requestOf(run: Run): Request | null {
  const url = urlOf(run, hostOf(run.seen.head.rawHeaders));
  return url === null ? null : asRequest(new LazyRequest(run, url));
}

/** Its prototype says so, which the compiler cannot see. */
function asRequest(request: unknown): Request {
  return request as Request;
}

function hostOf(rawHeaders: readonly string[]): string | null {
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') return rawHeaders[index + 1] ?? null;
  }
  return null;
}

async function answerLater(result: PromiseLike<unknown>, answer: Answer, run: Run): Promise<void> {
  try {
    await respond(await result, answer, run);
  } catch (error) {
    answer.fail(error);
  }
}

function respond(result: unknown, answer: Answer, run: Run): Promise<void> | undefined {
  const response = asResponse(result);
  const { status, statusText, headers, body } = LightResponse.partsOf(response);
  if (status < 200) throw noAnswer(response);
  answer.startResponse(statusLine(status, statusText), withoutConnection(headers));
  if (body === null) {
    answer.finish();
    return undefined;
  }
  if (!(body instanceof ReadableStream)) {
    answer.finishWith(body);
    return undefined;
  }
  return sendStream(body, answer, run);
}

/** What an app hands on of somebody else's answer may say how that one was framed. */
function* withoutConnection(headers: Iterable<Header>): Iterable<Header> {
  for (const header of headers) if (!HOP_BY_HOP.has(header[0].toLowerCase())) yield header;
}

/**
 * Sends chunk after chunk, each before the next one is asked for; the stream is cancelled once nobody wants more. One
 * that has nothing yet, such as a stream of events, may stay so for long: its head goes ahead.
 */
async function sendStream(
  body: ReadableStream<unknown>,
  answer: Answer,
  { exchange, options }: Run,
): Promise<void> {
  const reader = body.getReader();
  const cancel = (): void => {
    reader.cancel().catch((thrown: unknown) => options.onError(toError(thrown), exchange));
  };
  exchange.onClose(cancel);
  try {
    const first = reader.read();
    if (!(await isSoon(first))) answer.flush();
    for (let step = await first; step.done !== true; step = await reader.read()) {
      if (exchange.closed) return;
      if (!answer.send(step.value)) break;
      if (answer.drained !== undefined) await answer.drained;
    }
    cancel();
    answer.finish();
  } catch (error) {
    answer.fail(error);
    // A stream that failed says so again.
    reader.cancel().catch(() => undefined);
  }
}

/** Whether `promise` is settled before the event loop turns. */
function isSoon(promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const turn = setImmediate(resolve, false);
    const settled = (): void => {
      clearImmediate(turn);
      resolve(true);
    };
    promise.then(settled, settled);
  });
}

function noAnswer({ type, status }: Response): WsgiServeError {
  const what = type === 'error' ? 'Response.error()' : `a Response of status ${status}`;
  return new WsgiServeError('contract', `a fetch app gave back ${what}, which is no answer`);
}
