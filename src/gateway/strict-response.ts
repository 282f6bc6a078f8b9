// What node:http leaves to the author of an app, made safe: called by node-run.ts for each response that an app gets.
// An app answers from events too, where nobody catches what node:http throws: it would end the process.
import type { ServerResponse } from 'node:http';
import { toError } from '../errors.js';

/**
 * Holds `res` to the length that its head promises: another one would be taken for the beginning of the next answer.
 * `onFailure` gets that, and what is written behind the end; `res.write` and `res.end` do not throw it. Once for each
 * response, however often it is called.
 */
export function holdToItsWord(res: ServerResponse, onFailure: (error: Error) => void): void {
  if (res.strictContentLength) return;
  res.strictContentLength = true;
  res.on('error', onFailure);
  for (const name of ['write', 'end'] as const) {
    const send = res[name];
    const sendOrFail = (...args: unknown[]): unknown => {
      try {
        return Reflect.apply(send, res, args);
      } catch (thrown) {
        if (!isMismatch(thrown)) throw thrown;
        onFailure(toError(thrown));
        return name === 'end' ? res : false;
      }
    };
    Object.assign(res, { [name]: sendOrFail });
  }
}

function isMismatch(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_HTTP_CONTENT_LENGTH_MISMATCH';
}
