// Whether a process id is that of a server of ours. Asked before a pid file or a control socket is taken for stale.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { hasCode } from '../listen/listen-error.js';
import { whoListens } from './control-client.js';

/** Whether there is such a process, whoever it belongs to. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

/**
 * Whether `pid` is alive and the server that wrote it: the control socket answers with it, or, where the system tells, its
 * command line is ours, and it is older than the file. After a crash the number may belong to another program, and after
 * a restart of the machine to a server of another deployment.
 */
export async function isRunningServer(
  pid: number,
  writtenAt: number,
  controlSocket: string,
  proc = '/proc',
): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const listener = await whoListens(controlSocket);
  if (listener?.pid === pid) return true;
  if (!isOurCommand(commandLine(`${proc}/${pid}/cmdline`))) return false;
  // One that listens there and does not say who it is may be hanging.
  return listener !== null || !beganAfter(pid, writtenAt, proc);
}

/** The words of a process's command line; none where that is not known. */
function commandLine(path: string): readonly string[] {
  try {
    return readFileSync(path, 'latin1').split('\0');
  } catch {
    return [];
  }
}

/** `node ... wsgi-serve.js FILE`, or by the link to it that npm makes. */
function isOurCommand([program = '', ...rest]: readonly string[]): boolean {
  if (/^wsgi-serve\b/.test(basename(program))) return true;
  return (
    /^node/.test(basename(program)) && rest.some((word) => /^wsgi-serve(\.[cm]?js)?$/.test(basename(word)))
  );
}

/** Some file systems round times down by so much, in milliseconds. */
const COARSEST_TIME = 2000;

/** As proc(5) counts the time at which a process began: 100 a second, wherever Node runs. */
const TICK = 10;

/** Whether a process began later than `time`; false where the system does not tell. */
function beganAfter(pid: number, time: number, proc: string): boolean {
  const [its, own] = [beginOf(pid, proc), beginOf(process.pid, proc)];
  // Both count from the same moment, which is not known here; when this process began is.
  return its !== null && own !== null && performance.timeOrigin + (its - own) * TICK > time + COARSEST_TIME;
}

/** The 22nd value of /proc/PID/stat, in ticks. The second, the name in brackets, may itself have blanks and brackets. */
function beginOf(pid: number, proc: string): number | null {
  try {
    const values = readFileSync(`${proc}/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return Number(values[19] ?? Number.NaN) || null;
  } catch {
    return null;
  }
}
