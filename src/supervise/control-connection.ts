// One client of the control socket: its commands, one after another, and their answers. Called by control-server.ts for
// each connection. Whatever the client does ends its own connection at most.
import type { Socket } from 'node:net';
import { WsgiServeError } from '../errors.js';
import {
  type CommandOf,
  type ControlKind,
  type ControlResponse,
  type ControlResults,
  parseCommand,
  toLine,
} from './control-protocol.js';
import { failureOf } from './failure.js';
import type { Failure } from './messages.js';

/** What carries each kind of command out. A rejection is the answer: a CommandFailed as it is, all else as an error. */
export type ControlHandlers = {
  readonly [Kind in ControlKind]: (command: CommandOf<Kind>) => Promise<ControlResults[Kind]>;
};

/** How much a client may ask of a server. */
export interface ControlLimits {
  /** Characters of a command. */
  readonly line: number;
  /** Milliseconds until a command is complete, from the connection or the last answer on. */
  readonly idle: number;
}

export const CONTROL_LIMITS: ControlLimits = { line: 65_536, idle: 30_000 };

/** For a handler that has a failure in hand, such as that of a worker. */
export class CommandFailed extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/**
 * Answers every command until the client goes, or asks too much, or `closing` is aborted; a command under way is
 * answered all the same. Resolves when there is nothing more to do; never rejects.
 */
export async function serveClient(
  socket: Socket,
  handlers: ControlHandlers,
  limits: ControlLimits,
  closing: AbortSignal,
): Promise<void> {
  let idle: NodeJS.Timeout | undefined;
  let isBusy = false;
  const cut = (): void => void socket.destroy();
  const rest = (): void => {
    isBusy = false;
    if (!socket.destroyed) idle = setTimeout(cut, limits.idle);
  };
  const onClosing = (): void => {
    if (!isBusy) cut();
  };
  // A client that went away while it was written to; reading tells of it, too.
  socket.on('error', cut);
  socket.once('close', () => clearTimeout(idle));
  closing.addEventListener('abort', onClosing);
  rest();
  try {
    for await (const line of commandLines(socket, limits.line)) {
      clearTimeout(idle);
      isBusy = true;
      socket.write(toLine(await answer(line, handlers)));
      rest();
      if (closing.aborted) break;
    }
  } catch (error) {
    if (!socket.destroyed) socket.write(toLine({ ok: false, failure: failureOf(error, process.cwd()) }));
  }
  closing.removeEventListener('abort', onClosing);
  socket.end();
}

/** Throws `bad-command` for a line that is too long, and whatever ends the connection. */
async function* commandLines(socket: Socket, limit: number): AsyncGenerator<string> {
  let text = '';
  // The client may have said all that it has to say, and still read.
  for await (const chunk of socket.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    const lines = `${text}${chunk}`.split('\n');
    text = lines.pop() ?? '';
    if (text.length > limit)
      throw new WsgiServeError('bad-command', `a command has over ${limit} characters`);
    for (const line of lines) if (line.trim() !== '') yield line;
  }
  if (text.trim() !== '') yield text;
}

async function answer(line: string, handlers: ControlHandlers): Promise<ControlResponse> {
  try {
    return { ok: true, result: (await carryOut(handlers, parseCommand(line))) ?? null };
  } catch (error) {
    if (error instanceof CommandFailed) return { ok: false, failure: error.failure };
    return { ok: false, failure: failureOf(error, process.cwd()) };
  }
}

function carryOut<Kind extends ControlKind>(
  handlers: ControlHandlers,
  command: CommandOf<Kind>,
): Promise<ControlResults[Kind]> {
  return handlers[command.kind](command);
}
