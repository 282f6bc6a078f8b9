import { describe, expect, it } from '@jest/globals';
import { toWsgi } from '../../src/gateway/bridges.js';
import { callApp, type InProcessRequest } from '../../src/gateway/in-process.js';
import { lint } from '../../src/gateway/lint.js';
import { failurePage } from '../../src/supervise/failure-page.js';
import { createLiveReload } from '../../src/supervise/live-reload.js';
import type { Failure } from '../../src/supervise/messages.js';

const FAILURE: Failure = {
  text: [
    'deploy.ini:14:5: [pipeline:main] uses filter "<script>alert(1)</script>", which is not defined',
    ' > 14 |     gzpi & "auth" app',
    '      |     ^^^^',
    '\x1b[31mred\x1b[39m',
  ].join('\n'),
  code: 'no-section',
  message: 'uses filter "<script>alert(1)</script>", which is not defined',
  exitCode: 2,
  place: { file: '/srv/deploy.ini', line: 14, column: 5 },
};

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8';

async function ask(accept: string | null, request: InProcessRequest = {}, failure = FAILURE) {
  const warnings: string[] = [];
  const app = lint(toWsgi(failurePage(failure)), { warn: (message) => warnings.push(message) });
  const headers: [string, string][] = accept === null ? [] : [['Accept', accept]];
  const answer = await callApp(app, { headers, ...request });
  const fields = Object.fromEntries(answer.headers.map(([name, value]) => [name.toLowerCase(), value]));
  return { ...answer, fields, type: fields['content-type'], warnings };
}

describe('the page of a failed build', () => {
  it('is a page for browsers, with the failure as text and nothing of it as HTML', async () => {
    const { status, type, text, fields, errors, warnings } = await ask(BROWSER);
    expect([status, type, fields['cache-control']]).toEqual([500, 'text/html; charset=utf-8', 'no-store']);
    expect(text).toContain('<pre>deploy.ini:14:5: [pipeline:main] uses filter &quot;&lt;script&gt;alert(1)');
    expect(text).toContain(' &gt; 14 |     gzpi &amp; &quot;auth&quot; app\n      |     ^^^^\nred</pre>');
    expect(text).toContain('<title>no-section: uses filter &quot;&lt;script&gt;');
    expect(text).not.toMatch(/<script|\x1b/);
    expect([errors, warnings]).toEqual([[], []]);
  });

  it.each([
    ['application/json'],
    ['application/vnd.api+json, text/plain'],
    ['*/*'],
    ['image/avif,image/webp'],
    ['text/html;q=0, */*'],
    [null],
  ])('is a problem document for those who accept %s', async (accept) => {
    const { status, type, text, warnings } = await ask(accept);
    expect([status, type, warnings]).toEqual([500, 'application/problem+json', []]);
    expect(JSON.parse(text)).toEqual({
      type: 'about:blank',
      title: 'Internal Server Error',
      status: 500,
      detail: FAILURE.message,
      code: 'no-section',
      file: '/srv/deploy.ini',
      line: 14,
      column: 5,
      text: FAILURE.text.replaceAll(/\x1b\[\d+m/g, ''),
    });
  });

  it('leaves out of a problem document where a failure has no place', async () => {
    const { text } = await ask('application/json', {}, { ...FAILURE, place: null });
    expect(Object.keys(JSON.parse(text))).toEqual(['type', 'title', 'status', 'detail', 'code', 'text']);
  });

  it.each([['text/plain'], ['text/css, text/*;q=0.1']])('is text for those who accept %s', async (accept) => {
    const { status, type, text } = await ask(accept);
    expect([status, type]).toEqual([500, 'text/plain; charset=utf-8']);
    expect(text).toBe(`${FAILURE.text.replaceAll(/\x1b\[\d+m/g, '')}\n`);
  });

  it('answers every method and every path, HEAD with the head alone', async () => {
    const get = await ask(BROWSER, { target: '/any/path?x' });
    const head = await ask(BROWSER, { method: 'HEAD' });
    const post = await ask(BROWSER, { method: 'POST', body: 'a=1' });
    expect(post.text).toBe(get.text);
    expect([head.text, head.status, head.headers]).toEqual(['', 500, get.headers]);
    expect(get.fields['content-length']).toBe(String(get.body.length));
    expect([head.errors, head.warnings, post.errors]).toEqual([[], [], []]);
  });

  it('gets the script of live reload that brings the browser back', async () => {
    const app = toWsgi(createLiveReload(3).filter(failurePage(FAILURE)));
    const page = await callApp(app, { headers: [['Accept', BROWSER]] });
    expect(page.status).toBe(500);
    expect(page.text).toMatch(/<script async src="[^"]*" data-generation="3"><\/script>\n$/);
    expect(page.errors).toEqual([]);
    const script = await callApp(app, { target: '/.wsgi-serve/live.js' });
    expect(script.status).toBe(200);
  });
});
