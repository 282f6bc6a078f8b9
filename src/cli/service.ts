// What a service manager gives a single process, and is told by it: sockets that are open already, readiness, signs of
// life. Called by serve.ts; loads nothing where no service manager started the program.
import type { SocketSource } from '../listen/serve.js';
import type { Logger } from '../log.js';

/** Sockets of systemd's, each for the server of its name; undefined where there are none. Rejects with `stray-socket`. */
export async function inheritedSockets(env = process.env): Promise<SocketSource | undefined> {
  if (env['LISTEN_FDS'] === undefined) return undefined;
  const { assignSockets, straySocketError, takeInheritedSockets } = await import('../supervise/systemd.js');
  const taken = takeInheritedSockets(env);
  return async (listeners) => {
    const servers = listeners.map(({ name }) => name);
    const { descriptors, strays } = assignSockets(taken, servers);
    const problem = straySocketError(strays, servers);
    if (problem !== null) throw problem;
    return new Map([...descriptors].map(([server, fd]) => [server, { fd }]));
  };
}

/** Says that the program serves; the result says that it stops. */
export async function tellService(status: string, log: Logger): Promise<() => Promise<void>> {
  if (process.env['NOTIFY_SOCKET'] === undefined) return () => Promise.resolve();
  const { ServiceManager } = await import('../supervise/service-manager.js');
  const service = new ServiceManager({ warn: (message) => log.warn({}, message) });
  void service.notify({ kind: 'ready', status });
  const stopWatchdog = service.watch(() => true);
  return () => {
    stopWatchdog();
    return service.notify({ kind: 'stopping' });
  };
}
