// Runs a WSGI app over an Exchange: the server side of PEP 3333. Called by whoever serves, once for each request.
// It never throws or rejects, whatever the app does, and a synchronous app is answered without a promise.
import { Answer, answerPlainly } from './answer.js';
import type { AnswerOptions } from './answer-options.js';
import { closerOf, isThenable, OpenBody, type Step } from './body.js';
import { isChunk } from './chunk.js';
import { DeferredBody } from './deferred-body.js';
import { createEnviron } from './environ.js';
import type { Exchange } from './exchange.js';
import { FileWrapper } from './file-wrapper.js';
import { keepAnswer } from './kept-answer.js';
import type { GatewayOptions } from './run.js';
import type { Chunk, Environ, WsgiApp } from './wsgi-types.js';

/** Answers one request with `app`; the promise, where there is one, resolves when the body was closed. */
export function runWsgi(
  app: WsgiApp,
  exchange: Exchange,
  options: GatewayOptions,
): Promise<void> | undefined {
  const environ = createEnviron(exchange, options);
  if (environ !== null) return callWsgi(app, environ, exchange, options);
  answerPlainly(exchange, 400, 'Bad Request');
  return undefined;
}

/** The same with an environ of the caller's own making, for engines that are handed one (CGI). */
export function callWsgi(
  app: WsgiApp,
  environ: Environ,
  exchange: Exchange,
  options: AnswerOptions,
): Promise<void> | undefined {
  const answer = new Answer(exchange, options);
  keepAnswer(environ, answer);
  try {
    const result: unknown = app(environ, answer.startResponse);
    const whole = wholeBody(result);
    if (result instanceof DeferredBody) return result.deliver(exchange, answer, options);
    if (whole === null) return deliver(result, answer, exchange, options);
    answer.finishWith(whole);
  } catch (error) {
    answer.fail(error);
  }
  return undefined;
}

/** The one chunk that is all of a body, where it is at hand and nothing needs closing. */
function wholeBody(body: unknown): Chunk | null {
  if (typeof body === 'string') return body;
  if (!Array.isArray(body) || body.length !== 1 || closerOf(body) !== null) return null;
  const chunk: unknown = body[0];
  return isChunk(chunk) ? chunk : null;
}

/** Everything that is not whole at once: promises, and bodies that are read chunk by chunk and closed. */
async function deliver(
  result: unknown,
  answer: Answer,
  exchange: Exchange,
  options: AnswerOptions,
): Promise<void> {
  let body: OpenBody | null = null;
  try {
    const returned: unknown = isThenable(result) ? await result : result;
    const whole = wholeBody(returned);
    if (whole !== null) {
      answer.finishWith(whole);
      return;
    }
    if (returned instanceof DeferredBody) {
      await returned.deliver(exchange, answer, options);
      return;
    }
    body = new OpenBody(returned);
    if (Array.isArray(returned)) answer.expect(returned);
    if (returned instanceof FileWrapper) await answer.expectFile(returned);
    await pump(body, answer, exchange);
    answer.finish();
  } catch (error) {
    answer.fail(error);
  }
  await body?.close((error) => answer.report(error));
}

/** Sends chunk after chunk, each before the next one is asked for, until the end, or nobody wants more. */
async function pump(body: OpenBody, answer: Answer, exchange: Exchange): Promise<void> {
  const gone = new Departure(exchange);
  await answer.drained;
  while (!exchange.closed) {
    const next = body.next();
    const step = isThenable(next) ? await gone.or(next) : next;
    if (step === null || step.done === true || !answer.send(step.value)) return;
    if (answer.drained !== undefined) await answer.drained;
  }
}

/** Cuts a wait short when the client goes away: an app may take for ever to come to its next chunk. */
class Departure {
  /** Settles what is waited for; a second call does nothing. */
  #settle = (_gone: null): void => undefined;

  constructor(exchange: Exchange) {
    exchange.onClose(() => this.#settle(null));
  }

  /** What `step` gives, or null as soon as the client is gone. */
  or(step: PromiseLike<Step>): Promise<Step | null> {
    return new Promise((resolve, reject) => {
      // Kept as it is: with a function around it, every chunk would stay in memory until the next full collection.
      this.#settle = resolve;
      step.then(resolve, reject);
    });
  }
}
