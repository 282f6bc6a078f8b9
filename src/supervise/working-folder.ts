// Where a new process starts. Asked by whoever starts one for a supervisor that may have run for months: the folder that
// it was started in may be gone by then, as old releases are, and no process starts in a folder that is gone.
import { existsSync } from 'node:fs';
import { dirname, parse } from 'node:path';

/**
 * Our own folder by its name: one that was made anew is the one to start in. Where there is none any more it is that of
 * the deployment file, which is absolute, or the topmost one.
 */
export function workingFolder(file: string, own = process.cwd()): string {
  return [own, dirname(file)].find((folder) => existsSync(folder)) ?? parse(file).root;
}
