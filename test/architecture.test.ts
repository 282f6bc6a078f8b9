import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const ROOT = resolve(import.meta.dirname, '../..');
const SRC = join(ROOT, 'src');

/** The steps of the pipeline; a file imports only from its own step and from those before it. */
const ORDER = [
  'source',
  'errors',
  'log',
  'ini',
  'config',
  'load',
  'gateway',
  'build',
  'paste',
  'listen',
  'supervise',
  'cli',
];

/** Packages and modules that exactly these places may import. */
const OWNERS: Record<string, readonly string[]> = {
  pino: ['log.ts'],
  'pino-pretty': ['log.ts'],
  commander: ['cli/main.ts'],
  ini: ['config/flat.ts'],
  chokidar: ['supervise/watcher.ts'],
};

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly to: string | null;
  readonly isStatic: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const imports = files.flatMap(importsOf);

describe('the source tree', () => {
  it('has files to look at', () => {
    expect(files.length).toBeGreaterThan(30);
    expect(imports.length).toBeGreaterThan(60);
  });

  it('imports along the pipeline only', () => {
    const backwards = imports.filter(({ from, to }) => to !== null && stepOf(to) > stepOf(from));
    expect(backwards.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it('has no step outside the pipeline', () => {
    expect(files.filter((file) => file !== 'index.ts' && stepOf(file) === -1)).toEqual([]);
  });

  it('lets nobody inside import the public index', () => {
    expect(imports.filter(({ to }) => to === 'index.ts')).toEqual([]);
  });

  it('has no cycles', () => {
    expect(findCycle()).toBeNull();
  });

  it('imports only files that exist', () => {
    const missing = imports.filter(({ to }) => to !== null && !files.includes(to));
    expect(missing).toEqual([]);
  });

  it('gives each package one importer', () => {
    const strays = imports.filter(
      ({ from, specifier }) => OWNERS[specifier] && !OWNERS[specifier].includes(from),
    );
    expect(strays).toEqual([]);
  });

  it('keeps node:http out of everything but its engine and the listeners', () => {
    const importers = imports.filter(({ specifier }) => specifier === 'node:http').map(({ from }) => from);
    expect(importers.filter((file) => !/^(listen\/|gateway\/node)/.test(file))).toEqual([]);
  });

  it('opens every file with a comment that says what it is', () => {
    expect(files.filter((file) => !/^\/\/ \S/.test(read(file)))).toEqual([]);
  });

  it('has no file over 300 lines', () => {
    expect(files.filter((file) => read(file).split('\n').length > 300)).toEqual([]);
  });

  it('throws bare errors only where a bug of ours would show', () => {
    const bare = files.flatMap((file) => read(file).match(/throw new Error\(/g) ?? []);
    expect(bare.length).toBeLessThanOrEqual(3);
  });
});

function read(file: string): string {
  return readFileSync(join(SRC, file), 'utf8');
}

function importsOf(file: string): Import[] {
  const pattern =
    /^(?:import|export)\b[^'"]*?from\s*'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;
  return [...read(file).matchAll(pattern)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    return { from: file, specifier, to: target(file, specifier), isStatic: match[3] === undefined };
  });
}

function target(file: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null;
  return relative(SRC, resolve(SRC, dirname(file), specifier)).replace(/\.js$/, '.ts');
}

function stepOf(file: string): number {
  return file === 'index.ts' ? ORDER.length : ORDER.indexOf(file.split('/')[0]?.replace(/\.ts$/, '') ?? '');
}

/** Depth first over static imports; the first chain that comes back to where it was. */
function findCycle(): string | null {
  const done = new Set<string>();
  const visit = (file: string, chain: readonly string[]): string | null => {
    if (chain.includes(file)) return [...chain.slice(chain.indexOf(file)), file].join(' -> ');
    if (done.has(file)) return null;
    for (const { to, isStatic } of imports.filter(({ from }) => from === file)) {
      const cycle = to !== null && isStatic ? visit(to, [...chain, file]) : null;
      if (cycle !== null) return cycle;
    }
    done.add(file);
    return null;
  };
  for (const file of files) {
    const cycle = visit(file, []);
    if (cycle !== null) return cycle;
  }
  return null;
}
