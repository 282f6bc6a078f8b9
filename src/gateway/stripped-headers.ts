// What is said of a header that was left out of an answer instead of failing it. Called by answer.ts where headers are
// not taken strictly: once for each header and each listener, as an app sends the same ones in every answer.
import { WsgiServeError } from '../errors.js';

/** The names, in lower case, that a listener was told. There are as many as headers that belong to a connection. */
const told = new WeakMap<WeakKey, Set<string>>();

/** The warning for the header `name`; null where it was made for `listener` before. */
export function strippedHeader(name: string, listener: WeakKey): WsgiServeError | null {
  const names = told.get(listener) ?? new Set();
  const lower = name.toLowerCase();
  if (names.has(lower)) return null;
  told.set(listener, names.add(lower));
  const message = `the header ${name} of an app was left out: it belongs to the connection, which is the server's`;
  return new WsgiServeError('contract', message, { hint: 'Said once for each header' });
}
