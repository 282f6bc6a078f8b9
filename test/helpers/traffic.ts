// Clients that ask a server over and over, and count what comes of it: nothing may be refused, reset or cut.
import { Agent, request } from 'node:http';

/** What came of all requests so far. */
export interface Tally {
  /** How often each body was answered with 200, in the order in which they were first seen. */
  readonly bodies: Map<string, number>;
  /** What else happened, each with how often: `ECONNRESET`, `503`. */
  readonly failures: Record<string, number>;
  /** Connections that were opened by those that keep theirs. */
  opened: number;
  /** Answers with a body that had been replaced by another one before the request was sent. */
  stale: number;
}

export interface TrafficOptions {
  /** A TCP port, or the path of a unix socket. */
  readonly to: number | string;
  /** Clients that keep their connection; default 4. */
  readonly keeping?: number;
  /** Clients that open one for each request; default 2. */
  readonly fresh?: number;
  /** Sent with POST; by default requests are GET. */
  readonly body?: Buffer;
}

/** A request that is not over by then counts as a failure, in milliseconds. */
const PATIENCE = 10_000;

export class Traffic {
  readonly tally: Tally = { bodies: new Map(), failures: {}, opened: 0, stale: 0 };
  readonly #options: TrafficOptions;
  readonly #clients: Promise<void>[] = [];
  /** The newest body, in terms of when it was first seen. */
  #newest = '';
  #isOver = false;

  constructor(options: TrafficOptions) {
    this.#options = options;
    const { keeping = 4, fresh = 2 } = options;
    for (let client = 0; client < keeping; client += 1) this.#clients.push(this.#ask(true));
    for (let client = 0; client < fresh; client += 1) this.#clients.push(this.#ask(false));
  }

  get answers(): number {
    return [...this.tally.bodies.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Resolves once `body` was answered. */
  async sees(body: string): Promise<void> {
    while (!this.tally.bodies.has(body)) await new Promise((again) => setTimeout(again, 2));
  }

  /** Lets every client finish its request. */
  async end(): Promise<Tally> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    return this.tally;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #ask(keeps: boolean): Promise<void> {
    const agent = new Agent({ keepAlive: keeps, maxSockets: 1 });
    if (keeps) this.#countConnections(agent);
    while (!this.#isOver) {
      const newest = this.#newest;
      const outcome = await this.#once(agent);
      this.#note(outcome, newest);
      // A refused connection would be refused again thousands of times.
      if (outcome.kind === 'failed') await new Promise((go) => setTimeout(go, 10));
    }
    agent.destroy();
  }

  #countConnections(agent: Agent): void {
    const { tally } = this;
    const create = agent.createConnection;
    agent.createConnection = function counting(...args) {
      tally.opened += 1;
      return Reflect.apply(create, this, args);
    };
  }

  #note(outcome: Outcome, newest: string): void {
    if (outcome.kind === 'failed') {
      this.tally.failures[outcome.why] = (this.tally.failures[outcome.why] ?? 0) + 1;
      return;
    }
    const { body } = outcome;
    const before = this.tally.bodies.get(body);
    if (before === undefined) this.#newest = body;
    else if (body !== newest && newest !== '' && body !== this.#newest) this.tally.stale += 1;
    this.tally.bodies.set(body, (before ?? 0) + 1);
  }

  #once(agent: Agent): Promise<Outcome> {
    const { to, body } = this.#options;
    const where = typeof to === 'number' ? { port: to, host: '127.0.0.1' } : { socketPath: to };
    return new Promise((done) => {
      const failed = (why: string): void => done({ kind: 'failed', why });
      const req = request({ ...where, agent, method: body ? 'POST' : 'GET', path: '/' }, (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('error', (error: NodeJS.ErrnoException) => failed(`cut: ${error.code}`));
        res.on('end', () => {
          if (res.statusCode === 200) done({ kind: 'answered', body: Buffer.concat(chunks).toString() });
          else failed(String(res.statusCode));
        });
      });
      req.setTimeout(PATIENCE, () => req.destroy(Object.assign(new Error('no answer'), { code: 'TIMEOUT' })));
      req.on('error', (error: NodeJS.ErrnoException) => failed(error.code ?? error.message));
      req.end(body);
    });
  }
}

type Outcome =
  | { readonly kind: 'answered'; readonly body: string }
  | { readonly kind: 'failed'; readonly why: string };
