// Errors as people read them, on standard error. Called by main.ts alone; it ends nothing, it only returns the exit code.
import { failureOf } from '../supervise/failure.js';

/** Prints whatever ended a command and says with which exit code the program ends. */
export function reportError(thrown: unknown, write: (text: string) => void, cwd: string): number {
  const { text, exitCode } = failureOf(thrown, cwd);
  write(`${text}\n`);
  return exitCode;
}
