// What a worker in development answers in place of apps that could not be built: the failure, as the client can read it.
// Made by a worker that is told to show one; live-reload.ts, put over it, brings browsers back.
import { stripVTControlCharacters } from 'node:util';
import type { App } from '../gateway/app.js';
import type { Environ, WsgiApp } from '../gateway/wsgi-types.js';
import { acceptedRanges } from './accept.js';
import { escapeHtml } from './escape-html.js';
import type { Failure } from './messages.js';

/**
 * Answers every request with 500: a page to those who accept one, plain text to those who accept text alone, and
 * `application/problem+json` (RFC 9457) to all others. There is no Retry-After: nothing changes before somebody edits a
 * file.
 */
export function failurePage(failure: Failure): App {
  const answers: Readonly<Record<Kind, Uint8Array>> = {
    html: Buffer.from(pageOf(failure)),
    json: Buffer.from(`${JSON.stringify(problemOf(failure), null, 2)}\n`),
    text: Buffer.from(`${readable(failure.text)}\n`),
  };
  const app: WsgiApp = (environ, startResponse) => {
    const kind = kindFor(environ);
    const body = answers[kind];
    startResponse('500 Internal Server Error', [
      ['Content-Type', TYPES[kind]],
      ['Content-Length', String(body.length)],
      ['Cache-Control', 'no-store'],
      ['Vary', 'Accept'],
      ['X-Content-Type-Options', 'nosniff'],
    ]);
    return environ.REQUEST_METHOD === 'HEAD' ? [] : [body];
  };
  return { kind: 'wsgi', app };
}

const TYPES = {
  html: 'text/html; charset=utf-8',
  json: 'application/problem+json',
  text: 'text/plain; charset=utf-8',
} as const;

type Kind = keyof typeof TYPES;

function kindFor(environ: Environ): Kind {
  const ranges = acceptedRanges(environ);
  if (ranges.includes('text/html')) return 'html';
  return ranges.length > 0 && ranges.every((range) => range.startsWith('text/')) ? 'text' : 'json';
}

/** `type` says no more than the status; what kind of failure it is, is our own `code`. */
function problemOf({ code, message, text, place }: Failure): object {
  return {
    type: 'about:blank',
    title: 'Internal Server Error',
    status: 500,
    detail: message,
    code,
    ...place,
    text: readable(text),
  };
}

/** The compilers whose errors are shown write for terminals. */
function readable(text: string): string {
  return stripVTControlCharacters(text);
}

function pageOf({ code, message, text }: Failure): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(code)}: ${escapeHtml(readable(message))}</title>
<style>
:root { color-scheme: light dark }
body { margin: 2em; font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.25em; border-left: .3em solid #d33; padding-left: .6em }
pre { overflow-x: auto; padding: 1em; background: #8882; font: 14px/1.5 ui-monospace, monospace }
</style>
</head>
<body>
<h1>${escapeHtml(readable(message))}</h1>
<pre>${escapeHtml(readable(text))}</pre>
<p>The deployment could not be built, and there is nothing else to serve. Mend what is wrong and save it.</p>
</body>
</html>
`;
}
