// What runs in the browser: a file of its own rather than text within each page, as most policies of pages allow the
// scripts of their own origin and no other. Served and named in pages by live-reload.ts.
import { escapeHtml } from '../escape-html.js';

/** Below the mount. */
export const EVENTS_PATH = '/.wsgi-serve/live';
export const SCRIPT_PATH = `${EVENTS_PATH}.js`;

/** What a page gets behind its end: ASCII alone. `mount` is decoded, as SCRIPT_NAME is. */
export function scriptTag(mount: string, generation: string): string {
  const source = escapeHtml(encodeURI(mount) + SCRIPT_PATH);
  return `\n<script async src="${source}" data-generation="${asciiHtml(generation)}"></script>\n`;
}

function asciiHtml(text: string): string {
  return escapeHtml(text).replace(/[^ -~]/gu, (character) => `&#${character.codePointAt(0)};`);
}

/**
 * Listens for the generation that serves, and loads the page anew when it is not the page's own. A browser has few
 * connections for all pages of an origin (six, with HTTP/1.1), so only one of the pages that are seen listens, and tells
 * the others; it is the next one's turn when it is hidden or gone. A frame does not listen either, as it comes anew with
 * its page. A page that came back as it was, out of some cache, is not loaded again and again.
 */
export const SCRIPT: Uint8Array = Buffer.from(`(() => {
  if (self !== top) return;
  const { src, dataset } = document.currentScript;
  const EVENTS = src.slice(0, -'.js'.length);
  const RELOADED = 'wsgi-serve: reloaded for';
  const [SHORTEST, LONGEST] = [100, 5000];
  let seen = null;

  const hear = (generation) => {
    if (generation === dataset.generation) sessionStorage.removeItem(RELOADED);
    else if (sessionStorage.getItem(RELOADED) !== generation) {
      sessionStorage.setItem(RELOADED, generation);
      location.reload();
    }
  };
  const listen = (pages, signal) => {
    let source = null;
    let served = null;
    let since = 0;
    let pause = SHORTEST;
    const close = () => {
      source.close();
      served = null;
    };
    const open = () => {
      if (signal.aborted) return;
      since = performance.now();
      source = new EventSource(EVENTS);
      source.onmessage = ({ data }) => {
        served = data;
        pages.postMessage({ served });
        hear(served);
      };
      source.onerror = () => {
        close();
        pause = performance.now() - since > LONGEST ? SHORTEST : Math.min(2 * pause, LONGEST);
        setTimeout(open, pause);
      };
    };
    // Either what another page shows is old, or what was heard is.
    pages.addEventListener('message', ({ data: { shown } }) => {
      if (shown === undefined || served === null || shown === served) return;
      close();
      open();
    });
    open();
    return new Promise((left) => signal.addEventListener('abort', () => left(close())));
  };
  const show = () => {
    if (document.hidden || seen !== null) return;
    seen = new AbortController();
    const { signal } = seen;
    const pages = new BroadcastChannel(EVENTS);
    pages.addEventListener('message', ({ data: { served } }) => served !== undefined && hear(served));
    signal.addEventListener('abort', () => pages.close());
    const turn = () => listen(pages, signal);
    // Only origins that are secure, as those of this machine are, have locks: elsewhere every page listens.
    if (navigator.locks === undefined) turn();
    else navigator.locks.request(EVENTS, { signal }, turn).catch(() => undefined);
    pages.postMessage({ shown: dataset.generation });
  };
  const hide = () => {
    seen?.abort();
    seen = null;
  };
  document.addEventListener('visibilitychange', () => (document.hidden ? hide() : show()));
  show();
})();
`);
