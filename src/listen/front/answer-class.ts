// What node:http makes answers of: strict about Content-Length, closing while its listener drains, and counting bytes
// where an access log wants to know. Made by front.ts, one class for each listener.
import {
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  ServerResponse,
} from 'node:http';

/** Whether a listener drains; set by the listener, obeyed by its answers. */
export interface DrainState {
  draining: boolean;
}

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/** Every head that is written while the listener drains says `Connection: close` (RFC 9112 section 9.6). */
export function answerClass(state: DrainState): typeof ServerResponse {
  const Answer = class<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
    // A body that does not match what its head promised would be taken for the beginning of the next answer.
    override strictContentLength = true;

    override writeHead(status: number, reason?: string | Headers, headers?: Headers): this {
      if (state.draining) this.shouldKeepAlive = false;
      // node:http itself looks whether the second argument is the reason or the headers.
      return super.writeHead(status, reason as string, headers);
    }
  };
  // The declared class is generic in a way that no subclass can be declared to be.
  return Answer as unknown as typeof ServerResponse;
}
