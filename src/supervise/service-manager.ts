// Tells the service manager, systemd, how the program is: sd_notify(3). Made by whoever supervises; where nobody listens
// it does nothing. Never blocks or fails the server.
import { spawn } from 'node:child_process';

/** How the program is. Behind `reloading` there must come a `ready`, also where the reload failed. */
export type ServiceState =
  /** `status` is one line for people, as `systemctl status` shows it. */
  | { readonly kind: 'ready'; readonly status: string }
  | { readonly kind: 'reloading' }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'status'; readonly status: string };

/** Sends one notification; resolves to why it could not, or null. Never rejects. */
export type SendNotification = (
  assignments: readonly string[],
  env: NodeJS.ProcessEnv,
) => Promise<string | null>;

/** What stands around it; each has a default. */
export interface ServiceManagerOptions {
  /** NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are taken out of it: no child is to speak for the server. */
  readonly env?: NodeJS.ProcessEnv;
  readonly pid?: number;
  readonly send?: SendNotification;
  /** Told once why notifications do not arrive. */
  readonly warn?: (message: string) => void;
}

export class ServiceManager {
  /** Milliseconds between signs of life: half of what systemd waits for one. Null where it waits for none. */
  readonly watchdogInterval: number | null;
  readonly #env: NodeJS.ProcessEnv | null;
  readonly #pid: number;
  readonly #send: SendNotification;
  readonly #warn: (message: string) => void;
  /** What was taken out of the environment, for a supervisor that takes over. */
  readonly environment: NodeJS.ProcessEnv;
  /** They go out one after the other: the last one told is what systemd believes. */
  #last: Promise<void> = Promise.resolve();
  #isWarned = false;

  constructor(options: ServiceManagerOptions = {}) {
    const { env = process.env, pid = process.pid, send = runSystemdNotify, warn = () => undefined } = options;
    const { NOTIFY_SOCKET, WATCHDOG_USEC = '', WATCHDOG_PID = String(pid) } = env;
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
    [this.#pid, this.#send, this.#warn] = [pid, send, warn];
    this.environment = NOTIFY_SOCKET ? { NOTIFY_SOCKET, ...(WATCHDOG_USEC && { WATCHDOG_USEC }) } : {};
    this.#env = NOTIFY_SOCKET ? { PATH: env['PATH'], NOTIFY_SOCKET } : null;
    const isWatched = this.#env !== null && WATCHDOG_PID === String(pid) && /^[1-9]\d*$/.test(WATCHDOG_USEC);
    this.watchdogInterval = isWatched ? Math.max(1, Math.floor(Number(WATCHDOG_USEC) / 2_000)) : null;
  }

  /** Resolves when systemd was told, or cannot be. */
  notify(state: ServiceState): Promise<void> {
    return this.#tell(assignmentsOf(state, this.#pid));
  }

  /** Gives signs of life for as long as `isWell` holds; without them systemd ends the server. The result stops it. */
  watch(isWell: () => boolean): () => void {
    if (this.watchdogInterval === null) return () => undefined;
    let isTelling = false;
    const timer = setInterval(() => {
      if (isTelling || !isWell()) return;
      isTelling = true;
      void this.#tell(['WATCHDOG=1']).then(() => {
        isTelling = false;
      });
    }, this.watchdogInterval);
    timer.unref();
    return () => clearInterval(timer);
  }

  #tell(assignments: readonly string[]): Promise<void> {
    const env = this.#env;
    if (env === null) return Promise.resolve();
    this.#last = this.#last.then(async () => {
      const problem = await this.#send(assignments, env);
      if (problem === null || this.#isWarned) return;
      this.#isWarned = true;
      this.#warn(`systemd cannot be told how the server is: ${problem}`);
    });
    return this.#last;
  }
}

function assignmentsOf(state: ServiceState, pid: number): readonly string[] {
  switch (state.kind) {
    case 'ready':
      return ['READY=1', `MAINPID=${pid}`, statusLine(state.status)];
    case 'reloading':
      // CLOCK_MONOTONIC, which is node's clock as well.
      return ['RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`];
    case 'stopping':
      return ['STOPPING=1'];
    case 'status':
      return [statusLine(state.status)];
  }
}

/** A line break would begin another assignment. */
function statusLine(status: string): string {
  return `STATUS=${status.replace(/\s+/g, ' ')}`;
}

/** Milliseconds. systemd-notify(1) waits until systemd has read what it sent. */
const SEND_LIMIT = 5_000;

/** Node has no datagrams on unix sockets. The unit needs NotifyAccess=all: it is another process that speaks. */
function runSystemdNotify(assignments: readonly string[], env: NodeJS.ProcessEnv): Promise<string | null> {
  return new Promise((done) => {
    // Not the timeout of spawn, which holds a program up that has no systemd-notify.
    const signal = AbortSignal.timeout(SEND_LIMIT);
    const child = spawn('systemd-notify', assignments, { env, stdio: 'ignore', signal });
    child.once('error', ({ message }) => done(message));
    child.once('exit', (code, signal) =>
      done(code === 0 ? null : `systemd-notify ended by ${signal ?? code}`),
    );
  });
}
