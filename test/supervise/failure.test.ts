import { describe, expect, it } from '@jest/globals';
import { severalProblems, WsgiServeError } from '../../src/errors.js';
import type { Place } from '../../src/source.js';
import { failureOf, plainFailure, problemText } from '../../src/supervise/failure.js';

const PLACE: Place = {
  origin: {
    file: '/srv/site.ini',
    section: 'app:main',
    key: 'use',
    span: { start: { line: 2, column: 7 }, end: { line: 2, column: 11 } },
  },
  source: { path: '/srv/site.ini', text: '[app:main]\nuse = site\n' },
};

describe('a failure', () => {
  it('that the user caused is what is printed, with its place and its exit code', () => {
    const failure = failureOf(new WsgiServeError('module-not-found', 'no module', { place: PLACE }), '/srv');
    expect(failure).toMatchObject({
      ...{ code: 'module-not-found', message: 'no module' },
      place: { file: '/srv/site.ini', line: 2, column: 7 },
    });
    expect(failure.exitCode).toBeGreaterThan(1);
    expect(failure.text).toMatch(/^site\.ini:2:7: no module\n/);
  });

  it('of several problems shows all of them, and is called by the first', () => {
    const first = new WsgiServeError('unknown-option', 'no such option', { place: PLACE });
    const second = new WsgiServeError('bad-value', 'no number');
    const { code, text } = failureOf(severalProblems([first, second]), '/srv');
    expect(code).toBe('unknown-option');
    expect(text).toContain('no such option');
    expect(text).toContain('\n\nwsgi-serve: no number');
  });

  it('that no user can cause says that it is a bug, and shows its stack', () => {
    const failure = failureOf(new TypeError('undefined is not a function'), '/srv');
    expect(failure).toMatchObject({ code: 'bug', exitCode: 1, place: null });
    expect(failure.text).toContain('this is a bug in wsgi-serve');
    expect(failure.text).toMatch(/failure\.test\.[jt]s/);
  });

  it('may be anything that was thrown', () => {
    expect(failureOf('no error at all', '/srv')).toMatchObject({
      code: 'bug',
      message: 'non-Error thrown: no error at all',
    });
  });

  it('without an error behind it is its message', () => {
    expect(plainFailure('it died')).toEqual({
      ...{ text: 'it died', code: 'worker-failed', message: 'it died' },
      ...{ exitCode: 3, place: null },
    });
  });

  it('is data, and the same in another process', () => {
    const failure = failureOf(new WsgiServeError('bad-value', 'no number', { place: PLACE }), '/srv');
    expect(JSON.parse(JSON.stringify(failure))).toEqual(failure);
  });
});

describe('the text of a problem', () => {
  it('has the stack of the user’s own error, and none of ours', () => {
    const cause = new Error('no database');
    const ours = new URL('../../src/build/call-factory.js', import.meta.url).href;
    cause.stack = `Error: no database\n    at make (file:///srv/apps.mjs:3:9)\n    at callFactory (${ours}:5:1)`;
    const text = problemText(
      new WsgiServeError('factory-failed', 'it fails', { place: PLACE, cause }),
      '/srv',
    );
    expect(text).toContain('   Error: no database\n       at make (file:///srv/apps.mjs:3:9)');
    expect(text).not.toContain('callFactory');
  });

  it('has no stack where the cause is the system’s', () => {
    const cause = new Error('EADDRINUSE');
    const text = problemText(new WsgiServeError('address-in-use', 'taken', { cause }), '/srv');
    expect(text).not.toContain('EADDRINUSE');
  });
});
