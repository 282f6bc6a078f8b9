// What a worker asks of its supervisor before it can listen, and how the answer comes in. Used by worker.ts.
import type { ReadDeployment } from '../config/read-deployment.js';
import { WsgiServeError } from '../errors.js';
import { isSameAddress } from '../listen/address.js';
import { listenError } from '../listen/listen-error.js';
import type { Listener, ListenHandle } from '../listen/listener.js';
import { planServer } from '../listen/plan.js';
import type { WantedSocket } from './messages.js';

/** The listening sockets of several servers, which come one by one. */
export class AwaitedSockets {
  /** Resolves when every server has its own; rejects where one cannot have it. */
  readonly all: Promise<ReadonlyMap<string, ListenHandle>>;
  readonly #listeners: readonly Listener[];
  readonly #given = new Map<string, ListenHandle>();
  #resolve: (sockets: ReadonlyMap<string, ListenHandle>) => void = () => undefined;
  #reject: (error: WsgiServeError) => void = () => undefined;

  constructor(listeners: readonly Listener[]) {
    this.#listeners = listeners;
    this.all = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get wanted(): readonly WantedSocket[] {
    return this.#listeners.map(({ name, options }) => {
      const { address, backlog, gracefulTimeout } = options;
      return { server: name, address, backlog, gracefulTimeout };
    });
  }

  give(server: string, handle: ListenHandle): void {
    this.#given.set(server, handle);
    if (this.#listeners.every(({ name }) => this.#given.has(name))) this.#resolve(this.#given);
  }

  /** The error is made here, where the deployment file is known that it points into. */
  fail(server: string, code: string): void {
    const listener = this.#listeners.find(({ name }) => name === server);
    if (listener === undefined) return;
    // The supervisor binds what an earlier one wants, and then has none for this one.
    const rival = this.#listeners.find(({ options: { address } }) =>
      isSameAddress(address, listener.options.address),
    );
    const holder = rival === undefined || rival === listener ? null : rival.name;
    this.#reject(listenError(listener.options, Object.assign(new Error(code), { code }), holder));
  }
}

/** What a deployment would listen on that cannot be built; null where not even that is known. */
export function plannedSockets({ deployment, resolver }: ReadDeployment): readonly WantedSocket[] | null {
  try {
    return deployment.servers.flatMap((server) => {
      const plan = planServer(server, resolver);
      if (plan.kind !== 'built-in') return [];
      const { address, options } = plan.parsed;
      const { backlog, graceful_timeout: gracefulTimeout } = options;
      return [{ server: server.name, address, backlog, gracefulTimeout }];
    });
  } catch (error) {
    if (error instanceof WsgiServeError) return null;
    throw error;
  }
}

/** Throws `foreign-server`: a server of another make binds its own socket, which two processes cannot have at once. */
export function refuseForeign({ deployment, resolver }: ReadDeployment): void {
  const foreign = deployment.servers.find((server) => planServer(server, resolver).kind === 'foreign');
  if (foreign === undefined) return;
  throw new WsgiServeError(
    'foreign-server',
    `[${foreign.section}] is a server of another make, which no worker can share or take over`,
    {
      place: resolver.place(foreign.origin),
      hint: 'Serve it by itself: without workers and without --reload',
    },
  );
}
