// Gives memory back that a reload has left behind. Called by supervisor.ts a moment after each attempt: a supervisor does
// so little that V8 would not look for years, and lets every reload cost some kilobytes until it does.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** When an attempt is over for good, in milliseconds. */
const LATER = 2000;

let isPending = false;

/** Once, however often it is called meanwhile. */
export function collectGarbageLater(): void {
  if (isPending) return;
  isPending = true;
  setTimeout(collect, LATER).unref();
}

/** The function is there for those who ask V8 for it; where it is not, nothing is lost but memory. */
function collect(): void {
  isPending = false;
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('globalThis.gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof gc === 'function') Reflect.apply(gc, undefined, []);
}
