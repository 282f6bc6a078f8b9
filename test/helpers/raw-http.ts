// HTTP by hand, for tests of what is on the wire: a server on a free port, and clients that send text as it is.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type NetConnectOpts, type Socket } from 'node:net';
import type { NodeHandlers } from '../../src/gateway/node-handler.js';

export interface TestServer {
  readonly port: number;
  readonly server: Server;
  /** Sends `text` on a connection of its own and gives all bytes that come until it ends, as Latin-1. */
  ask(text: string): Promise<string>;
  /** A connection to talk on; destroyed by `close` at the latest. */
  open(): Promise<Conversation>;
  close(): Promise<void>;
}

/** Serves `handlers` on the loopback, on a port that is free. */
export async function serveForTest(handlers: NodeHandlers): Promise<TestServer> {
  const server = createServer(handlers.handler);
  server.on('checkContinue', handlers.continueHandler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const open = () => openConversation({ port, host: '127.0.0.1' });
  return {
    port,
    server,
    open,
    ask: async (text) => {
      const conversation = await open();
      conversation.send(text);
      return conversation.toEnd();
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A connection to talk on, which its test destroys. */
export async function openConversation(address: NetConnectOpts): Promise<Conversation> {
  const socket = connect(address);
  await once(socket, 'connect');
  return new Conversation(socket);
}

/** One connection, and what came on it so far. */
export class Conversation {
  readonly socket: Socket;
  /** The code of the error that ended the connection, such as ECONNRESET. */
  error: string | null = null;
  received = '';

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.received += text;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message;
    });
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Resolves when what came matches `pattern`. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.received)) {
      if (this.socket.closed)
        throw new TypeError(`the connection ended after ${JSON.stringify(this.received)}`);
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')]);
    }
    return this.received;
  }

  /** Resolves when the connection has ended. */
  async toEnd(): Promise<string> {
    if (!this.socket.closed) await once(this.socket, 'close').catch(() => undefined);
    return this.received;
  }
}
