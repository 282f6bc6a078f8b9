// A front on the loopback with an app behind it: what a listener serves, without a deployment file around it.
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { App } from '../../src/gateway/app.js';
import { errorStream } from '../../src/gateway/error-stream.js';
import type { GatewayOptions } from '../../src/gateway/run.js';
import { type ConnectionLimits, DEFAULT_LIMITS } from '../../src/listen/front/connection-limits.js';
import { createFront, type FrontOptions } from '../../src/listen/front/front.js';
import { NO_PROXIES } from '../../src/listen/front/trusted-proxy.js';
import { type ParsedAnswer, parseAnswers } from './answers.js';
import { type Conversation, openConversation } from './raw-http.js';

/** What differs from a server section in which nothing is written. */
export interface FrontSettings extends Partial<Omit<FrontOptions, 'limits' | 'gateway'>> {
  readonly limits?: Partial<ConnectionLimits>;
  readonly gateway?: Partial<GatewayOptions>;
}

export class FrontServer {
  readonly server: Server;
  /** The messages of what went wrong in the app, in their order. */
  readonly errors: string[] = [];
  /** The server's ends of its connections, in their order. */
  readonly sockets: Socket[] = [];
  readonly #clients: Conversation[] = [];

  constructor(app: App, { limits, gateway, ...settings }: FrontSettings = {}) {
    const { server } = createFront(app, {
      limits: { ...DEFAULT_LIMITS, ...limits },
      proxies: NO_PROXIES,
      proxyProtocol: false,
      names: {},
      accessLog: null,
      gateway: {
        errors: errorStream(() => undefined),
        onError: ({ message }) => this.errors.push(message),
        ...gateway,
      },
      ...settings,
    });
    this.server = server;
    server.on('connection', (socket: Socket) => this.sockets.push(socket));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async listen(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  /** A connection, closed by `close` at the latest; `readsNothing` for a client that leaves the answer where it is. */
  async open({ readsNothing = false } = {}): Promise<Conversation> {
    const client = await openConversation({ port: this.port, host: '127.0.0.1', noDelay: true });
    if (readsNothing) client.socket.pause();
    this.#clients.push(client);
    return client;
  }

  /** Sends `text` on a connection of its own and gives the answers that come until the server closes it. */
  async ask(text: string): Promise<readonly ParsedAnswer[]> {
    return parseAnswers(await this.askRaw(text));
  }

  /** The same as it comes. */
  async askRaw(text: string): Promise<string> {
    const client = await this.open();
    client.send(text);
    return client.toEnd();
  }

  async close(): Promise<void> {
    this.server.close();
    for (const { socket } of this.#clients) socket.destroy();
    for (const socket of this.sockets) socket.destroy();
    await once(this.server, 'close');
  }
}
