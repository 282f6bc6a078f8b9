// PEP 3333's example of middleware: a filter that turns text/plain into pig Latin, iterated or written.
// A filter is a function from app to app, as build and every factory take it; what the class of the original kept
// for one request lives in the closure of that request.
import { isThenable } from './body.js';
import { wrapBody } from './wrap-body.js';
import type { Chunk, StartResponse, WsgiApp, WsgiBody } from './wsgi-types.js';

/**
 * Puts `app` under a Latinator: what it sends as exactly `text/plain` becomes pig Latin, and loses its Content-Length.
 * Chunks are turned one by one, so that a word which two of them share is turned in two parts.
 */
export function latinator(app: WsgiApp): WsgiApp {
  return (environ, startResponse) => {
    // Decided anew by each startResponse: an error page after a change of mind may be of another type.
    let latin = false;
    const startLatin: StartResponse = (status, headers, excInfo) => {
      const list = [...headers];
      latin = list.some(([name, value]) => name.toLowerCase() === 'content-type' && value === 'text/plain');
      const kept = latin ? list.filter(([name]) => name.toLowerCase() !== 'content-length') : list;
      const write = startResponse(status, kept, excInfo);
      return latin ? (chunk) => write(piglatin(chunk)) : write;
    };
    const wrap = (body: WsgiBody): WsgiBody =>
      wrapBody(body, { chunk: (chunk) => (latin ? piglatin(chunk) : chunk) });
    const body = app(environ, startLatin);
    return isThenable(body) ? Promise.resolve(body).then(wrap) : wrap(body);
  };
}

/**
 * Each word of A to Z in pig Latin: the consonants it begins with (`qu` is one) move to its end and `ay` follows; `way`
 * where it begins with a vowel. A first capital stays first. Every other character or byte stays what it is.
 */
export function piglatin(chunk: string): string;
export function piglatin(chunk: Chunk): Chunk;
export function piglatin(chunk: Chunk): Chunk {
  if (typeof chunk === 'string') return chunk.replace(WORD, latinWord);
  // Latin-1 maps every byte to a character and back: what is no letter passes whatever its encoding.
  return Buffer.from(Buffer.from(chunk).toString('latin1').replace(WORD, latinWord), 'latin1');
}

const WORD = /[A-Za-z]+/g;

function latinWord(word: string): string {
  const lead = /^(?:y?[^aeiouy]*qu|y?[^aeiouy]*)/i.exec(word)?.[0] ?? '';
  const rest = word.slice(lead.length);
  if (lead === '') return `${word}way`;
  if (!/^[A-Z]/.test(word)) return `${rest}${lead}ay`;
  const turned = `${rest}${lead.charAt(0).toLowerCase()}${lead.slice(1)}ay`;
  return turned.charAt(0).toUpperCase() + turned.slice(1);
}
