// A listener over a real front, without a deployment file around it. It does not listen yet.
import type { App } from '../../src/gateway/app.js';
import { errorStream } from '../../src/gateway/error-stream.js';
import { type ConnectionLimits, DEFAULT_LIMITS } from '../../src/listen/front/connection-limits.js';
import { createFront } from '../../src/listen/front/front.js';
import { NO_PROXIES } from '../../src/listen/front/trusted-proxy.js';
import { Listener, type ListenerOptions } from '../../src/listen/listener.js';
import { placeAt } from './origins.js';

/** What differs from a section that says no more than `port = 0`. */
export interface ListenerSettings extends Partial<ListenerOptions> {
  readonly limits?: Partial<ConnectionLimits>;
  readonly proxyProtocol?: boolean;
  /** Answered by the server itself. */
  readonly readyPath?: string;
}

export function listenerOf(
  app: App,
  { limits, proxyProtocol = false, readyPath, ...settings }: ListenerSettings = {},
): Listener {
  const readiness = { ready: true };
  const front = createFront(app, {
    ...{ proxies: NO_PROXIES, proxyProtocol, names: {}, accessLog: null },
    limits: { ...DEFAULT_LIMITS, ...limits },
    gateway: { errors: errorStream(() => undefined), onError: () => undefined },
    readiness: readyPath === undefined ? null : { path: readyPath, isReady: () => readiness.ready },
  });
  return new Listener(front, {
    name: 'main',
    address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    place: placeAt('/srv/site.ini'),
    ...{ backlog: 511, gracefulTimeout: 30_000, canGive: !proxyProtocol, readiness },
    ...settings,
  });
}
