// `wsgi-serve serve FILE start|stop|restart|status`, as paster has it: a server in the background and its pid file.
// Called by main.ts.
import { controlFlagsOf, type Print, restartCommand, statusCommand, stopCommand } from './control.js';
import { type ServeFlags, serveCommand } from './serve.js';
import type { ServeAction } from './serve-action-name.js';

/** Resolves to the exit code. */
export async function serveActionCommand(
  action: ServeAction,
  file: string,
  variables: readonly string[],
  flags: ServeFlags,
  print: Print,
): Promise<number> {
  const control = controlFlagsOf(flags.pidFile);
  switch (action) {
    case 'start':
      return serveCommand(file, variables, { ...flags, daemon: true });
    case 'stop':
      return stopCommand(file, control, print);
    case 'restart':
      return restartCommand(file, control, print);
    case 'status':
      return statusCommand(file, control, print);
  }
}
