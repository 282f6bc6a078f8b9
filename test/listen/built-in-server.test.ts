import { describe, expect, it } from '@jest/globals';
import { loadApp, loadServer } from '../../src/listen/deploy.js';
import { Serving } from '../../src/listen/serve.js';
import { DeploymentFolder } from '../helpers/deployment-folder.js';
import { problemOf } from '../helpers/problems.js';

const INI = `[server:main]
port = 0
app = main
[server:paste]
use = egg:paste#http
port = 0
[server:waitress]
use = egg:waitress#main
listen = 127.0.0.1:0
[server:used]
use = main
[server:wrong]
port = x
hots = localhost
[server:unknown]
use = egg:Paste#htpp
[app:main]
paste.app = apps:app
`;
const APPS = `exports.app = ({ PATH_INFO }, startResponse) => {
  startResponse('200 OK', []);
  return ['served ' + PATH_INFO];
};
`;

/** What a program does that loads a server and an app by itself. */
async function load(folder: DeploymentFolder, name: string) {
  const uri = `config:${folder.file('site.ini')}`;
  return { server: await loadServer(uri, { name }), app: await loadApp(uri) };
}

async function ask(serving: unknown): Promise<string> {
  if (!(serving instanceof Serving)) throw new Error('nothing serves');
  const address = serving.listeners[0]?.address;
  if (address?.kind !== 'tcp') throw new Error('no port is open');
  return (await fetch(`http://127.0.0.1:${address.port}/x`)).text();
}

describe('the built-in server, loaded by a program', () => {
  it.each(['main', 'paste', 'waitress', 'used'])('serves as [server:%s]', async (name) => {
    using folder = new DeploymentFolder({ 'apps.cjs': APPS, 'site.ini': INI });
    const { server, app } = await load(folder, name);
    const serving = await server(app);
    try {
      expect(await ask(serving)).toBe('served /x');
    } finally {
      await server.close();
    }
    await expect(ask(serving)).rejects.toThrow();
  });

  it('says where its options are wrong', async () => {
    using folder = new DeploymentFolder({ 'apps.cjs': APPS, 'site.ini': INI });
    const { problems } = await problemOf(() => load(folder, 'wrong'));
    expect(problems.map(({ code, place }) => [code, place?.origin.span?.start.line])).toEqual([
      ['bad-value', 13],
      ['unknown-option', 14],
    ]);
  });

  it('is named where an egg has no such server', async () => {
    using folder = new DeploymentFolder({ 'apps.cjs': APPS, 'site.ini': INI });
    const problem = await problemOf(() => load(folder, 'unknown'));
    expect(problem).toMatchObject({
      code: 'entry-point-not-found',
      hint: 'Entry points of Paste for servers: http. Did you mean "http"?',
    });
  });
});
