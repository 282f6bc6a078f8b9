import { chmodSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseAnswers } from '../helpers/answers.js';
import { DeploymentFolder } from '../helpers/deployment-folder.js';
import { eventually } from '../helpers/eventually.js';
import { type Conversation, openConversation } from '../helpers/raw-http.js';
import { Cli } from '../helpers/run-cli.js';

const FILES = {
  'apps.mjs': `
export const hello = () => (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return ['hello'];
};
`,
  'site.ini': '[app:main]\npaste.app_factory = apps:hello\n[server:main]\nport = 0\n',
  // Node itself needs about forty before it serves.
  'node.sh': `#!/bin/sh\nulimit -n 64\nexec '${process.execPath}' "$@"\n`,
};

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('a server that runs out of open files', () => {
  it('closes the connections that are too many, and goes on when others have left', async () => {
    using folder = new DeploymentFolder(FILES);
    chmodSync(folder.file('node.sh'), 0o755);
    await using cli = new Cli([folder.file('site.ini')], { node: folder.file('node.sh') });
    const address = { port: await cli.port('main'), host: '127.0.0.1' };
    const clients: Conversation[] = [];
    for (let count = 0; count < 100; count += 1) clients.push(await openConversation(address));
    for (const client of clients) client.send(GET);
    await eventually(() => clients.every(({ received, socket }) => received !== '' || socket.closed));
    const answered = clients.filter(({ received }) => received !== '');
    expect(answered.length).toBeGreaterThan(0);
    expect(answered.length).toBeLessThan(100);
    for (const { socket } of clients) socket.destroy();
    await eventually(async () => {
      const client = await openConversation(address);
      client.send(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
      return parseAnswers(await client.toEnd())[0]?.body === 'hello';
    });
    expect((await cli.stop()).code).toBe(0);
  });
});
