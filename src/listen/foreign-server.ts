// Servers that are not ours: a [server:*] section whose factory is the user's. Called by serve.ts.
// Such a server binds and serves by itself; all that is asked of it is to stop when we do.
import { type Builder, type Built, serverSpec } from '../build/builder.js';
import type { ServerSpec, Target } from '../config/deployment.js';
import { toError, WsgiServeError } from '../errors.js';
import type { App, ServeApp } from '../gateway/app.js';
import { isThenable } from '../gateway/body.js';
import { toWsgi } from '../gateway/bridges.js';
import type { Place } from '../source.js';

/** The names under which deployment files know servers that the built-in one stands in for. */
const BUILT_IN: ReadonlySet<string> = new Set([
  'paste#http',
  'waitress#main',
  'gunicorn#main',
  'pastescript#cherrypy',
  'pastescript#wsgiutils',
]);

/** Whether our own server serves a section: where `use` is left out, and for the servers it stands in for. */
export function isBuiltInServer(target: Target | null): boolean {
  if (target === null) return true;
  return target.kind === 'egg' && BUILT_IN.has(`${target.distribution.toLowerCase()}#${target.entry}`);
}

/** A server of the user's that was started. */
export class ForeignServer {
  readonly name: string;
  readonly #built: Built<ServeApp>;
  #running: unknown;

  private constructor(name: string, built: Built<ServeApp>) {
    this.name = name;
    this.#built = built;
  }

  /**
   * Makes the server and hands it its app. A serve function that throws, or whose promise is rejected, is told to
   * `onError`: later failures must not end the other servers.
   */
  static async start(
    server: ServerSpec & { readonly target: Target },
    app: App,
    builder: Builder,
    place: Place,
    onError: (error: WsgiServeError) => void,
  ): Promise<ForeignServer> {
    const built = await builder.buildServer(serverSpec(server, server.target));
    const foreign = new ForeignServer(server.name, built);
    const failed = (thrown: unknown) => {
      const cause = toError(thrown);
      return new WsgiServeError('server-failed', `[${server.section}] fails: ${cause.message}`, {
        place,
        cause,
      });
    };
    try {
      foreign.#running = built.value(toWsgi(app));
    } catch (thrown) {
      await built.close();
      throw failed(thrown);
    }
    if (isThenable(foreign.#running)) foreign.#running.then(undefined, (thrown) => onError(failed(thrown)));
    return foreign;
  }

  /** Calls `close()` of what the serve function gave back, where it has one. Never waits for a server that has none. */
  async stop(): Promise<void> {
    if (hasClose(this.#running)) await this.#running.close();
    await this.#built.close();
  }
}

function hasClose(value: unknown): value is { close(): unknown } {
  return typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function';
}
