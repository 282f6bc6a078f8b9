// Whether what was built answers, before anybody is sent to it: one request to each server's app, in memory. Called by
// serve.ts where `ready_check` names a path.
import { WsgiServeError } from '../errors.js';
import type { App } from '../gateway/app.js';
import { toWsgi } from '../gateway/bridges.js';
import { callApp } from '../gateway/in-process.js';
import type { Place } from '../source.js';

/** A server's app, and where its section stands. */
export interface CheckedServer {
  readonly name: string;
  readonly app: App;
  readonly place: Place;
}

/** Rejects with `not-ready` where an app answers GET `path` with a status from 400 on, or not within `milliseconds`. */
export async function checkReady(
  { name, app, place }: CheckedServer,
  path: string,
  milliseconds: number,
): Promise<void> {
  const problem = await Promise.race([answerProblem(app, path), timeProblem(milliseconds)]);
  if (problem === null) return;
  throw new WsgiServeError('not-ready', `[server:${name}] is not ready: GET ${path} ${problem}`, { place });
}

async function answerProblem(app: App, path: string): Promise<string | null> {
  const { status, errors } = await callApp(toWsgi(app), { target: path }, { runOnce: false });
  if (status > 0 && status < 400) return null;
  const [error] = errors;
  const cause = error === undefined ? '' : `: ${error.message}`;
  return status === 0 ? `was not answered${cause}` : `was answered with ${status}${cause}`;
}

function timeProblem(milliseconds: number): Promise<string> {
  return new Promise((late) => {
    setTimeout(() => late(`was not answered within ${milliseconds / 1000} s`), milliseconds).unref();
  });
}
