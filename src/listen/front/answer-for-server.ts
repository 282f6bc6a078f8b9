// The answer to `OPTIONS *`, which asks about the server, not about anything that an app has (RFC 9110 section 9.3.7).
// Called by door.ts in place of the app.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ALLOW } from './refusal.js';

/** A body means nothing here; it is read, as far as it comes, so that the connection can go on. */
export function answerForServer(req: IncomingMessage, res: ServerResponse, waitsForContinue: boolean): void {
  if (waitsForContinue) res.writeContinue();
  req.resume().once('end', () => {
    res.writeHead(200, ['Allow', ALLOW, 'Content-Length', '0']);
    res.end();
  });
}
