// A gated server on the loopback, with an app that reads its body and answers 200, and what that app was given.
import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import {
  createGatedServer,
  type GatedServer,
  type GatedServerOptions,
} from '../../src/listen/front/gated-server.js';
import { Conversation } from './raw-http.js';

export class CaseServer {
  /** What a listener asks for when it parts with its connections. */
  readonly connections: GatedServer['connections'];
  readonly #server: Server;
  readonly #ran = new Map<number, string[]>();
  readonly #clients: Socket[] = [];

  /** `options` may bring a handler of its own, which then is the app. */
  constructor(options: Partial<GatedServerOptions> = {}) {
    const { server, connections } = createGatedServer({
      handler: (req, res, _head, waitsForContinue) => {
        const port = req.socket.remotePort ?? 0;
        this.#ran.set(port, [...this.ranOn(port), `${req.method} ${req.url}`]);
        if (waitsForContinue) res.writeContinue();
        req.on('error', () => undefined);
        req.resume().on('end', () => res.end('ok'));
      },
      ...options,
    });
    this.#server = server;
    this.connections = connections;
    // Ports are used again.
    this.#server.on('connection', ({ remotePort = 0 }: Socket) => this.#ran.delete(remotePort));
  }

  get server(): Server {
    return this.#server;
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  /** A connection that can be half closed. */
  async open(): Promise<Conversation> {
    const { port } = this.#server.address() as AddressInfo;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#clients.push(socket);
    await once(socket, 'connect');
    return new Conversation(socket);
  }

  /** Sends `text` on a connection of its own and gives what comes until the server closes it. */
  async ask(text: string): Promise<string> {
    const conversation = await this.open();
    conversation.send(text);
    return conversation.toEnd();
  }

  /** `METHOD target` of every request that reached the app from this port. */
  ranOn(port: number): readonly string[] {
    return this.#ran.get(port) ?? [];
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    for (const client of this.#clients) client.destroy();
    await once(this.#server, 'close');
  }
}
