// Servers that are not ours: a [server:*] section whose factory is the user's. Called by serve.ts.
// Such a server binds and serves by itself; all that is asked of it is to stop when we do.
import { type Builder, type Built, serverSpec } from '../build/builder.js';
import { Closers } from '../build/closers.js';
import { DEFAULT_LIMIT } from '../build/time-limit.js';
import type { ServerSpec, Target } from '../config/deployment.js';
import { severalProblems, toError, WsgiServeError } from '../errors.js';
import type { App, ServeApp } from '../gateway/app.js';
import { isThenable } from '../gateway/body.js';
import { toWsgi } from '../gateway/bridges.js';
import type { Place } from '../source.js';
import { isServerEgg } from './server-eggs.js';

/** Whether our own server serves a section: where `use` is left out, and for the servers it stands in for. */
export function isBuiltInServer(target: Target | null): boolean {
  if (target === null) return true;
  return target.kind === 'egg' && isServerEgg(target.distribution, target.entry);
}

/** A server of the user's that was started. */
export class ForeignServer {
  readonly name: string;
  readonly #built: Built<ServeApp>;
  readonly #closers = new Closers(DEFAULT_LIMIT);

  private constructor(name: string, built: Built<ServeApp>) {
    this.name = name;
    this.#built = built;
  }

  /**
   * Makes the server and hands it its app. Rejects with `server-failed` where the serve function throws; where its
   * promise is rejected, `onError` is told: a later failure must not end the other servers.
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
    const label = `[${server.section}]`;
    const failed = (thrown: unknown): WsgiServeError => {
      const cause = toError(thrown);
      return new WsgiServeError('server-failed', `${label} fails: ${cause.message}`, { place, cause });
    };
    // What serves may be at hand only when it listens.
    const keep = (running: unknown): void => foreign.#closers.collect(running, { label, place });
    try {
      const running: unknown = built.value(toWsgi(app));
      if (isThenable(running)) running.then(keep, (thrown: unknown) => onError(failed(thrown)));
      else keep(running);
    } catch (thrown) {
      await built.close();
      throw failed(thrown);
    }
    return foreign;
  }

  /**
   * Calls `close()` of what the serve function gave back, where it has one, and then that of the server itself. Rejects
   * with every `close-failed`. Never waits for a server that has none.
   */
  async stop(): Promise<void> {
    const problems = [...(await this.#closers.problems()), ...(await problemsOf(this.#built))];
    const [first, ...others] = problems;
    if (first !== undefined) throw severalProblems([first, ...others]);
  }
}

async function problemsOf(built: Built<ServeApp>): Promise<readonly WsgiServeError[]> {
  try {
    await built.close();
    return [];
  } catch (error) {
    if (error instanceof WsgiServeError) return error.problems;
    throw error;
  }
}
