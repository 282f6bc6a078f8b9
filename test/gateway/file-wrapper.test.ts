import { appendFileSync, createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { errorStream } from '../../src/gateway/error-stream.js';
import { fileWrapper } from '../../src/gateway/file-wrapper.js';
import { callApp, InProcessExchange } from '../../src/gateway/in-process.js';
import { lint } from '../../src/gateway/lint.js';
import { nodeHandlers } from '../../src/gateway/node-handler.js';
import { wrapBody } from '../../src/gateway/wrap-body.js';
import { runWsgi } from '../../src/gateway/wsgi.js';
import type { Chunk, FileLike, Header, WsgiApp } from '../../src/gateway/wsgi-types.js';
import { eventually } from '../helpers/eventually.js';
import { serveForTest } from '../helpers/raw-http.js';
import { type TempTree, tempTree } from '../helpers/temp-tree.js';

const PLAIN: Header = ['Content-Type', 'text/plain'];
const TEXT = 'The quick brown fox jumps over the lazy dog.';
/** Only Linux tells the position of a file, and without it no size. */
const TELLS_POSITION = process.platform === 'linux';

const trees: TempTree[] = [];

afterEach(() => {
  for (const tree of trees.splice(0)) tree[Symbol.dispose]();
});

function fileOf(text = TEXT): string {
  const tree = tempTree({ 'file.txt': text });
  trees.push(tree);
  return join(tree.folder, 'file.txt');
}

/** An app that returns the file of `make` in the server's wrapper. */
const wrapping = (
  make: () => FileLike | Promise<FileLike>,
  headers: readonly Header[] = [PLAIN],
  status = '200 OK',
  blockSize?: number,
): WsgiApp => {
  return async (environ, startResponse) => {
    startResponse(status, headers);
    return environ['wsgi.file_wrapper']?.(await make(), blockSize) ?? [];
  };
};

/** A file of nothing but read and close, which tells what is asked of it. */
function countedFile(...blocks: (Chunk | null)[]): { file: FileLike; asked: number[]; closed: () => number } {
  const asked: number[] = [];
  let closes = 0;
  const file = {
    read: (size: number) => {
      asked.push(size);
      return blocks.shift() ?? null;
    },
    close: () => {
      closes += 1;
    },
  };
  return { file, asked, closed: () => closes };
}

const length = (size: number): Header => ['Content-Length', String(size)];
const isClosed = (file: FileHandle | null): boolean => file?.fd === -1;

describe('wsgi.file_wrapper', () => {
  it.each<[string, (path: string) => FileLike | Promise<FileLike>]>([
    ['a FileHandle', (path) => open(path)],
    ['a ReadStream', (path) => createReadStream(path)],
    ['a ReadStream of text', (path) => createReadStream(path, 'utf8')],
    [
      'another Readable',
      () => Readable.from([TEXT.slice(0, 9), '', TEXT.slice(9)].map((text) => Buffer.from(text))),
    ],
    ['something with read', () => countedFile(TEXT).file],
    ['something with a read that takes its time', () => ({ read: readLater(Buffer.from(TEXT)) })],
  ])('rule 58: takes %s, and lint finds nothing in it', async (_kind, make) => {
    const path = fileOf();
    for (const app of [wrapping(() => make(path)), lint(wrapping(() => make(path)))]) {
      expect(await callApp(app)).toMatchObject({ status: 200, text: TEXT, aborted: false, errors: [] });
    }
  });

  it.each<[string, unknown]>([
    ['a path', '/etc/hosts'],
    ['nothing', undefined],
    ['null', null],
    ['an object without read', {}],
    ['bytes', Buffer.from('a')],
  ])('rule 58: refuses %s', async (_kind, file) => {
    const answer = await callApp(wrapping(() => file as FileLike));
    expect(answer).toMatchObject({ status: 500, errors: [{ code: 'contract' }] });
    expect(answer.errors[0]?.message).toMatch(/FileHandle/);
  });

  it.each([0, -1, 1.5, Number.NaN])('rule 58: refuses %d as the size of a block', (size) => {
    expect(() => fileWrapper(countedFile().file, size)).toThrow('size of a block');
  });

  it.each<[string, unknown]>([
    ['a number', 5],
    ['an ArrayBuffer', new ArrayBuffer(3)],
  ])('rule 58: fails the answer where read gives %s, and closes the file', async (_kind, block) => {
    const { file, closed } = countedFile(block as Chunk);
    expect(await callApp(wrapping(() => file))).toMatchObject({
      status: 500,
      errors: [{ code: 'contract' }],
    });
    expect(closed()).toBe(1);
  });

  it('rule 58: reads nothing, and sends nothing, before the app has returned', async () => {
    const { file, asked } = countedFile(TEXT);
    const exchange = new InProcessExchange();
    const seen: unknown[] = [];
    const app: WsgiApp = async (environ, startResponse) => {
      startResponse('200 OK', [PLAIN]);
      const body = environ['wsgi.file_wrapper']?.(file) ?? [];
      await Promise.resolve();
      seen.push([...asked], exchange.answer.status);
      return body;
    };
    await run(app, exchange);
    expect(seen).toEqual([[], 0]);
    expect(exchange.answer).toMatchObject({ status: 200, text: TEXT });
  });

  it.each<[string, Chunk | null]>([
    ['null', null],
    ['no bytes', Buffer.alloc(0)],
    ['an empty string', ''],
  ])('rule 58: is at its end where read gives %s', async (_what, end) => {
    const { file, asked } = countedFile(TEXT, end, 'more');
    expect(await callApp(wrapping(() => file))).toMatchObject({ text: TEXT, errors: [] });
    expect(asked).toHaveLength(2);
  });

  it('rule 58: asks for blocks of the size that is given, 8192 by default, where a filter reads it', async () => {
    for (const [given, expected] of [
      [undefined, 8192],
      [100, 100],
    ] as const) {
      const { file, asked } = countedFile(TEXT);
      await callApp(iterating(wrapping(() => file, [PLAIN], '200 OK', given)));
      expect(asked).toEqual([expected, expected]);
    }
  });
});

describe('the size of a file', () => {
  const sized = TELLS_POSITION ? it : it.skip;

  sized('rule 58: is the Content-Length where the app gives none', async () => {
    const answer = await callApp(wrapping(() => open(fileOf())));
    expect(answer.headers).toEqual([PLAIN, length(TEXT.length)]);
    expect((await callApp(wrapping(() => open(fileOf(''))))).headers).toEqual([PLAIN, length(0)]);
  });

  sized('rule 58: is counted from where the file stands', async () => {
    const ahead = async (size: number): Promise<FileHandle> => {
      const file = await open(fileOf());
      await file.read(Buffer.alloc(size), 0, size, null);
      return file;
    };
    const answer = await callApp(wrapping(() => ahead(4)));
    expect(answer).toMatchObject({ text: TEXT.slice(4), headers: [PLAIN, length(TEXT.length - 4)] });
    const atEnd = await callApp(wrapping(() => ahead(TEXT.length)));
    expect(atEnd).toMatchObject({ text: '', headers: [PLAIN, length(0)], errors: [] });
  });

  sized('rule 58: is not told of what was written before', async () => {
    const app: WsgiApp = async (environ, startResponse) => {
      void startResponse('200 OK', [PLAIN])('before ');
      return environ['wsgi.file_wrapper']?.(await open(fileOf())) ?? [];
    };
    expect(await callApp(app)).toMatchObject({ text: `before ${TEXT}`, headers: [PLAIN], errors: [] });
  });

  sized('rule 58: binds: of a file that grows no more is sent', async () => {
    const path = fileOf();
    const file = await open(path);
    const stat = file.stat.bind(file);
    const growing = Object.assign(file, {
      stat: async () => {
        const seen = await stat();
        appendFileSync(path, 'and more');
        return seen;
      },
    });
    const answer = await callApp(wrapping(() => growing));
    expect(answer).toMatchObject({ headers: [PLAIN, length(TEXT.length)], aborted: false, errors: [] });
    expect(answer.text).toBe(TEXT);
  });

  sized('rule 58: is not taken from a pipe, which only tells what waits in it', async () => {
    const pipe = async (): Promise<FileHandle> =>
      Object.assign(await open(fileOf()), { stat: async () => ({ isFile: () => false, size: 3 }) });
    expect(await callApp(wrapping(pipe))).toMatchObject({ text: TEXT, headers: [PLAIN], errors: [] });
  });

  it('rule 58: is not taken from files that have none', async () => {
    const answer = await callApp(wrapping(() => open(TELLS_POSITION ? '/proc/self/status' : '/dev/null')));
    expect(answer).toMatchObject({ status: 200, headers: [PLAIN], errors: [] });
    if (TELLS_POSITION) expect(answer.text).toMatch(/^Name:/);
  });
});

describe('a file with a Content-Length of the app', () => {
  it.each<[string, (path: string) => FileLike | Promise<FileLike>]>([
    ['a FileHandle', (path) => open(path)],
    ['a ReadStream', (path) => createReadStream(path)],
    ['something with read', () => ({ read: () => TEXT })],
  ])('rule 58: sends a range of %s, and no byte more', async (_kind, make) => {
    const path = fileOf();
    const headers = [PLAIN, ['Content-Range', 'bytes 0-8/44'] as const, length(9)];
    const answer = await callApp(wrapping(() => make(path), headers, '206 Partial Content'));
    expect(answer).toMatchObject({ status: 206, text: 'The quick', headers, aborted: false, errors: [] });
  });

  it('rule 58: reads no more of the file than it sends', async () => {
    const { file, asked } = countedFile('The ', 'quick', 'brown');
    expect(await callApp(wrapping(() => file, [PLAIN, length(9)]))).toMatchObject({ text: 'The quick' });
    expect(asked).toEqual([9, 5]);
  });

  it('rule 58: counts what was written before', async () => {
    const app: WsgiApp = async (environ, startResponse) => {
      void startResponse('200 OK', [PLAIN, length(10)])('before ');
      return environ['wsgi.file_wrapper']?.(await open(fileOf())) ?? [];
    };
    expect(await callApp(app)).toMatchObject({ text: 'before The', errors: [] });
  });

  it('rule 58: is broken off where the file is shorter', async () => {
    const answer = await callApp(wrapping(() => open(fileOf()), [PLAIN, length(100)]));
    expect(answer).toMatchObject({ text: TEXT, aborted: true });
    expect(answer.errors[0]?.message).toMatch(/56 bytes short/);
  });
});

describe('the end of a file', () => {
  it('rule 58: is read for HEAD not at all, and closed', async () => {
    const { file, asked, closed } = countedFile(TEXT);
    const answer = await callApp(
      wrapping(() => file, [PLAIN, length(44)]),
      { method: 'HEAD' },
    );
    expect(answer).toMatchObject({ status: 200, text: '', headers: [PLAIN, length(44)], errors: [] });
    expect([asked, closed()]).toEqual([[], 1]);
  });

  it.each<[string, (app: WsgiApp) => WsgiApp]>([
    ['sent as it is', (app) => app],
    ['read by a filter', (app) => iterating(app)],
    ['under lint', (app) => lint(app)],
  ])('rule 58: closes the file once, %s', async (_how, filter) => {
    const { file, closed } = countedFile('a', 'b');
    expect(await callApp(filter(wrapping(() => file)))).toMatchObject({ text: 'ab', errors: [] });
    expect(closed()).toBe(1);
    let handle: FileHandle | null = null;
    const opening = async (): Promise<FileHandle> => {
      handle = await open(fileOf());
      return handle;
    };
    expect(await callApp(filter(wrapping(opening)))).toMatchObject({ text: TEXT, errors: [] });
    expect(isClosed(handle)).toBe(true);
  });

  it('rule 58: closes the file once where it fails, and where closing fails says so once', async () => {
    let closes = 0;
    const file = {
      read: () => Promise.reject(new TypeError('the disk is gone')),
      close: () => {
        closes += 1;
        throw new TypeError('cannot close');
      },
    };
    const answer = await callApp(wrapping(() => file));
    expect(answer).toMatchObject({
      status: 500,
      errors: [{ message: 'the disk is gone' }, { message: 'cannot close' }],
    });
    expect(closes).toBe(1);
  });

  it('rule 58: closes the file once when the client goes away while it is read', async () => {
    const exchange = new InProcessExchange();
    let closes = 0;
    let reading = (): void => undefined;
    const isReading = new Promise<void>((resolve) => {
      reading = resolve;
    });
    const file = {
      read: () => {
        reading();
        return new Promise<null>(() => undefined);
      },
      close: () => {
        closes += 1;
      },
    };
    const done = run(
      wrapping(() => file),
      exchange,
    );
    await isReading;
    exchange.disconnect();
    await done;
    expect(closes).toBe(1);
  });

  it('rule 58: closes a stream that nobody reads on', async () => {
    const stream = createReadStream(fileOf());
    await callApp(wrapping(() => stream, [PLAIN, length(3)]));
    expect(stream.destroyed).toBe(true);
  });

  it('rule 58: closing twice closes once', async () => {
    const { file, closed } = countedFile();
    const wrapper = fileWrapper(file);
    await wrapper.close();
    await wrapper.close();
    expect(closed()).toBe(1);
  });

  it('rule 58: a stream that fails before it is read fails the answer and nothing else', async () => {
    const app: WsgiApp = async (environ, startResponse) => {
      startResponse('200 OK', [PLAIN]);
      const stream = createReadStream(fileOf());
      const body = environ['wsgi.file_wrapper']?.(stream) ?? [];
      stream.destroy(new TypeError('the disk is gone'));
      await eventually(() => stream.closed);
      return body;
    };
    expect(await callApp(app)).toMatchObject({
      status: 500,
      errors: [{ message: 'the disk is gone' }],
    });
  });
});

describe('a file over node:http', () => {
  it('rule 58: arrives whole, of many blocks, and its client may leave in the middle', async () => {
    const path = fileOf('0123456789abcdef'.repeat(100_000));
    const handles: FileHandle[] = [];
    const app = wrapping(async () => {
      const file = await open(path);
      handles.push(file);
      return file;
    });
    const errors: Error[] = [];
    const server = await serveForTest(
      nodeHandlers(app, { errors: errorStream(() => undefined), onError: (error) => errors.push(error) }),
    );
    try {
      const answer = await server.ask('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).toBe('0123456789abcdef'.repeat(100_000));
      if (TELLS_POSITION) expect(answer).toMatch(/\r\nContent-Length: 1600000\r\n/);
      const leaver = await server.open();
      leaver.socket.pause();
      leaver.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await eventually(() => handles.length === 2);
      leaver.socket.destroy();
      await eventually(() => handles.every(isClosed));
      expect(errors).toEqual([]);
    } finally {
      await server.close();
    }
  });
});

/** A filter that reads the body of `app` and hands it on chunk by chunk. */
function iterating(app: WsgiApp): WsgiApp {
  return async (environ, startResponse) =>
    wrapBody(await app(environ, startResponse), { chunk: (chunk) => chunk });
}

/** A read that gives `block` and then nothing, each after a while. */
function readLater(block: Buffer): () => Promise<Buffer | null> {
  const blocks: Buffer[] = [block];
  return async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return blocks.shift() ?? null;
  };
}

function run(app: WsgiApp, exchange: InProcessExchange): Promise<void> | undefined {
  return runWsgi(app, exchange, { errors: errorStream(() => undefined), onError: () => undefined });
}
