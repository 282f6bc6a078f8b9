import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DeploymentFolder } from '../helpers/deployment-folder.js';
import { Cli, ROOT, runCli } from '../helpers/run-cli.js';

const INI = readFileSync(join(ROOT, 'configs/config.ini'), 'utf8');

describe('the deployment of the founding document', () => {
  const folder = new DeploymentFolder();
  let cli: Cli;
  let base: { home: string; home_use: string; pub: string };

  beforeAll(async () => {
    folder.copy(join(ROOT, 'configs'));
    // The same file on ports that are free.
    folder.write('config.ini', INI.replace(/^port = \d+$/gm, 'port = 0'));
    cli = new Cli([folder.file('config.ini')]);
    const url = async (name: string) => `http://127.0.0.1:${await cli.port(name)}`;
    base = { home: await url('home'), home_use: await url('home_use'), pub: await url('pub') };
  });

  afterAll(async () => {
    await cli[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const get = async (url: string) => {
    const response = await fetch(url);
    return [response.status, response.headers.get('content-type'), await response.text()];
  };

  it('answers GET / on home', async () => {
    expect(await get(`${base.home}/`)).toEqual([200, 'text/plain', 'Hello from MyHome\n']);
  });

  it('answers GET / on home_use, whose factory is called directly', async () => {
    expect(await get(`${base.home_use}/`)).toEqual([200, 'text/plain', 'Hello from MyHome with USE\n']);
  });

  it('dispatches by path on pub', async () => {
    expect(await get(`${base.pub}/`)).toEqual([200, 'text/plain', 'Hello from PUB0\n']);
    expect(await get(`${base.pub}/V1`)).toEqual([200, 'text/plain', 'Hello from PUB1\n']);
    expect(await get(`${base.pub}/V1/below`)).toEqual([200, 'text/plain', 'Hello from PUB1\n']);
    expect(await get(`${base.pub}/V10`)).toEqual([200, 'text/plain', 'Hello from PUB0\n']);
  });

  it('lets the filter of /V1 answer a POST', async () => {
    const response = await fetch(`${base.pub}/V1`, { method: 'POST', body: 'anything' });
    expect(await response.text()).toBe('Bad request\n');
  });

  it('prints the two lines of the filters of /V2, the outer filter first', async () => {
    expect(await get(`${base.pub}/V2`)).toEqual([200, 'text/plain', 'Hello from PUB2\n']);
    await cli.printed(/request IP is: 127\.0\.0\.1\nMethod is: GET\n/);
  });

  it('hands the keys of the section to the factory', async () => {
    await cli.printed(/parameters from ini file: {"para1":"This is first","para2":"This is second"}/);
  });

  it('stops with exit code 0 when it is asked to', async () => {
    expect((await cli.stop('SIGINT')).code).toBe(0);
  });
});

describe('configs/config.ini as it is printed', () => {
  it('names the three ports of the document', async () => {
    const { stdout, code } = await runCli(['show', '--format', 'json', 'configs/config.ini']);
    expect(code).toBe(0);
    const { sections } = JSON.parse(stdout);
    const ports = sections.filter(({ kind }: { kind: string }) => kind === 'server');
    expect(ports.map(({ section }: { section: string }) => section)).toEqual([
      'server:home',
      'server:home_use',
      'server:pub',
    ]);
    expect(INI.match(/^port = \d+$/gm)).toEqual(['port = 8001', 'port = 8002', 'port = 8003']);
  });

  it('has nothing that check would tell', async () => {
    const { code, stdout } = await runCli(['check', 'configs/config.ini']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('config.ini: no problems, no warnings')]);
  });
});
