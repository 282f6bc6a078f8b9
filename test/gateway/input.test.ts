import { describe, expect, it } from '@jest/globals';
import type { BodyReader } from '../../src/gateway/exchange.js';
import { bodyOf, limitBody, RequestInput } from '../../src/gateway/input.js';

/** A body of these chunks, which counts how often it is asked. */
function bodyWith(...chunks: string[]): BodyReader & { asked: number } {
  const left = chunks.map((chunk) => Buffer.from(chunk));
  return {
    asked: 0,
    async read() {
      this.asked += 1;
      return left.shift() ?? null;
    },
  };
}

const inputOf = (...chunks: string[]): RequestInput => new RequestInput({ body: bodyWith(...chunks) });
const text = (buffers: readonly Buffer[]): string[] => buffers.map(String);

async function linesOf(input: AsyncIterable<Buffer>): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of input) lines.push(String(line));
  return lines;
}

describe('wsgi.input', () => {
  it('rule 22: read() gives all that is left, then nothing, again and again', async () => {
    const input = inputOf('ab', 'cd', 'e');
    expect(String(await input.read(1))).toBe('a');
    expect(String(await input.read())).toBe('bcde');
    for (let time = 0; time < 3; time += 1) expect(await input.read()).toEqual(Buffer.alloc(0));
  });

  it('rule 22: read(size) gives fewer bytes only at the end', async () => {
    const input = inputOf('ab', 'cd', 'e');
    expect(String(await input.read(3))).toBe('abc');
    expect(String(await input.read(0))).toBe('');
    expect(String(await input.read(3))).toBe('de');
    expect(String(await input.read(3))).toBe('');
  });

  it.each([-1, null, undefined])('rule 22: the size %s means all, as in Python', async (size) => {
    expect(String(await inputOf('ab', 'c').read(size))).toBe('abc');
    expect(String(await inputOf('ab', 'c\nd').readline(size))).toBe('abc\n');
    expect((await inputOf('a\nb', '\nc').readlines(size)).map(String)).toEqual(['a\n', 'b\n', 'c']);
  });

  it('rule 22: readline() gives lines with their ends, over the borders of chunks', async () => {
    const input = inputOf('a\nb', 'c', 'd\n\n', 'e');
    const lines: string[] = [];
    for (let index = 0; index < 6; index += 1) lines.push(String(await input.readline()));
    expect(lines).toEqual(['a\n', 'bcd\n', '\n', 'e', '', '']);
  });

  it('rule 22: readline(size) gives a part of a line, and then the rest', async () => {
    const input = inputOf('abc', 'def\ngh');
    const lines: string[] = [];
    for (const size of [2, 3, 1, 5, 5, 5]) lines.push(String(await input.readline(size)));
    expect(lines).toEqual(['ab', 'cde', 'f', '\n', 'gh', '']);
  });

  it('rule 22: readlines() gives all lines, with a hint as many as it takes', async () => {
    expect(text(await inputOf('a\nb\n', 'c').readlines())).toEqual(['a\n', 'b\n', 'c']);
    const input = inputOf('aa\nbb\ncc\n');
    expect(text(await input.readlines(4))).toEqual(['aa\n', 'bb\n']);
    expect(text(await input.readlines())).toEqual(['cc\n']);
  });

  it('rule 22: iteration goes line by line, and may be left and taken up again', async () => {
    const input = inputOf('a\nb\nc\nd');
    for await (const line of input) {
      expect(String(line)).toBe('a\n');
      break;
    }
    expect(String(await input.readline())).toBe('b\n');
    expect(await linesOf(input)).toEqual(['c\n', 'd']);
  });

  it('asks the engine for nothing before it is asked, and for no chunk too many', async () => {
    const body = bodyWith('ab', 'cd');
    const input = new RequestInput({ body });
    expect(body.asked).toBe(0);
    await input.read(2);
    expect(body.asked).toBe(1);
  });

  it('does not look for a body before it is read', () => {
    const source = {
      get body(): BodyReader {
        throw new TypeError('touched');
      },
    };
    expect(() => new RequestInput(source)).not.toThrow();
  });

  it('refuses a second reader while the first one waits, and works on for the first', async () => {
    const input = inputOf('ab', 'cd');
    const first = input.read();
    await expect(input.read()).rejects.toMatchObject({ code: 'contract' });
    expect(String(await first)).toBe('abcd');
    expect(String(await input.read())).toBe('');
  });

  it('rejects as the engine does, and can be asked again', async () => {
    let asked = 0;
    const body: BodyReader = {
      async read() {
        asked += 1;
        if (asked === 2) throw new TypeError('the client is gone');
        return asked > 3 ? null : Buffer.from('a');
      },
    };
    const input = new RequestInput({ body });
    await expect(input.read()).rejects.toThrow('the client is gone');
    expect(String(await input.read())).toBe('a');
  });

  it('reads a large body of small chunks in time that grows with its size', async () => {
    const chunk = Buffer.alloc(1000, 'x');
    let left = 20_000;
    const input = new RequestInput({
      body: {
        async read() {
          left -= 1;
          return left < 0 ? null : chunk;
        },
      },
    });
    expect((await input.readline()).length).toBe(20_000_000);
  });
});

describe('a body with a limit', () => {
  const readAll = async (body: BodyReader): Promise<string> =>
    String(await new RequestInput({ body }).read());

  it('rule 23: ends at its length, though the stream goes on', async () => {
    expect(await readAll(limitBody(bodyWith('abc', 'defgh'), 5))).toBe('abcde');
    expect(await readAll(limitBody(bodyWith('abc'), 0))).toBe('');
  });

  it('asks for nothing behind its end, where a host may keep us waiting', async () => {
    const body = bodyWith('abc');
    const limited = limitBody(body, 3);
    await limited.read();
    expect(await limited.read()).toBeNull();
    expect(body.asked).toBe(1);
  });

  it('is never short without saying so', async () => {
    await expect(readAll(limitBody(bodyWith('abc'), 10))).rejects.toThrow('after 3 of 10 bytes');
  });
});

describe('a body made of an async iterable', () => {
  it('leaves empty chunks out', async () => {
    const body = bodyOf(
      (async function* () {
        for (const part of ['', 'a', '', 'b']) yield Buffer.from(part);
      })(),
    );
    expect(
      [await body.read(), await body.read(), await body.read()].map((chunk) => chunk && String(chunk)),
    ).toEqual(['a', 'b', null]);
  });
});
