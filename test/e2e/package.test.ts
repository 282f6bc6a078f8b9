import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { DeploymentFolder } from '../helpers/deployment-folder.js';
import { Cli, ROOT } from '../helpers/run-cli.js';

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** What `npm pack` makes, laid out as npm would install it; the dependencies are those of this checkout. */
describe('the package', () => {
  const folder = new DeploymentFolder({
    'package.json': '{"name":"site","type":"module"}',
    'site.ini': '[app:main]\npaste.app_factory = apps:make\n[server:main]\nport = 0\n',
    'apps.js': 'export const make = () => () => ["hello"];\n',
  });
  let packed: readonly string[];

  beforeAll(() => {
    const modules = folder.file('node_modules');
    mkdirSync(modules);
    execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder.path], {
      cwd: ROOT,
      stdio: 'pipe',
    });
    const tarball = readdirSync(folder.path).find((name) => name.endsWith('.tgz')) ?? '';
    packed = execFileSync('tar', ['-tzf', folder.file(tarball)], { encoding: 'utf8' })
      .trim()
      .split('\n');
    execFileSync('tar', ['-xzf', folder.file(tarball), '-C', modules]);
    execFileSync('mv', [join(modules, 'package'), join(modules, 'wsgi-serve')]);
    // A program in TypeScript brings the types of Node itself.
    for (const name of [...Object.keys(manifest.dependencies), '@types', 'undici-types']) {
      symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
    }
  });

  afterAll(() => folder[Symbol.dispose]());

  it('holds the program, the library and its types, and no tests or sources', () => {
    const files = packed.map((file) => file.replace(/^package\//, ''));
    expect(files).toEqual(
      expect.arrayContaining(['bin/wsgi-serve.js', 'dist/lib/index.js', 'dist/src/index.d.ts']),
    );
    expect(files.filter((file) => /test|bench|configs|(?<!\.d)\.ts$/.test(file))).toEqual([]);
  });

  it('holds every page that the README names', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const pages = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(
      ([, path = '']) => `package/${path}`,
    );
    expect(packed).toEqual(expect.arrayContaining(pages));
  });

  it('runs by its name', () => {
    const bin = join(folder.file('node_modules/wsgi-serve'), manifest.bin['wsgi-serve']);
    const output = execFileSync(process.execPath, [bin, 'check', 'site.ini'], {
      cwd: folder.path,
      encoding: 'utf8',
    });
    expect(output).toBe('site.ini: no problems, no warnings\n');
    const version = execFileSync(process.execPath, [bin, '--version'], {
      cwd: folder.path,
      encoding: 'utf8',
    });
    expect(version.trim()).toBe(manifest.version);
  });

  it.each([
    ['in workers', '--workers=1'],
    ['in development', '--reload'],
  ])('serves %s', async (_where, flag) => {
    const bin = join(folder.file('node_modules/wsgi-serve'), manifest.bin['wsgi-serve']);
    await using cli = new Cli(['site.ini', flag], { cwd: folder.path, bin });
    const response = await fetch(`http://127.0.0.1:${await cli.port('main')}/`);
    // The app of this deployment never says how its answer begins.
    expect(response.status).toBe(500);
  });

  it('lends its functions to programs', () => {
    folder.write(
      'program.js',
      `import { loadApp, asBool } from 'wsgi-serve';
       const app = await loadApp('config:site.ini', { relativeTo: import.meta.dirname });
       console.log(asBool('yes'), app({}, () => {})[0]);`,
    );
    const output = execFileSync(process.execPath, ['program.js'], { cwd: folder.path, encoding: 'utf8' });
    expect(output).toBe('true hello\n');
  });

  it('has types that a strict program compiles against', () => {
    folder.write(
      'typed.ts',
      `import type { AppFactory, Environ, FilterFactory } from 'wsgi-serve';
       import { loadApp, serve, WsgiServeError } from 'wsgi-serve';
       export const make: AppFactory = (_globals, { greeting = 'hi' }) => (environ: Environ, startResponse) => {
         startResponse('200 OK', [['Content-Type', 'text/plain']]);
         return [greeting + environ.PATH_INFO];
       };
       export const filter: FilterFactory = () => (app) => (environ, startResponse) => app(environ, startResponse);
       export const app = await loadApp('config:site.ini');
       export const stop = async () => (await serve('site.ini')).stop();
       export const isOurs = (error: unknown) => error instanceof WsgiServeError && error.code === 'cycle';`,
    );
    const flags = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--types', 'node'];
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout, status } = spawnSync(process.execPath, [compiler, ...flags, 'typed.ts'], {
      cwd: folder.path,
      encoding: 'utf8',
    });
    expect([stdout, status]).toEqual(['', 0]);
  });

  it('is laid out as publint wants it', async () => {
    const { messages } = await publint({ pkgDir: ROOT, pack: false });
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
  });
});
