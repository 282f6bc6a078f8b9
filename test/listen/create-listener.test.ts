import { afterEach, describe, expect, it } from '@jest/globals';
import { readDeployment } from '../../src/config/read-deployment.js';
import type { App } from '../../src/gateway/app.js';
import { createListener } from '../../src/listen/create-listener.js';
import type { Listener } from '../../src/listen/listener.js';
import { parseOptions } from '../../src/listen/parse-options.js';
import { createLogger } from '../../src/log.js';
import { eventually } from '../helpers/eventually.js';
import { type Conversation, openConversation } from '../helpers/raw-http.js';
import { appOf, KINDS } from '../helpers/three-kinds.js';

const FILE = '[app:main]\npaste.app_factory = a:b\n[server:main]\nport = 0\n';

interface Entry {
  readonly level: number;
  readonly msg: string;
}

let listener: Listener | null = null;
let client: Conversation | null = null;

afterEach(async () => {
  client?.socket.destroy();
  await listener?.close();
});

/** Serves `app`, sends `text` to it, and gives what the log says from then on. */
async function ask(app: App, text: string): Promise<Entry[]> {
  const { deployment, resolver } = readDeployment('/site.ini', { readFile: () => Buffer.from(FILE) });
  const [server] = deployment.servers;
  if (server === undefined) throw new Error('no server');
  const entries: Entry[] = [];
  const log = createLogger({
    level: 'debug',
    pretty: false,
    write: (line) => entries.push(JSON.parse(line)),
  });
  listener = createListener('main', parseOptions(server, resolver), app, { log });
  await listener.listen();
  const { address } = listener;
  client = await openConversation({ port: address.kind === 'tcp' ? address.port : 0, host: '127.0.0.1' });
  client.send(text);
  return entries;
}

const HALF = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf\n';

describe('the log of a listener', () => {
  it.each(KINDS.map((kind) => [kind] as const))(
    'does not blame a %s app for a body that its client broke off',
    async (kind) => {
      let isReading = false;
      const reading = appOf(kind, async ({ body }) => {
        for await (const _chunk of body()) isReading = true;
        return { status: 200, headers: [], chunks: [] };
      });
      const entries = await ask(reading, HALF);
      await eventually(() => isReading);
      client?.socket.resetAndDestroy();
      await eventually(() => entries.length > 0);
      expect(entries).toMatchObject([{ level: 20, msg: 'a request was broken off while an app read it' }]);
    },
  );

  it.each(KINDS.map((kind) => [kind] as const))(
    'blames a %s app for an error of its own, whatever the client does',
    async (kind) => {
      let isReading = false;
      const failing = appOf(kind, async ({ body }) => {
        try {
          for await (const _chunk of body()) isReading = true;
        } catch {
          throw new Error('a row is missing');
        }
        return { status: 200, headers: [], chunks: [] };
      });
      const entries = await ask(failing, HALF);
      await eventually(() => isReading);
      client?.socket.resetAndDestroy();
      await eventually(() => entries.length > 0);
      expect(entries).toMatchObject([{ level: 50, msg: 'an app failed' }]);
    },
  );
});
