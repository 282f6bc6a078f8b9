// Which running server a command is meant for. Called by control.ts; looks, and changes nothing.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readDeployment } from '../config/read-deployment.js';
import { WsgiServeError } from '../errors.js';
import { parseProgramOptions } from '../listen/program-options.js';
import { sendCommand } from '../supervise/control-client.js';
import { controlSocketFolders, controlSocketPaths } from '../supervise/runtime-paths.js';
import { parseFile } from './arguments.js';

/** Where a server in the background leaves its pid where nothing else is said, in the folder it is started in. */
export const DEFAULT_PID_FILE = 'wsgi-serve.pid';

/**
 * The paths at which the control socket may be: of the server with this pid file, of the server of this deployment file,
 * or, without either, of the one in the background that was started here, or else the only one that runs. Rejects with
 * `not-running`, and with `usage` where there are several.
 */
export async function findControlSockets(
  word: string | undefined,
  pidFile: string | undefined,
): Promise<readonly string[]> {
  const file = word === undefined ? '' : resolve(parseFile(word).file);
  if (pidFile !== undefined) return controlSocketPaths({ file, pidFile: resolve(pidFile) });
  if (word !== undefined) {
    return [
      ...controlSocketPaths({ file, pidFile: pidFileOf(file) }),
      // A server in the background that was started here.
      ...controlSocketPaths({ file, pidFile: resolve(DEFAULT_PID_FILE) }),
    ];
  }
  if (existsSync(DEFAULT_PID_FILE)) return controlSocketPaths({ file, pidFile: resolve(DEFAULT_PID_FILE) });
  return [await onlyServer()];
}

/** As the deployment file has it; a file that cannot be read any more has a server all the same. */
function pidFileOf(file: string): string | null {
  try {
    const { deployment, resolver } = readDeployment(file);
    const { pid_file: pidFile } = parseProgramOptions(deployment.program, resolver);
    return pidFile === null ? null : resolve(dirname(file), pidFile);
  } catch {
    return null;
  }
}

async function onlyServer(): Promise<string> {
  const running: { readonly path: string; readonly file: string }[] = [];
  for (const path of socketFiles()) {
    const answer = await sendCommand([path], { kind: 'status', wait: false }).catch(() => null);
    if (answer?.ok) running.push({ path, file: answer.result.file });
  }
  const [only, ...others] = running;
  if (only === undefined) {
    throw new WsgiServeError('not-running', 'no server runs that could be asked', {
      hint: 'Name its deployment file, or its pid file with --pid-file',
    });
  }
  if (others.length === 0) return only.path;
  throw new WsgiServeError('usage', 'several servers run: which one is meant?', {
    hint: `Name the deployment file: ${running.map(({ file }) => file).join(', ')}`,
  });
}

function socketFiles(): readonly string[] {
  return controlSocketFolders().flatMap((folder) => {
    try {
      return readdirSync(folder)
        .filter((name) => name.endsWith('.sock'))
        .map((name) => join(folder, name));
    } catch {
      return [];
    }
  });
}
