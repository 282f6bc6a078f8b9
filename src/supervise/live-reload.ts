// Live reload in development: browsers that show a page load it anew when another generation serves. Put by a worker
// around each of its apps, outermost; it takes no part in production.
import type { App } from '../gateway/app.js';
import { isThenable } from '../gateway/body.js';
import { toWsgi } from '../gateway/bridges.js';
import type { Environ, StartResponse, WsgiApp, WsgiBody } from '../gateway/wsgi-types.js';
import { type Clock, systemClock } from '../listen/front/clock.js';
import { acceptedRanges } from './accept.js';
import { LiveEvents } from './live/events.js';
import { PageAnswer } from './live/page-answer.js';
import { EVENTS_PATH, SCRIPT, SCRIPT_PATH, scriptTag } from './live/script.js';

export interface LiveReload {
  /** Over an app of any kind: adds the script to its pages, and answers what the script asks for. */
  readonly filter: (app: App) => App;
  /** Ends every stream that is open, so that browsers come back to whoever takes over. New ones end at once. */
  leave(): void;
}

/**
 * `generation` tells what is served now from what was served before: the same in all workers that serve it, and another
 * after each change. It holds no line breaks. One that a later run of the supervisor would use again (1, 2 ...) leaves
 * pages as they are over a restart.
 */
export function createLiveReload(generation: number | string, clock: Clock = systemClock): LiveReload {
  const events = new LiveEvents(String(generation), clock);
  const filter = (app: App): App => {
    const inner = toWsgi(app);
    return {
      kind: 'wsgi',
      holdsNoPlace: ({ target }) => target === EVENTS_PATH,
      app: (environ, startResponse) => {
        if (environ.PATH_INFO === EVENTS_PATH) return events.answer(environ, startResponse);
        if (environ.PATH_INFO === SCRIPT_PATH) return answerScript(environ, startResponse);
        // Handed on with the server's own startResponse: apps of other kinds then run as if nobody stood above them.
        if (!asksForPage(environ)) return inner(environ, startResponse);
        return answerPage(inner, environ, startResponse, scriptTag(environ.SCRIPT_NAME, String(generation)));
      },
    };
  };
  return { filter, leave: () => events.leave() };
}

/**
 * What a browser shows as a page, and not what a script or another page asks for: a piece of HTML that a script puts
 * into its page must come as it is. Not every browser says what an answer is for, but each asks for HTML.
 */
function asksForPage(environ: Environ): boolean {
  const { REQUEST_METHOD: method, HTTP_SEC_FETCH_DEST: destination = 'document' } = environ;
  return method === 'GET' && destination === 'document' && acceptedRanges(environ).includes('text/html');
}

function answerPage(
  inner: WsgiApp,
  environ: Environ,
  startResponse: StartResponse,
  tag: string,
): WsgiBody | Promise<WsgiBody> {
  const page = new PageAnswer(startResponse, Buffer.from(tag));
  const body = inner(askingForAll(environ), page.startResponse);
  return isThenable(body) ? body.then((resolved) => page.complete(resolved)) : page.complete(body);
}

/**
 * What browsers ask for that would keep the script out: nothing where they have the page already, perhaps from before
 * there was a script in it, and compressed bytes, to which nothing can be added.
 */
const SPARING = ['HTTP_IF_NONE_MATCH', 'HTTP_IF_MODIFIED_SINCE', 'HTTP_ACCEPT_ENCODING'] as const;

/** A copy: parts above, such as an access log, see what was asked. */
function askingForAll(environ: Environ): Environ {
  const copy = { ...environ };
  for (const name of SPARING) delete copy[name];
  return copy;
}

function answerScript(environ: Environ, startResponse: StartResponse): WsgiBody {
  startResponse('200 OK', [
    ['Content-Type', 'text/javascript; charset=utf-8'],
    ['Content-Length', String(SCRIPT.length)],
    ['Cache-Control', 'no-store'],
  ]);
  return environ.REQUEST_METHOD === 'HEAD' ? [] : [SCRIPT];
}
