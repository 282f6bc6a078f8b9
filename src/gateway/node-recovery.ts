// Error-handling middleware of Connect at work on one request. Made by cover.ts, called by whatever fails below it.
import type { ServerResponse } from 'node:http';
import { toError } from '../errors.js';
import type { Recovery } from './answer-options.js';
import { failNode, guard } from './node-run.js';
import type { NodeErrorFilter, NodeRequest } from './node-types.js';
import type { Run } from './run.js';

export class NodeRecovery implements Recovery {
  readonly #handle: NodeErrorFilter;
  readonly #req: NodeRequest;
  readonly #res: ServerResponse;
  /** What the handler itself stands in. */
  readonly #run: Run;
  /** Where the handler stands: mounts below it change what the request says of that. */
  readonly #url: string | undefined;
  readonly #baseUrl: string | undefined;
  #taken = false;

  constructor(handle: NodeErrorFilter, req: NodeRequest, res: ServerResponse, run: Run) {
    this.#handle = handle;
    this.#req = req;
    this.#res = res;
    this.#run = run;
    this.#url = req.url;
    this.#baseUrl = req.baseUrl;
  }

  get taken(): boolean {
    return this.#taken;
  }

  /** The first failure is the handler's, while there is something left to answer; a later one is only told. */
  take(thrown: unknown): void {
    const [req, res, run] = [this.#req, this.#res, this.#run];
    if (this.#taken) {
      this.#tell(thrown);
      return;
    }
    if (res.headersSent || run.exchange.closed) {
      failNode(thrown, res, run);
      return;
    }
    this.#taken = true;
    this.#standAgain();
    void guard(() => this.#handle(thrown, req, res, this.#handOn(thrown)), res, run);
  }

  /** The handler's `next`, of which only the first call counts. */
  #handOn(thrown: unknown): (error?: unknown) => void {
    let handedOn = false;
    return (error) => {
      if (handedOn) return;
      handedOn = true;
      failNode(error ?? thrown, this.#res, this.#run);
    };
  }

  #tell(thrown: unknown): void {
    const { options, exchange } = this.#run;
    try {
      options.onError(toError(thrown), exchange);
    } catch {
      // There is nobody left to tell.
    }
  }

  #standAgain(): void {
    const req = this.#req;
    if (this.#url !== undefined) req.url = this.#url;
    if (this.#baseUrl === undefined) delete req.baseUrl;
    else req.baseUrl = this.#baseUrl;
  }
}
