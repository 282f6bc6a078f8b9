import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DeploymentFolder } from './helpers/deployment-folder.js';
import { Cli, ROOT, runCli } from './helpers/run-cli.js';

const CONFIGS = join(ROOT, 'configs');
const examples = readdirSync(CONFIGS, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ini'),
);

describe('the examples in configs/', () => {
  it('are there', () => {
    expect(examples).toContain('config.ini');
  });

  it.each(examples)('%s passes check', async (example) => {
    const { code, stdout, stderr } = await runCli(['check', join('configs', example)]);
    expect([code, stdout + stderr]).toEqual([0, expect.stringContaining('no problems')]);
  });

  it.each(examples)('%s is served, and every server of it answers', async (example) => {
    using folder = new DeploymentFolder();
    folder.copy(CONFIGS);
    const ini = readFileSync(folder.file(example), 'utf8').replace(/^(port\s*=).*$/gm, '$1 0');
    folder.write(example, ini);
    await using cli = new Cli([folder.file(example)]);
    const servers = [...ini.matchAll(/^\[server:([^\]]+)\]/gm)].map(([, name = '']) => name);
    expect(servers.length).toBeGreaterThan(0);
    for (const name of servers) {
      const response = await fetch(`http://127.0.0.1:${await cli.port(name)}/`);
      expect([name, response.status]).toEqual([name, 200]);
      await response.arrayBuffer();
    }
    expect((await cli.stop()).code).toBe(0);
  });
});
