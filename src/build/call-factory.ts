// The calls of user factories and filters. Called by make.ts; whatever goes wrong in one becomes a `factory-failed` here.
import { severalProblems, toError, WsgiServeError } from '../errors.js';
import type { Subject } from './subject.js';
import { formatLimit, type TimeLimit, within } from './time-limit.js';

/**
 * Makes a call of the user's and awaits what it gives; `what` names the function called. Rejects with `factory-failed`
 * where it throws, rejects, or takes longer than the limit; problems of other sections, which a composite loads, pass
 * through as they are, and what a built-in factory says of its settings gets the place of its section.
 */
export async function callFactory<T>(
  subject: Subject,
  what: string,
  call: () => T,
  limit: TimeLimit,
): Promise<Awaited<T>> {
  const { label, place } = subject;
  const late = () => {
    const message = `${label}: ${what} is not done after ${formatLimit(limit)}`;
    return new WsgiServeError('factory-failed', message, {
      place,
      hint: 'It may wait for something that never comes; start_timeout in [wsgi-serve] sets how long it may take, boot_timeout how long everything may',
    });
  };
  try {
    return await within(limit, call, late);
  } catch (thrown) {
    if (limit.signal?.aborted) throw thrown;
    if (thrown instanceof WsgiServeError) throw placed(thrown, subject);
    const cause = toError(thrown);
    const message = `${label}: ${what} fails: ${cause.name}: ${cause.message}`;
    throw new WsgiServeError('factory-failed', message, { place, cause, hint: hintFor(cause) });
  }
}

/** What an app says that was called as a factory: it got a record of settings where `startResponse` should be. */
function hintFor(cause: Error): string | null {
  if (!/\bstart_?response\b/i.test(cause.message)) return null;
  return 'An export that is the app itself is named with paste.app';
}

/** Every problem in it with a place: a built-in factory knows the keys of its section, and not where they stand. */
function placed(error: WsgiServeError, subject: Subject): WsgiServeError {
  const [first = error, ...others] = error.problems.map((problem) =>
    problem.place === null ? placedOne(problem, subject) : problem,
  );
  return severalProblems([first, ...others]);
}

function placedOne(error: WsgiServeError, { label, place, keyPlace }: Subject): WsgiServeError {
  const { code, message, hint, cause, key } = error;
  const at = key === null ? null : keyPlace?.(key);
  return new WsgiServeError(code, `${label}: ${message}`, { place: at ?? place, hint, cause });
}
