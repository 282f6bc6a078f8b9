// `wsgi-serve FILE` with workers or in development: a supervisor, and everything by which something can be asked of it.
// Called by serve.ts; resolves to an exit code, and ends nothing by itself.
import { toError, WsgiServeError } from '../errors.js';
import type { BoundSockets } from '../supervise/bound-sockets.js';
import { type ControlServer, openControlServer } from '../supervise/control-server.js';
import type { Predecessor } from '../supervise/hand-over.js';
import type { Failure, WantedSocket } from '../supervise/messages.js';
import { type PidFile, writePidFile } from '../supervise/pid-file.js';
import { rootWarning } from '../supervise/privileges.js';
import { isRunningServer } from '../supervise/running-server.js';
import { controlSocketPath, type Whereabouts } from '../supervise/runtime-paths.js';
import {
  assignSockets,
  type InheritedSocket,
  straySocketError,
  takeInheritedSockets,
} from '../supervise/systemd.js';
import { Running, type Supervision } from './running.js';
import { onSignals } from './signals.js';

/** Who is told of the start, each once. */
export interface StartListener {
  ready(): Promise<void>;
  failed(failure: Failure): Promise<void>;
}

/** Resolves once everything has stopped. Rejects where nothing was begun yet: a pid file, a control socket. */
export async function supervise(
  options: Omit<Supervision, 'release' | 'formerGone'>,
  starter: StartListener | null,
  predecessor: Predecessor | null,
): Promise<number> {
  const { order, program, pidFile, log, privileges } = options;
  if (program.umask !== null) process.umask(program.umask);
  const warning = rootWarning(privileges);
  if (warning !== null) log.warn({}, warning);
  const claim = new Claim({ file: order.file, pidFile });
  const taken = takeInheritedSockets();
  const running = new Running({
    ...options,
    inherited: (wanted, sockets) =>
      predecessor === null ? adoptAll(taken, wanted, sockets) : inherit(predecessor, sockets),
    release: () => claim.letGo(),
    formerGone: predecessor?.gone ?? Promise.resolve(),
  });
  // Where a supervisor hands over to us, it has both until we serve.
  if (predecessor === null) await claim.take(running);
  const stopListening = onSignals(running, log);
  const failure = await running.start();
  if (failure === null) await serves(running, claim, starter, predecessor);
  const code = await running.untilStopped(failure?.exitCode ?? null);
  stopListening();
  claim.letGo();
  await claim.gone;
  // Not before: who hears of it may try again at once.
  if (failure !== null) await Promise.all([starter?.failed(failure), predecessor?.failed(failure)]);
  return code;
}

async function serves(
  running: Running,
  claim: Claim,
  starter: StartListener | null,
  predecessor: Predecessor | null,
): Promise<void> {
  predecessor?.onConnection((server, socket) => running.take(server, socket));
  await predecessor?.serves();
  if (predecessor !== null) await claim.take(running);
  await starter?.ready();
}

async function inherit(predecessor: Predecessor, sockets: BoundSockets): Promise<void> {
  for (const { key, bound } of await predecessor.sockets()) sockets.adopt(key, bound);
}

/** Those of systemd, each for the server of its name. Rejects with `stray-socket` and `listen-failed`. */
async function adoptAll(
  taken: readonly InheritedSocket[],
  wanted: readonly WantedSocket[],
  sockets: BoundSockets,
): Promise<void> {
  const servers = wanted.map(({ server }) => server);
  const { descriptors, strays } = assignSockets(taken, servers);
  const problem = straySocketError(strays, servers);
  if (problem !== null) throw problem;
  for (const socket of wanted) {
    const fd = descriptors.get(socket.server);
    if (fd === undefined) continue;
    await sockets.adoptDescriptor(fd, socket).catch((error: unknown) => {
      const what = `descriptor ${fd}, which systemd hands in for [server:${socket.server}]`;
      const message = `${what}, cannot be listened on: ${toError(error).message}`;
      throw new WsgiServeError('listen-failed', message, { cause: error });
    });
  }
}

/** What makes this the server of its deployment file: its pid file, where it has one, and its control socket. */
class Claim {
  readonly #where: Whereabouts;
  #pidFile: PidFile | null = null;
  #control: ControlServer | null = null;
  /** Resolves when those are answered who asked before it was let go. */
  gone: Promise<void> = Promise.resolve();

  constructor(where: Whereabouts) {
    this.#where = where;
  }

  /** Rejects with `already-running` where another server has one of them. */
  async take({ handlers }: Running): Promise<void> {
    const { pidFile: path } = this.#where;
    const socketPath = controlSocketPath(this.#where);
    if (path !== null) {
      this.#pidFile = await writePidFile(path, (pid, at) => isRunningServer(pid, at, socketPath));
    }
    try {
      this.#control = await openControlServer(socketPath, handlers);
    } catch (error) {
      this.letGo();
      throw error;
    }
  }

  /** At once somebody else can take both. */
  letGo(): void {
    this.#pidFile?.remove();
    this.#pidFile = null;
    if (this.#control !== null) this.gone = this.#control.close();
    this.#control = null;
  }
}
