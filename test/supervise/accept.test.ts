import { describe, expect, it } from '@jest/globals';
import { callApp } from '../../src/gateway/in-process.js';
import type { Environ } from '../../src/gateway/wsgi-types.js';
import { acceptedRanges } from '../../src/supervise/accept.js';

async function rangesOf(...accept: readonly string[]): Promise<readonly string[]> {
  let seen: Environ | null = null;
  const headers = accept.map((value): [string, string] => ['Accept', value]);
  await callApp(
    (environ, startResponse) => {
      seen = environ;
      startResponse('204 No Content', []);
      return [];
    },
    { headers },
  );
  return seen === null ? [] : acceptedRanges(seen);
}

describe('what a client accepts', () => {
  it('is read without parameters and in lower case', async () => {
    expect(await rangesOf('Text/HTML;level=1, application/xml ; q=0.9,*/*;q=0.8')).toEqual([
      'text/html',
      'application/xml',
      '*/*',
    ]);
  });

  it('is nothing that it refuses', async () => {
    expect(await rangesOf('text/html;q=0, text/plain; Q=0.000, image/png;q=0.001')).toEqual(['image/png']);
  });

  it('is read from several headers', async () => {
    expect(await rangesOf('text/html', 'text/plain')).toEqual(['text/html', 'text/plain']);
  });

  it('is an empty list where it says nothing', async () => {
    expect(await rangesOf()).toEqual([]);
    expect(await rangesOf('', ' , ')).toEqual([]);
  });
});
