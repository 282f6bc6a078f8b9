// One answer that may be a page: makes room in the head of a page, and adds a chunk behind its end; any other answer
// stays as it is. Made by live-reload.ts for each request for a page. It holds nothing back.
import type { StartResponse, WsgiBody } from '../../gateway/wsgi-types.js';
import { appendChunk } from './append-chunk.js';
import { isPageHead, withRoom } from './page-head.js';

export class PageAnswer {
  readonly #startResponse: StartResponse;
  readonly #last: Uint8Array;
  /** As the head says that was given last; null before one was. */
  #isPage: boolean | null = null;
  #isHandedBack = false;

  /** `last` is ASCII, and goes behind the end of a page. */
  constructor(startResponse: StartResponse, last: Uint8Array) {
    this.#startResponse = startResponse;
    this.#last = last;
  }

  /** For the app. */
  readonly startResponse: StartResponse = (status, headers, excInfo) => {
    // Read once: an iterator has nothing left for a second time. What is no list at all, the server refuses.
    const list = Symbol.iterator in Object(headers) ? [...headers] : null;
    const isPage = !this.#isHandedBack && list !== null && isPageHead(status, list);
    const write = this.#startResponse(
      status,
      isPage ? withRoom(list, this.#last.length) : (list ?? headers),
      excInfo,
    );
    this.#isPage = isPage;
    return write;
  };

  /** What the app returned, with the last chunk behind it where that is wanted, or may yet be. */
  complete(body: WsgiBody): WsgiBody {
    if (this.#isPage !== false) return appendChunk(body, () => (this.#isPage ? this.#last : null));
    this.#isHandedBack = true;
    return body;
  }
}
