// The end of an answer whose head says how long it is, in as few calls into the system as node:http can be brought to.
// Called by node-exchange.ts, and by node-strict.ts for the answers of node apps.
import type { ServerResponse } from 'node:http';

/**
 * Sends the head, where that is still to be sent, and `text`, which is the whole body. `res.end(text)` hands the text and
 * an empty end to one writev; written and let go first, head and text are a single string in a single write, which costs
 * the system measurably less. `methods`: those of `res` that are called.
 */
export function endInOneWrite(
  res: ServerResponse,
  text: string,
  encoding: BufferEncoding,
  methods: Pick<ServerResponse, 'write' | 'end'> = res,
): void {
  const { socket } = res;
  // Corked already, node:http does not put an uncorking of its own in the next tick.
  socket?.cork();
  methods.write.call(res, text, encoding, undefined);
  socket?.uncork();
  methods.end.call(res, undefined, encoding, undefined);
}
