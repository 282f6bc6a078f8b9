import { describe, expect, it } from '@jest/globals';
import { describeDeath } from '../../src/supervise/describe-death.js';

describe('a death', () => {
  it.each([
    [{ code: 1, signal: null }, 'exited with code 1'],
    [{ code: 0, signal: null }, 'exited with code 0 (process.exit() in the app?)'],
    [{ code: 134, signal: null }, 'exited with code 134 (heap limit reached?)'],
    [{ code: 137, signal: null }, 'exited with code 137 (out of memory?)'],
    [{ code: null, signal: 'SIGKILL' }, 'was killed by SIGKILL (out of memory?)'],
    [{ code: null, signal: 'SIGABRT' }, 'was killed by SIGABRT (heap limit reached?)'],
    [{ code: null, signal: 'SIGSEGV' }, 'was killed by SIGSEGV (a crash in native code?)'],
    [{ code: null, signal: 'SIGTERM' }, 'was killed by SIGTERM'],
    [{ code: null, signal: null }, 'could not be started'],
    [{ code: null, signal: null, error: 'spawn EAGAIN' }, 'could not be started: spawn EAGAIN'],
  ] as const)('that ends with %j is told as "%s"', (exit, text) => {
    expect(describeDeath(exit)).toBe(text);
  });

  it('that the supervisor caused is not guessed about', () => {
    const text = describeDeath({ code: null, signal: 'SIGABRT' }, 30_400);
    expect(text).toBe('gave no sign of life for 30 s and was killed');
  });
});
