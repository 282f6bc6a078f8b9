// What node:http leaves to the author of an app, made safe: called by node-run.ts for each response that an app gets.
// An app answers from events too, where nobody catches what is thrown: it would end the process.
import { ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http';
import { toError } from '../errors.js';
import { checkFraming } from './node-framing.js';

/** The writeHead that `res` was given here, for those who ask whether somebody put another in its place. */
const HELD = Symbol('held');

interface HeldResponse extends ServerResponse {
  [HELD]?: ServerResponse['writeHead'];
}

/**
 * Holds `res` to what checkFraming asks of its head, and to the length that its head promises: another one would be taken
 * for the beginning of the next answer. `onFailure` is told of what breaks that, and of what is written behind the end,
 * the first of them; `res.writeHead`, `res.write` and `res.end` do not throw it. Does nothing where `res` is held already.
 */
export function holdToItsWord(res: HeldResponse, onFailure: (error: Error) => void): void {
  if (res.strictContentLength) return;
  res.strictContentLength = true;
  let hasFailed = false;
  const fail = (error: Error): void => {
    if (hasFailed) return;
    hasFailed = true;
    onFailure(error);
  };
  res.on('error', fail);
  let isSending = false;
  const attempt = <T>(send: () => T, otherwise: T): T => {
    // What is sent makes its own head: it must not go on behind one that failed.
    if (isSending) return send();
    isSending = true;
    try {
      return send();
    } catch (thrown) {
      if (!isBreach(thrown)) throw thrown;
      isSending = false;
      fail(toError(thrown));
      return otherwise;
    } finally {
      isSending = false;
    }
  };
  const { writeHead, write, end } = res;
  const checkedHead = (args: readonly unknown[]) => {
    if (!res.headersSent) checkFraming(res, args);
    return Reflect.apply(writeHead, res, args);
  };
  const send = (method: typeof write | typeof end, args: readonly unknown[]) => {
    // node:http compares with what the head says only where there is one by then.
    if (!res.headersSent && res.hasHeader('Content-Length')) res.writeHead(res.statusCode);
    return Reflect.apply(method, res, args);
  };
  res.writeHead = (...args: unknown[]) => attempt(() => checkedHead(args), res);
  res.write = (...args: unknown[]) => attempt(() => send(write, args), false);
  res.end = (...args: unknown[]) => attempt(() => send(end, args), res);
  res.writeEarlyHints = writeCheckedHints;
  res[HELD] = res.writeHead;
}

/** Whether `res` makes its head as node:http does, held to its word or not: nobody put another writeHead in place. */
export function hasOwnWriteHead(res: HeldResponse): boolean {
  return res.writeHead === ServerResponse.prototype.writeHead || res.writeHead === res[HELD];
}

/** Before Node 24 what is said ahead may hold line ends. */
function writeCheckedHints(
  this: ServerResponse,
  ...args: Parameters<ServerResponse['writeEarlyHints']>
): void {
  for (const [name, value] of Object.entries(args[0])) {
    validateHeaderName(name);
    for (const one of [value].flat()) validateHeaderValue(name, one);
  }
  Reflect.apply(ServerResponse.prototype.writeEarlyHints, this, args);
}

function isBreach(thrown: unknown): boolean {
  if (!(thrown instanceof Error && 'code' in thrown)) return false;
  return thrown.code === 'ERR_HTTP_CONTENT_LENGTH_MISMATCH' || thrown.code === 'contract';
}
