// The WSGI contract as a program: a filter that watches an app and its server, and changes nothing that passes.
// Put around every app in tests, and into a pipeline by whoever develops one; not meant for production.
import { WsgiServeError } from '../errors.js';
import { isThenable } from './body.js';
import { AnswerLint } from './lint-answer.js';
import { checkEnviron, guardStreams } from './lint-environ.js';
import type { Environ, WsgiApp, WsgiBody } from './wsgi-types.js';

export interface LintOptions {
  /** Gets what is allowed and yet unwise, each message once. Default: a line to `wsgi.errors`. */
  readonly warn?: (message: string, environ: Environ) => void;
}

/**
 * Puts `app` under lint. Whoever breaks the contract gets a WsgiServeError (`contract`) thrown at it: the app by
 * `startResponse`, `write` and `wsgi.input`, the server by the call itself; for what is wrong with a body or its
 * end, reading the body throws.
 */
export function lint(app: WsgiApp, options: LintOptions = {}): WsgiApp {
  const warnOnce = onlyOnce(options.warn ?? complain);
  return (environ, startResponse, ...more: unknown[]) => {
    if (typeof startResponse !== 'function' || more.length > 0) {
      throw new WsgiServeError('contract', 'an app is called with exactly an environ and startResponse');
    }
    const warn = (message: string): void => warnOnce(message, environ);
    checkEnviron(environ, warn);
    guardStreams(environ);
    const answer = new AnswerLint(environ, warn);
    const returned = app(environ, answer.guard(startResponse));
    const check = (body: WsgiBody): WsgiBody => answer.checkBody(body);
    return isThenable(returned) ? Promise.resolve(returned).then(check) : check(returned);
  };
}

function complain(message: string, environ: Environ): void {
  environ['wsgi.errors'].write(`lint: ${message}\n`);
}

function onlyOnce(warn: (message: string, environ: Environ) => void): typeof warn {
  const said = new Set<string>();
  return (message, environ) => {
    if (said.has(message)) return;
    said.add(message);
    warn(message, environ);
  };
}
