// How a worker ended, in words for the log. Called by the supervisor at each death that it did not ask for.
import type { Exit } from './worker-process.js';

/**
 * Goes behind the worker's name: `worker 123 was killed by SIGKILL (out of memory?)`. `silence` is for a worker that the
 * supervisor killed itself: the milliseconds for which it had given no sign of life.
 */
export function describeDeath({ code, signal, error }: Exit, silence: number | null = null): string {
  if (silence !== null) return `gave no sign of life for ${Math.round(silence / 1000)} s and was killed`;
  if (signal !== null) return `was killed by ${signal}${guessFor(signal)}`;
  if (code === null) return error === undefined ? 'could not be started' : `could not be started: ${error}`;
  // A shell, or a wrapper of that kind, tells a signal by a code.
  return `exited with code ${code}${code === 0 ? CLEAN : guessFor(SIGNALS_BY_CODE[code] ?? '')}`;
}

const CLEAN = ' (process.exit() in the app?)';

const SIGNALS_BY_CODE: Readonly<Record<number, string>> = { 134: 'SIGABRT', 137: 'SIGKILL', 139: 'SIGSEGV' };

const NATIVE = 'a crash in native code?';

/** What is most often behind a signal that nobody of us sent. */
const GUESSES: Readonly<Record<string, string>> = {
  SIGKILL: 'out of memory?',
  SIGABRT: 'heap limit reached?',
  SIGSEGV: NATIVE,
  SIGBUS: NATIVE,
  SIGILL: NATIVE,
};

function guessFor(signal: string): string {
  const guess = GUESSES[signal];
  return guess === undefined ? '' : ` (${guess})`;
}
