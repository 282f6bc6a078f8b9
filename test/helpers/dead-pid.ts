// A process id that nobody has.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A process that is no more. */
export async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid ?? 0;
}
