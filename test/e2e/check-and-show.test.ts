import { describe, expect, it } from '@jest/globals';
import { parse } from 'ini';
import { DeploymentFolder } from '../helpers/deployment-folder.js';
import { runCli } from '../helpers/run-cli.js';

const INI = `[app:main]
paste.app_factory = apps:make
greeting = hello; # world

[server:main]
port = 0
prot = 1
`;

function site(): DeploymentFolder {
  const apps = "console.log('imported');\nexport const make = () => { throw new Error('oh'); };\n";
  return new DeploymentFolder({ 'site.ini': INI, 'apps.mjs': apps });
}

describe('wsgi-serve check', () => {
  it('prints every problem with its place, and the stack of the user down to their own code', async () => {
    using folder = site();
    const { code, stdout } = await runCli(['check', 'site.ini'], { cwd: folder.path });
    expect(code).toBe(2);
    expect(stdout).toMatch(/^site\.ini:7:1: \[server:main\] has "prot"/m);
    expect(stdout).toMatch(/^site\.ini:2:21: \[app:main\]: the factory apps:make fails: Error: oh$/m);
    expect(stdout).toMatch(/at Module\.make .*apps\.mjs:2:/);
    expect(stdout).not.toMatch(/at .*wsgi-serve.*dist/);
    expect(stdout).toMatch(/site\.ini: 2 problems, no warnings\n$/);
  });

  it('prints the same as JSON', async () => {
    using folder = site();
    const { code, stdout, stderr } = await runCli(['check', '--format', 'json', 'site.ini'], {
      cwd: folder.path,
    });
    const report = JSON.parse(stdout);
    expect(stderr).toBe('imported\n');
    expect([code, report.ok]).toEqual([2, false]);
    expect(report.problems[0]).toMatchObject({
      severity: 'error',
      code: 'unknown-option',
      line: 7,
      section: 'server:main',
      key: 'prot',
      file: folder.file('site.ini'),
    });
    expect(report.problems[1].cause).toContain('Error: oh');
  });

  it('shows the line of a module that cannot be loaded, and which section names it', async () => {
    using folder = site();
    folder.write('site.ini', INI.replace('prot = 1', ''));
    folder.write('apps.mjs', '\nexport const make = () => {\n  return (;\n};\n');
    const text = [
      `apps.mjs:3:11: the module "apps" fails while it is loaded: SyntaxError: Unexpected token ';' (apps.mjs:3:11)`,
      '   2 | export const make = () => {',
      ' > 3 |   return (;',
      '     |           ^',
      ' site.ini:2:21: "apps" is named here',
      '',
    ].join('\n');
    const { stdout } = await runCli(['check', 'site.ini'], { cwd: folder.path });
    expect(stdout.slice(0, text.length)).toBe(text);
    // A start that fails says the same.
    const { code, stderr } = await runCli(['site.ini'], { cwd: folder.path });
    expect([code, stderr.slice(0, text.length)]).toEqual([3, text]);
    const json = await runCli(['check', '--format', 'json', 'site.ini'], { cwd: folder.path });
    expect(JSON.parse(json.stdout).problems).toMatchObject([
      {
        ...{ code: 'module-failed', file: folder.file('apps.mjs'), line: 3, column: 11 },
        ...{ section: 'app:main', key: null },
        related: [{ file: folder.file('site.ini'), line: 2, column: 21 }],
      },
    ]);
  });

  it('gives no stack of our own in JSON', async () => {
    const { stdout } = await runCli(['check', '--format', 'json', 'gone.ini'], {});
    expect(JSON.parse(stdout).problems).toMatchObject([{ code: 'file-not-found', cause: null }]);
  });

  it('calls no file fine whose code ends the process', async () => {
    using folder = site();
    folder.write('apps.mjs', 'process.exit(0);\n');
    const { code, stderr } = await runCli(['check', 'site.ini'], { cwd: folder.path });
    expect([code, stderr]).toEqual([3, expect.stringContaining('has ended the process')]);
  });

  it('takes a misspelt command for what it is', async () => {
    using folder = site();
    const { code, stderr } = await runCli(['chek', 'site.ini'], { cwd: folder.path });
    expect([code, stderr]).toEqual([2, expect.stringContaining('Did you mean "check"?')]);
  });

  it('ends with 3 where only start-up fails, with 0 where there are only warnings', async () => {
    using folder = site();
    folder.write('site.ini', INI.replace('prot = 1', ''));
    expect((await runCli(['check', 'site.ini'], { cwd: folder.path })).code).toBe(3);
    folder.write('apps.mjs', 'export const make = () => () => [];\n');
    const { code, stdout } = await runCli(['check', 'site.ini'], { cwd: folder.path });
    expect([code, stdout]).toEqual([0, expect.stringContaining('no problems, 1 warning')]);
  });
});

describe('wsgi-serve show', () => {
  it('imports nothing, and needs no module to be there', async () => {
    using folder = site();
    const { code, stdout } = await runCli(['show', 'site.ini'], { cwd: folder.path });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\[server:main\].*site\.ini:5\n└─ \[app:main\].*apps:make.*site\.ini:2\n/);
    expect(stdout).not.toContain('imported');
  });

  it('prints one JSON document for one file, an array for several', async () => {
    using folder = site();
    folder.write('broken.ini', 'nothing');
    const one = await runCli(['show', '--format', 'json', 'site.ini'], { cwd: folder.path });
    expect(JSON.parse(one.stdout).sections).toHaveLength(2);
    const two = await runCli(['show', '--format', 'json', 'site.ini', 'broken.ini'], { cwd: folder.path });
    expect(JSON.parse(two.stdout)).toEqual([
      expect.objectContaining({ sections: expect.any(Array) }),
      { error: expect.objectContaining({ code: 'missing-section-header', line: 1 }) },
    ]);
  });

  it('prints INI that npm ini reads back', async () => {
    using folder = site();
    const { stdout } = await runCli(['show', '--format', 'ini', 'site.ini'], { cwd: folder.path });
    expect(parse(stdout)['app:main']).toMatchObject({ greeting: 'hello; # world' });
  });

  it('applies variables', async () => {
    using folder = site();
    folder.write('site.ini', '[app:main]\nuse = egg:x\nport = %(p)s\n');
    const { stdout } = await runCli(['show', '--format', 'json', 'site.ini', 'p=81'], { cwd: folder.path });
    expect(JSON.parse(stdout).sections[0].context.local_conf).toEqual({ port: '81' });
  });
});
