import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createProgram } from '../src/cli/main.js';
import { OPTIONS } from '../src/listen/options.js';
import { optionNames } from '../src/listen/parse-options.js';
import { PROGRAM_OPTIONS, programOptionNames } from '../src/listen/program-options.js';
import { DeploymentFolder } from './helpers/deployment-folder.js';
import { Cli, ROOT, runCli } from './helpers/run-cli.js';

const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** The code block of a language, the `nth` of them. */
function block(language: string, nth = 0): string {
  const blocks = [...README.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))];
  return blocks[nth]?.[1] ?? '';
}

/** The rows between `<!-- name -->` and `<!-- /name -->`, without the head. */
function table(name: string): readonly (readonly string[])[] {
  const text = README.split(`<!-- ${name} -->`)[1]?.split(`<!-- /${name} -->`)[0] ?? '';
  const rows = text.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('the README', () => {
  it('gives the two commands', () => {
    expect(README).toContain('npm ci && npm start');
    expect(README).toContain('npm ci && npm test');
  });

  it('has a first deployment that works as it is printed', async () => {
    using folder = new DeploymentFolder({
      'site.ini': block('ini').replace('8080', '0'),
      'apps.mjs': block('js'),
    });
    await using cli = new Cli(['site.ini'], { cwd: folder.path });
    const response = await fetch(`http://127.0.0.1:${await cli.port('main')}/there`);
    expect(await response.text()).toBe('Hello from /THERE\n');
    expect((await runCli(['check', 'site.ini'], { cwd: folder.path })).code).toBe(0);
  });

  it('prints the error that a misspelt name really gives', async () => {
    using folder = new DeploymentFolder({
      'site.ini': block('ini').replace('shout hello', 'shuot hello'),
      'apps.mjs': block('js'),
    });
    const { stderr } = await runCli(['site.ini'], { cwd: folder.path });
    expect(README).toContain(stderr.trim());
  });

  it('lists every option of the command line', () => {
    const listed = table('options').flatMap(([flags = '', commands = '']) =>
      commands.split(', ').map((command) => `${command} ${flags.replaceAll('`', '')}`),
    );
    const real = createProgram().commands.flatMap((command) => {
      return command.options.map(({ flags }) => `${command.name()} ${flags}`);
    });
    expect(listed.sort()).toEqual(real.sort());
  });

  it('lists every option of a server with its default and other names', () => {
    const real = optionNames().map((name) => {
      const { shown, help, aliases } = OPTIONS[name];
      return [`\`${name}\``, shown, help, aliases.map((alias) => `\`${alias}\``).join(', ')];
    });
    expect(table('server options')).toEqual(real);
  });

  it('lists every option of the program with its default', () => {
    const real = programOptionNames().map((name) => {
      const { shown, help } = PROGRAM_OPTIONS[name];
      return [`\`${name}\``, shown, help];
    });
    expect(table('program options')).toEqual(real);
  });

  it('gives a reason for every dependency, and for no other', () => {
    const section = README.split('## Dependencies')[1]?.split('\n## ')[0] ?? '';
    const listed = [...section.matchAll(/^\| ([a-z][\w, -]*) \|/gm)].flatMap(([, names = '']) =>
      names.split(', '),
    );
    expect(listed.filter((name) => name !== 'package').sort()).toEqual(
      Object.keys(manifest.dependencies).sort(),
    );
  });

  it('names no page that is not there', () => {
    const links = [...README.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = '']) => path);
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) expect(readFileSync(join(ROOT, link), 'utf8')).not.toBe('');
  });
});
