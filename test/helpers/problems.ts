// The error of a failing call, for tests that look at more of it than its message.
import { WsgiServeError } from '../../src/errors.js';

/** The WsgiServeError that `act` throws or rejects with; fails where it does neither, or something else. */
export async function problemOf(act: () => unknown): Promise<WsgiServeError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof WsgiServeError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
