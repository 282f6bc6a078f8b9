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
 * Listens for the generation that serves, and loads the page anew when it is not the page's own. A page that is not seen
 * does not listen, as a browser has few connections for all pages of an origin, and neither does a frame, which comes
 * anew with its page. A page that came back as it was, out of some cache, is not loaded again and again.
 */
export const SCRIPT: Uint8Array = Buffer.from(`(() => {
  if (self !== top) return;
  const { src, dataset } = document.currentScript;
  const RELOADED = 'wsgi-serve: reloaded for';
  const [SHORTEST, LONGEST] = [100, 5000];
  let source = null;
  let since = 0;
  let pause = SHORTEST;

  const hear = ({ data }) => {
    if (data === dataset.generation) sessionStorage.removeItem(RELOADED);
    else if (sessionStorage.getItem(RELOADED) !== data) {
      sessionStorage.setItem(RELOADED, data);
      location.reload();
    }
  };
  const leave = () => {
    source?.close();
    source = null;
  };
  const listen = () => {
    if (source !== null || document.hidden) return;
    since = performance.now();
    source = new EventSource(src.slice(0, -'.js'.length));
    source.onmessage = hear;
    source.onerror = () => {
      leave();
      pause = performance.now() - since > LONGEST ? SHORTEST : Math.min(2 * pause, LONGEST);
      setTimeout(listen, pause);
    };
  };
  document.addEventListener('visibilitychange', () => (document.hidden ? leave() : listen()));
  listen();
})();
`);
