// What node:http leaves to the author of an app, made safe: called by node-run.ts for each response that an app gets.
// An app answers from events too, where nobody catches what node:http throws: it would end the process.
import type { ServerResponse } from 'node:http';
import { toError } from '../errors.js';

/**
 * Holds `res` to the length that its head promises: another one would be taken for the beginning of the next answer.
 * `onFailure` is told of that, and of what is written behind the end, the first of them; `res.write` and `res.end` do not
 * throw it. Does nothing where `res` is held already.
 */
export function holdToItsWord(res: ServerResponse, onFailure: (error: Error) => void): void {
  if (res.strictContentLength) return;
  res.strictContentLength = true;
  let hasFailed = false;
  const fail = (error: Error): void => {
    if (hasFailed) return;
    hasFailed = true;
    onFailure(error);
  };
  res.on('error', fail);
  const attempt = <T>(send: () => T, otherwise: T): T => {
    try {
      // node:http compares with what the head says only where there is one by then.
      if (!res.headersSent && res.hasHeader('Content-Length')) res.writeHead(res.statusCode);
      return send();
    } catch (thrown) {
      if (!isMismatch(thrown)) throw thrown;
      fail(toError(thrown));
      return otherwise;
    }
  };
  const { write, end } = res;
  res.write = (...args: unknown[]) => attempt(() => Reflect.apply(write, res, args), false);
  res.end = (...args: unknown[]) => attempt(() => Reflect.apply(end, res, args), res);
}

function isMismatch(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_HTTP_CONTENT_LENGTH_MISMATCH';
}
