// The calls of user factories and filters. Called by make.ts; whatever goes wrong in one becomes a `factory-failed` here.
import { toError, WsgiServeError } from '../errors.js';
import type { Place } from '../source.js';
import type { Subject } from './subject.js';
import { formatLimit, type TimeLimit, within } from './time-limit.js';

/**
 * Makes a call of the user's and awaits what it gives; `what` names the function called. Rejects with `factory-failed`
 * where it throws, rejects, or takes longer than the limit; problems of other sections, which a composite loads, pass
 * through as they are, and what a built-in factory says of its settings gets the place of its section.
 */
export async function callFactory<T>(
  { label, place }: Subject,
  what: string,
  call: () => T,
  limit: TimeLimit,
): Promise<Awaited<T>> {
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
    if (thrown instanceof WsgiServeError) throw thrown.place === null ? placed(thrown, label, place) : thrown;
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

function placed(error: WsgiServeError, label: string, place: Place): WsgiServeError {
  if (error.problems.length > 1) return error;
  const { code, message, hint, cause } = error;
  return new WsgiServeError(code, `${label}: ${message}`, { place, hint, cause });
}
