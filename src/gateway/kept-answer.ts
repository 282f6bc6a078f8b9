// The answer that an environ belongs to, for the node and fetch parts below WSGI filters, which get no more than an
// environ and a startResponse. Kept by wsgi.ts, asked for by deferred-body.ts and seen-request.ts.
import type { Answer } from './answer.js';
import type { Environ } from './wsgi-types.js';

/** A symbol: copies of an environ take it along, and no app comes across it. */
const ANSWER = Symbol('wsgi-serve.answer');

interface Keeper {
  [ANSWER]?: Answer;
}

export function keepAnswer(environ: Environ & Keeper, answer: Answer): void {
  environ[ANSWER] = answer;
}

/** Null for an environ that another server made. */
export function keptAnswer(environ: Environ & Keeper): Answer | null {
  return environ[ANSWER] ?? null;
}
