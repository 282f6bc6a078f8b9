// The sockets that systemd hands to a service, and which server each is for. Asked by whoever supervises, before anything
// is bound; where no service manager started the program there are none.
import { knownNamesHint, WsgiServeError } from '../errors.js';

/** A listening socket that the process was started with. */
export interface InheritedSocket {
  /** As FileDescriptorName= has it; systemd's own default is the name of the socket unit. */
  readonly name: string;
  readonly fd: number;
}

/** Which server each socket is for. */
export interface SocketAssignment {
  /** By the name of the server; the others have none, and bind their own. */
  readonly descriptors: ReadonlyMap<string, number>;
  /** Sockets that are for no server: whoever connects there would wait for ever. */
  readonly strays: readonly InheritedSocket[];
}

/** The first descriptor that systemd passes: sd_listen_fds(3). */
const FIRST_DESCRIPTOR = 3;

/**
 * The sockets of LISTEN_FDS, where LISTEN_PID says that they are for this process. The variables are taken away, so that
 * no child takes them for its own.
 */
export function takeInheritedSockets(
  env: NodeJS.ProcessEnv = process.env,
  pid = process.pid,
): readonly InheritedSocket[] {
  const { LISTEN_PID, LISTEN_FDS = '', LISTEN_FDNAMES = '' } = env;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  if (LISTEN_PID !== String(pid) || !/^\d{1,4}$/.test(LISTEN_FDS)) return [];
  const names = LISTEN_FDNAMES.split(':');
  return Array.from({ length: Number(LISTEN_FDS) }, (_, index) => ({
    name: names[index] ?? '',
    fd: FIRST_DESCRIPTOR + index,
  }));
}

/**
 * A socket is for the server of its name, or of its unit's name without `.socket`. Those without a name of their own are
 * for the servers that are left, in order.
 */
export function assignSockets(
  sockets: readonly InheritedSocket[],
  servers: readonly string[],
): SocketAssignment {
  const descriptors = new Map<string, number>();
  const give = (server: string | undefined, fd: number): boolean => {
    if (server === undefined || descriptors.has(server)) return false;
    descriptors.set(server, fd);
    return true;
  };
  const others = sockets.filter(({ name, fd }) => !give(serverOf(name, servers), fd));
  const left = servers.filter((server) => !descriptors.has(server));
  const strays = others.filter((socket) => !hasNoOwnName(socket) || !give(left.shift(), socket.fd));
  return { descriptors, strays };
}

/** `stray-socket` for sockets that are for no server; null where there are none. */
export function straySocketError(
  strays: readonly InheritedSocket[],
  servers: readonly string[],
): WsgiServeError | null {
  const [first] = strays;
  if (first === undefined) return null;
  const which = strays.map(({ name, fd }) => `"${name}" (descriptor ${fd})`).join(', ');
  const message = `systemd hands in sockets that are for no server: ${which}`;
  const known = knownNamesHint('Servers', first.name, servers);
  return new WsgiServeError('stray-socket', message, {
    hint: `${known}\nA server takes one socket; FileDescriptorName= of the socket unit says which server it is for`,
  });
}

function serverOf(name: string, servers: readonly string[]): string | undefined {
  return [name, name.replace(UNIT, '')].find((one) => servers.includes(one));
}

function hasNoOwnName({ name }: InheritedSocket): boolean {
  return name === '' || name === 'unknown' || UNIT.test(name);
}

const UNIT = /\.socket$/;
