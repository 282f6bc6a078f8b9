import { availableParallelism } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { readDeployment } from '../../src/config/read-deployment.js';
import { WsgiServeError } from '../../src/errors.js';
import {
  PROGRAM_OPTIONS,
  type ProgramOptions,
  parseProgramOptions,
  programOptionNames,
} from '../../src/listen/program-options.js';

/** Parses the keys of [wsgi-serve], written as lines, in a file whose [DEFAULT] has keys of its own. */
function parse(lines: string): ProgramOptions {
  const text = `[DEFAULT]\ncolour = red\n[wsgi-serve]\n${lines}\n[app:main]\npaste.app_factory = a:b\n[server:main]\n`;
  const { deployment, resolver } = readDeployment('/site.ini', { readFile: () => Buffer.from(text) });
  return parseProgramOptions(deployment.program, resolver);
}

function problemsOf(lines: string): readonly WsgiServeError[] {
  try {
    parse(lines);
  } catch (error) {
    if (error instanceof WsgiServeError) return error.problems;
    throw error;
  }
  return [];
}

describe('the options of the program', () => {
  it('have the defaults of the table where nothing is written', () => {
    const defaults = programOptionNames().map((name) => [name, PROGRAM_OPTIONS[name].fallback]);
    expect(parse('')).toEqual(Object.fromEntries(defaults));
    expect(parse('')).toMatchObject({
      ...{ workers: 0, boot_timeout: 120_000, worker_timeout: 30_000, hold_timeout: 10_000 },
      ...{ preload: true, ready_check: null, watch_files: [], umask: null },
    });
  });

  it.each<[string, ProgramOptions[keyof ProgramOptions]]>([
    ['ts_loader = OXC-node', 'oxc-node'],
    ['start_timeout = 90', 90_000],
    ['workers = 4', 4],
    ['workers = auto', availableParallelism()],
    ['boot_timeout = 0', 0],
    ['ready_check = /health', '/health'],
    ['ready_timeout = 250ms', 250],
    ['worker_timeout = 1.5m', 90_000],
    ['max_worker_memory = 512 MiB', 512 * 1024 ** 2],
    ['max_requests = 1000', 1000],
    ['max_requests_jitter = 50', 50],
    ['max_restarts = 5', 5],
    ['drain_delay = 5s', 5000],
    ['hold_timeout = 3s', 3000],
    ['preload = off', false],
    ['watch_files = templates/**/*.html locale/*', ['templates/**/*.html', 'locale/*']],
    ['pid_file = run/site.pid', 'run/site.pid'],
    ['log_file = site.log', 'site.log'],
    ['user = www-data', 'www-data'],
    ['group = www-data', 'www-data'],
    ['umask = 027', 0o027],
  ])('are converted: %s', (line, value) => {
    const [name = ''] = line.split(' ');
    expect(Object.entries(parse(line)).find(([key]) => key === name)?.[1]).toEqual(value);
  });

  it('are all tried above', () => {
    expect(programOptionNames()).toHaveLength(20);
  });

  it.each([
    ['ts_loader = babel', 'is not one of auto, tsx'],
    ['start_timeout = soon', 'is not a length of time'],
    ['boot_timeout = 25000h', 'of at most 24 days'],
    ['workers = -1', 'is not a number of workers from 0 to 1024'],
    ['workers = 1025', 'is not a number of workers from 0 to 1024'],
    ['workers = all', 'is not a number of workers'],
    ['ready_check =', 'is not a path that begins with'],
    ['max_worker_memory = much', 'is not a size'],
    ['max_requests = -5', 'is not a whole number from 0 on'],
    ['max_restarts = 1.5', 'is not a whole number'],
    ['preload = maybe', 'is not true or false'],
    ['umask = 999', 'is not permissions in octal'],
  ])('that mean nothing are refused: %s', (line, words) => {
    const [problem] = problemsOf(line);
    expect([problem?.code, problem?.message]).toEqual(['bad-value', expect.stringContaining(words)]);
    expect(problem?.place?.origin).toMatchObject({ section: 'wsgi-serve', span: { start: { line: 4 } } });
  });

  it('that are none are refused, with the nearest one that is', () => {
    const [problem] = problemsOf('worker = 2');
    expect(problem?.code).toBe('unknown-option');
    expect(problem?.message).toBe('[wsgi-serve] has "worker", which is no option of the program');
    expect(problem?.hint).toContain('Did you mean "workers"?');
  });

  it('that are wrong are told all at once', () => {
    expect(problemsOf('worker = 2\nworkers = many\numask = x').map(({ code }) => code)).toEqual([
      ...['unknown-option', 'bad-value', 'bad-value'],
    ]);
  });

  it('have nothing to do with the keys of [DEFAULT]', () => {
    expect(problemsOf('')).toEqual([]);
  });
});
