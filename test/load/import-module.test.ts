import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { WsgiServeError } from '../../src/errors.js';
import { importUserModule } from '../../src/load/import-module.js';
import { placeAt } from '../helpers/origins.js';
import { problemOf } from '../helpers/problems.js';

declare const nativeImport: (url: string) => Promise<unknown>;

const FIXTURES = resolve(import.meta.dirname, '../../../test/fixtures/modules');

function load(name: string): Promise<object> {
  return importUserModule(
    pathToFileURL(join(FIXTURES, name)).href,
    name,
    placeAt('/srv/site.ini'),
    nativeImport,
  );
}

function failure(name: string): Promise<WsgiServeError> {
  return problemOf(() => load(name));
}

describe('importUserModule', () => {
  it('gives the exports of ES modules and of CommonJS', async () => {
    expect(Object.keys(await load('exports-apps.mjs'))).toEqual(['Home', 'app', 'default', 'makeApp']);
    expect(Object.keys(await load('exports-names.cjs'))).toContain('makeApp');
  });

  it('says which line fails, and keeps the error with its stack', async () => {
    const problem = await failure('throws-at-import.mjs');
    expect(problem.code).toBe('module-failed');
    expect(problem.message).toBe(
      'the module "throws-at-import.mjs" fails while it is loaded: ' +
        "TypeError: Cannot read properties of undefined (reading 'host') (throws-at-import.mjs:4:18)",
    );
    expect(problem.cause).toHaveProperty('stack', expect.stringContaining('throws-at-import.mjs:7:1'));
    expect(problem.place?.origin.file).toBe('/srv/site.ini');
  });

  it.each([
    ['throws-a-string.mjs', 'non-Error thrown: just text'],
    ['throws-undefined.mjs', 'non-Error thrown: undefined'],
  ])('tells of %s', async (name, message) => {
    const problem = await failure(name);
    expect(problem.code).toBe('module-failed');
    expect(problem.message).toContain(message);
  });

  it('names a package that is missing, and the command that installs it', async () => {
    for (const name of ['imports-missing-package.mjs', 'requires-missing-package.cjs']) {
      const problem = await failure(name);
      expect(problem.code).toBe('module-failed');
      expect(problem.message).toBe(
        `the module "${name}" fails while it is loaded: ${name} imports "no-such-driver", which is not installed`,
      );
      expect(problem.hint).toBe('npm install no-such-driver');
    }
  });

  it('names the module whose import is missing, where it is another', async () => {
    const problem = await failure('imports-a-module-that-imports-missing-package.mjs');
    expect(problem.message).toContain('loaded: imports-missing-package.mjs imports "no-such-driver"');
  });

  it('names a file that is missing', async () => {
    const problem = await failure('imports-missing-file.mjs');
    expect(problem.message).toBe(
      'the module "imports-missing-file.mjs" fails while it is loaded: ' +
        'imports-missing-file.mjs imports "lib/gone.mjs", which does not exist',
    );
    expect(problem.hint).toBeNull();
  });

  it('says where a name is imported that is not exported', async () => {
    const problem = await failure('imports-missing-name.mjs');
    expect(problem.message).toContain(
      "does not provide an export named 'nothing' (imports-missing-name.mjs:1)",
    );
  });

  it.each([
    ['has-a-syntax-error.mjs', "SyntaxError: Unexpected token 'const' (has-a-syntax-error.mjs:2:9)"],
    ['imports-a-syntax-error.mjs', "SyntaxError: Unexpected token 'const' (has-a-syntax-error.mjs:2:9)"],
    ['has-a-syntax-error.cjs', "SyntaxError: Unexpected identifier 'fine' (has-a-syntax-error.cjs:2)"],
  ])('says where the syntax error of %s is', async (name, message) => {
    const problem = await failure(name);
    expect(problem.code).toBe('module-failed');
    expect(problem.message).toBe(`the module "${name}" fails while it is loaded: ${message}`);
  });

  it('gives an empty module for what has no exports', async () => {
    expect(await importUserModule('file:///none.mjs', 'none', null, async () => undefined)).toEqual({});
  });
});
