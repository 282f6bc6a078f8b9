import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { callApp } from '../../src/gateway/in-process.js';
import { latinator, piglatin } from '../../src/gateway/latinator.js';
import { lint } from '../../src/gateway/lint.js';
import type { Header, WsgiApp, WsgiBody } from '../../src/gateway/wsgi-types.js';

/** Under lint on both sides. */
const latin = (app: WsgiApp): WsgiApp => lint(latinator(lint(app)));

const PLAIN: Header[] = [['Content-Type', 'text/plain']];
const returning = (body: () => WsgiBody | Promise<WsgiBody>, headers: Iterable<Header> = PLAIN): WsgiApp => {
  return (_environ, startResponse) => {
    startResponse('200 OK', headers);
    return body();
  };
};

describe('pig Latin', () => {
  it.each([
    ['hello', 'ellohay'],
    ['Hello', 'Ellohay'],
    ['apple', 'appleway'],
    ['I', 'Iway'],
    ['string', 'ingstray'],
    ['quick', 'ickquay'],
    ['square', 'aresquay'],
    ['yellow', 'ellowyay'],
    ['rhythm', 'ythmrhay'],
    ['nth', 'nthay'],
    ['Hello, World! 42', 'Ellohay, Orldway! 42'],
    ["don't", "onday'tay"],
    ['', ''],
    ['\u00e9t\u00e9', '\u00e9tay\u00e9'],
  ])('%j is %j', (english, latinText) => {
    expect(piglatin(english)).toBe(latinText);
    expect(String(piglatin(Buffer.from(english)))).toBe(latinText);
  });

  it('leaves every byte that is no letter as it is', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).filter(
      (byte) => !/[a-z]/i.test(String.fromCharCode(byte)),
    );
    expect(piglatin(Buffer.from(bytes))).toEqual(Buffer.from(bytes));
  });
});

describe('the Latinator', () => {
  it.each<[string, () => WsgiBody | Promise<WsgiBody>]>([
    ['a string', () => 'hello world'],
    ['a promise of a string', async () => 'hello world'],
    ['an array', () => [Buffer.from('hello '), Buffer.from('world')]],
    ['a generator', () => ['hello ', 'world'].values()],
    ['an async generator', () => Readable.from([Buffer.from('hello '), Buffer.from('world')]).iterator()],
    ['a stream', () => Readable.from([Buffer.from('hello '), Buffer.from('world')])],
  ])('turns %s', async (_kind, body) => {
    expect(await callApp(latin(returning(body)))).toMatchObject({ text: 'ellohay orldway', errors: [] });
  });

  it('rule 63: turns exactly text/plain, under any case of the name', async () => {
    const textWith = async (...header: Header) =>
      (await callApp(latin(returning(() => 'hello', [header])))).text;
    expect(await textWith('content-TYPE', 'text/plain')).toBe('ellohay');
    expect(await textWith('Content-Type', 'text/plain; charset=utf-8')).toBe('hello');
    expect(await textWith('Content-Type', 'text/html')).toBe('hello');
    expect(await textWith('Content-Type', 'Text/Plain')).toBe('hello');
  });

  it('takes headers of any iterable', async () => {
    const answer = await callApp(latinator(returning(() => 'hello', new Map(PLAIN))));
    expect(answer).toMatchObject({ text: 'ellohay', errors: [] });
  });

  it('rule 62: drops Content-Length where it turns, and only there', async () => {
    const length: Header = ['content-length', '5'];
    const turned = await callApp(latin(returning(() => 'hello', [...PLAIN, length])));
    expect(turned.headers).toEqual([...PLAIN, ['Content-Length', '7']]);
    const html: Header = ['Content-Type', 'text/html'];
    expect((await callApp(latin(returning(() => 'hello', [html, length])))).headers).toEqual([html, length]);
  });

  it('turns what is written as well as what is returned', async () => {
    const app: WsgiApp = (_environ, startResponse) => {
      void startResponse('200 OK', PLAIN)(Buffer.from('hello '));
      return [Buffer.from('world')];
    };
    expect((await callApp(latin(app))).text).toBe('ellohay orldway');
  });

  it('rule 42: decides anew where an app changes its mind, and passes the error on', async () => {
    const app: WsgiApp = function* (_environ, startResponse) {
      startResponse('200 OK', PLAIN);
      yield '';
      startResponse('500 Oops', [['Content-Type', 'text/html']], new TypeError('why'));
      yield 'hello';
    };
    expect(await callApp(latin(app))).toMatchObject({ status: 500, text: 'hello', errors: [] });
  });

  it('waits for an app that calls startResponse with its first chunk', async () => {
    const app: WsgiApp = function* (_environ, startResponse) {
      startResponse('200 OK', PLAIN);
      yield 'hello';
    };
    expect((await callApp(latin(app))).text).toBe('ellohay');
  });

  it('turns chunk by chunk: a word that two of them share is turned in two parts', async () => {
    expect((await callApp(latin(returning(() => ['hel', 'lo'])))).text).toBe('elhayolay');
  });

  it('rule 61: forwards close, and has none of its own', async () => {
    let closed = 0;
    const body = (): WsgiBody =>
      Object.assign(['hello'], {
        close: () => {
          closed += 1;
        },
      });
    await callApp(latin(returning(body)));
    expect(closed).toBe(1);
    const environ = {} as never;
    const plain = latinator(returning(() => ['hello'].values()))(environ, () => async () => undefined);
    expect('close' in Object(plain)).toBe(false);
  });
});
