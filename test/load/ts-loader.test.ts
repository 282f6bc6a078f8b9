import { describe, expect, it } from '@jest/globals';
import {
  isTypeScript,
  TsLoader,
  type TsLoaderName,
  type TsLoaderTools,
  tsLoaderImport,
} from '../../src/load/ts-loader.js';
import { loadInProcess } from '../helpers/load-in-process.js';
import { problemOf } from '../helpers/problems.js';
import { tempTree } from '../helpers/temp-tree.js';

/** Tools for a machine on which only these packages are installed, as `where:specifier`; `app` is the app's folder. */
function toolsWith(
  installed: readonly string[],
  stripsTypes = false,
): TsLoaderTools & { readonly started: string[] } {
  const started: string[] = [];
  return {
    started,
    stripsTypes,
    importModule: async (url) => started.push(url),
    resolvePackage: async (specifier, folder) => {
      const url = `${folder === '/app' ? 'app' : 'own'}:${specifier}`;
      if (!installed.includes(url)) throw new Error(`Cannot find package '${specifier}'`);
      return url;
    },
  };
}

function choose(
  name: TsLoaderName,
  installed: readonly string[],
  stripsTypes = false,
): Promise<string | null> {
  return tsLoaderImport(name, '/app', null, toolsWith(installed, stripsTypes));
}

const TSX = 'tsx';
const OXC = '@oxc-node/core/register';

describe('tsLoaderImport', () => {
  it('prefers tsx to oxc-node, and what the app has installed to what came with wsgi-serve', async () => {
    expect(await choose('auto', [`app:${OXC}`, `app:${TSX}`, `own:${TSX}`])).toBe(`app:${TSX}`);
    expect(await choose('auto', [`app:${OXC}`, `own:${TSX}`])).toBe(`app:${OXC}`);
    expect(await choose('auto', [`own:${OXC}`, `own:${TSX}`])).toBe(`own:${TSX}`);
  });

  it('falls back to Node itself', async () => {
    expect(await choose('auto', [], true)).toBeNull();
    expect(await choose('auto', [`own:${TSX}`], true)).toBe(`own:${TSX}`);
  });

  it('takes the one that is named', async () => {
    expect(await choose('oxc-node', [`app:${TSX}`, `own:${OXC}`])).toBe(`own:${OXC}`);
    expect(await choose('native', [`app:${TSX}`], true)).toBeNull();
    expect(await choose('none', [`app:${TSX}`])).toBeNull();
  });

  it.each([
    ['auto', 'no loader for TypeScript is installed', 'npm install tsx'],
    ['tsx', 'ts_loader = tsx is not installed', 'npm install tsx'],
    ['oxc-node', 'ts_loader = oxc-node is not installed', 'npm install @oxc-node/core'],
  ] as const)('tells with %s what to install', async (name, message, hint) => {
    const problem = await problemOf(() => choose(name, [], name !== 'auto'));
    expect(problem.code).toBe('no-ts-loader');
    expect(problem.message).toBe(message);
    expect(problem.hint).toBe(hint);
  });

  it('says which Node runs TypeScript by itself', async () => {
    const problem = await problemOf(() => choose('native', [`app:${TSX}`]));
    expect(problem.message).toMatch(/^Node \d+\.\d+\.\d+ does not run TypeScript by itself$/);
    expect(problem.hint).toContain('22.18');
  });
});

describe('TsLoader', () => {
  it('starts once, and only for TypeScript', async () => {
    const tools = toolsWith([`app:${TSX}`]);
    const loader = new TsLoader('auto', tools);
    await loader.prepare('/app/apps.js', '/app', null);
    expect(tools.started).toEqual([]);
    await Promise.all(['a.ts', 'b.mts', 'c.cts'].map((name) => loader.prepare(`/app/${name}`, '/app', null)));
    expect(tools.started).toEqual([`app:${TSX}`]);
  });

  it('starts a loader that is named for JavaScript too, which may import TypeScript', async () => {
    const tools = toolsWith([`app:${OXC}`]);
    await new TsLoader('oxc-node', tools).prepare('/app/apps.js', '/app', null);
    expect(tools.started).toEqual([`app:${OXC}`]);
  });

  it('tells of a loader that does not start', async () => {
    const tools = {
      ...toolsWith([`app:${TSX}`]),
      importModule: () => Promise.reject(new Error('no esbuild here')),
    };
    const problem = await problemOf(() => new TsLoader('auto', tools).prepare('/app/apps.ts', '/app', null));
    expect(problem.code).toBe('no-ts-loader');
    expect(problem.message).toBe(`the TypeScript loader app:${TSX} does not start: no esbuild here`);
  });
});

