// Serves what a build failed by, on the addresses of the deployment that cannot be built. Called by worker.ts in
// development, where that is asked for.
import { settingsOf } from '../config/settings-record.js';
import { createListener } from '../listen/create-listener.js';
import { listenAll } from '../listen/listen-all.js';
import { type ParsedOptions, parseOptions } from '../listen/parse-options.js';
import { Serving, type SocketSource } from '../listen/serve.js';
import type { Logger } from '../log.js';
import type { Origin, Place } from '../source.js';
import { failurePage } from './failure-page.js';
import type { LiveReload } from './live-reload.js';
import type { Failure, WantedSocket } from './messages.js';

/** Resolves when every server answers with the failure. */
export async function serveFailure(
  failure: Failure,
  wanted: readonly WantedSocket[],
  live: LiveReload | null,
  log: Logger,
  sockets: SocketSource,
): Promise<Serving> {
  const page = failurePage(failure);
  const app = live === null ? page : live.filter(page);
  const listeners = wanted.map((socket) => createListener(socket.server, optionsOf(socket), app, { log }));
  await listenAll(listeners, await sockets(listeners));
  return Serving.of(listeners);
}

/** Those of a section that says nothing, at the address that was wanted. */
function optionsOf({ server, address, backlog, gracefulTimeout }: WantedSocket): ParsedOptions {
  const section = `server:${server}`;
  const origin: Origin = { file: '<built in>', section, key: null, span: null };
  const place = (): Place => ({ origin, source: null });
  const parsed = parseOptions({ section, options: settingsOf([]), origin }, { place, keyPlace: place });
  return { ...parsed, address, options: { ...parsed.options, backlog, graceful_timeout: gracefulTimeout } };
}