describe('isTypeScript', () => {
  it('goes by the extension', () => {
    expect(['a.ts', 'a.mts', 'a.cts', 'a.tsx', 'a.jsx'].map(isTypeScript)).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    expect(['a.js', 'a.mjs', 'a.cjs', 'a', 'a.ts/b'].map(isTypeScript)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

const TYPED = `import { greet } from './greet.js';
enum Word { Hello = 'hello' }
export class Site {
  constructor(private readonly name: string) {}
  static make(this: typeof Site): string { return new this('site').text(); }
  text(): string { return \`\${greet(Word.Hello)} from \${this.name}\`; }
}
`;

const FILES = {
  'apps.ts': TYPED,
  'greet.ts': 'export const greet = (word: string): string => word.toUpperCase();\n',
  'module.mts': TYPED.replace('./greet.js', './greet.mjs'),
  'greet.mts': 'export const greet = (word: string): string => word.toUpperCase();\n',
  'common.cts': 'const { greet } = require("./greet.cts");\nexports.make = (): string => greet("hello");\n',
  'greet.cts': 'exports.greet = (word: string): string => word.toUpperCase();\n',
  'requires.cjs': 'exports.make = () => require("./greet.cts").greet("hello");\n',
  'plain.mjs': 'export { Site } from "./apps.ts";\n',
  'with-default.ts': `${TYPED}export default Site;\n`,
  'has-a-syntax-error.ts': 'export const make = () => 1;\nexport const = 2;\n',
  'imports-missing-package.ts':
    'import { driver } from "no-such-driver";\nexport const make = () => driver;\n',
  'imports-missing-file.ts': 'import { gone } from "./gone.js";\nexport const make = () => gone;\n',
  'throws-at-import.ts':
    'interface Unused { a: 1 }\nconst setting: any = undefined;\nexport const make = setting.host;\n',
};

const WORKING = ['apps:Site.make', './apps.js:Site.make', 'module:Site.make', 'common:make', 'requires:make'];

describe.each([
  ['auto', '{}'],
  ['auto', '{"type": "module"}'],
  ['auto', '{"type": "commonjs"}'],
  ['oxc-node', '{}'],
  ['oxc-node', '{"type": "module"}'],
])('ts_loader = %s with the package.json %s', (loader, manifest) => {
  it('loads TypeScript in a process that runs already', async () => {
    using tree = tempTree({ ...FILES, 'package.json': manifest });
    const withDefault = ['with-default:Site.make', 'with-default:default.make', 'with-default:make'];
    const results = await loadInProcess(tree.folder, [...WORKING, ...withDefault], { loader });
    expect(results).toEqual([
      { value: 'HELLO from site' },
      { value: 'HELLO from site' },
      { value: 'HELLO from site' },
      { value: 'HELLO' },
      { value: 'HELLO' },
      { value: 'HELLO from site' },
      { value: 'HELLO from site' },
      { value: 'HELLO from site' },
    ]);
  });

  it('tells what is wrong with a module, and goes on', async () => {
    using tree = tempTree({ ...FILES, 'package.json': manifest });
    const names = [
      'has-a-syntax-error',
      'imports-missing-package',
      'imports-missing-file',
      'throws-at-import',
      'apps',
    ];
    const results = await loadInProcess(
      tree.folder,
      names.map((name) => `${name}:${name === 'apps' ? 'Site.make' : 'make'}`),
      { loader },
    );
    expect(results.map((one) => ('code' in one ? one.code : one.value))).toEqual([
      'module-failed',
      'module-failed',
      'module-failed',
      'module-failed',
      'HELLO from site',
    ]);
    const messages = results.map((one) => ('message' in one ? one.message : ''));
    expect(messages[0]).toContain('has-a-syntax-error.ts');
    expect(messages[1]).toContain(
      'imports-missing-package.ts imports "no-such-driver", which is not installed',
    );
    expect(messages[2]).toMatch(/imports-missing-file\.ts imports ".*gone\.js", which does not exist/);
    expect(messages[3]).toContain('TypeError');
    expect(messages[3]).toContain('(throws-at-import.ts:3:');
    expect(results.map((one) => ('at' in one ? one.at : null))).toEqual([
      // oxc-node tells of no line.
      loader === 'oxc-node' ? null : 'has-a-syntax-error.ts:2:14',
      ...[null, null, expect.stringMatching(/^throws-at-import\.ts:3:/), null],
    ]);
  });
});

describe('tsx beside a package.json that says nothing of modules', () => {
  it('says how a module becomes one that may await at its top', async () => {
    using tree = tempTree({ 'waits.ts': 'await null;\nexport const make = () => 1;\n' });
    const [result] = await loadInProcess(tree.folder, ['waits:make'], { loader: 'tsx' });
    expect(result).toMatchObject({
      code: 'module-failed',
      hint: expect.stringContaining('end its name with .mts or .mjs'),
    });
  });
});

describe('a loader that is named', () => {
  it('lets JavaScript import TypeScript', async () => {
    using tree = tempTree({ ...FILES, 'package.json': '{"type": "module"}' });
    expect(await loadInProcess(tree.folder, ['plain:Site.make'], { loader: 'tsx' })).toEqual([
      { value: 'HELLO from site' },
    ]);
  });

  it('is what the hint asks for where JavaScript imports TypeScript without one', async () => {
    using tree = tempTree({ ...FILES, 'package.json': '{"type": "module"}' });
    const [result] = await loadInProcess(tree.folder, ['plain:Site.make'], { loader: 'none' });
    expect(result).toMatchObject({
      code: 'module-failed',
      hint: 'ts_loader = tsx in [wsgi-serve] loads TypeScript wherever it is imported',
    });
  });

  it('may have been started by --import before, and is started no second time', async () => {
    using tree = tempTree({ ...FILES, 'package.json': '{"type": "module"}' });
    const url = await tsLoaderImport('tsx', tree.folder, null);
    const flags = ['--import', url ?? ''];
    const results = await loadInProcess(tree.folder, WORKING, { loader: 'tsx', flags });
    expect(results.map((one) => 'value' in one)).toEqual([true, true, true, true, true]);
  });
});
