import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { describe, expect, it } from '@jest/globals';
import { LineSink, LogFile, writeLinesOf } from '../../src/supervise/log-file.js';
import { problemOf } from '../helpers/problems.js';
import { tempTree } from '../helpers/temp-tree.js';

const withFull = existsSync('/dev/full') ? it : it.skip;

describe('a log file', () => {
  it('is appended to', () => {
    using tree = tempTree({ log: 'before\n' });
    const path = join(tree.folder, 'log');
    const log = new LogFile(path);
    log.write(Buffer.from('one\ntwo\n'));
    log.write(Buffer.from('three\n'));
    log.close();
    expect(readFileSync(path, 'utf8')).toBe('before\none\ntwo\nthree\n');
  });

  it('goes on in a new file when it was rotated away', () => {
    using tree = tempTree({});
    const path = join(tree.folder, 'log');
    const log = new LogFile(path);
    log.write(Buffer.from('one\n'));
    renameSync(path, `${path}.1`);
    log.write(Buffer.from('two\n'));
    expect(log.reopen()).toBeNull();
    log.write(Buffer.from('three\n'));
    log.close();
    expect([readFileSync(`${path}.1`, 'utf8'), readFileSync(path, 'utf8')]).toEqual([
      'one\ntwo\n',
      'three\n',
    ]);
  });

  it('goes on in the old file where a new one cannot be opened', () => {
    using tree = tempTree({ 'logs/log': '' });
    const path = join(tree.folder, 'logs/log');
    const moved = join(tree.folder, 'moved');
    const log = new LogFile(path);
    renameSync(join(tree.folder, 'logs'), moved);
    expect(log.reopen()).toMatchObject({ code: 'log-file', message: expect.stringContaining(path) });
    log.write(Buffer.from('one\n'));
    mkdirSync(join(tree.folder, 'logs'));
    expect(log.reopen()).toBeNull();
    log.write(Buffer.from('two\n'));
    log.close();
    expect([readFileSync(join(moved, 'log'), 'utf8'), readFileSync(path, 'utf8')]).toEqual([
      'one\n',
      'two\n',
    ]);
  });

  it('is refused, by its path, where it cannot be opened', async () => {
    const problem = await problemOf(() => new LogFile('/no/such/folder/log'));
    expect([problem.code, problem.exitCode]).toEqual(['log-file', 3]);
    expect(problem.message).toContain('the log file /no/such/folder/log cannot be written: ENOENT');
  });

  withFull('counts the lines that a full disk loses, says so once a minute, and goes on', () => {
    const told: string[] = [];
    let now = 0;
    const log = new LogFile(
      '/dev/full',
      (text) => void told.push(text),
      () => now,
    );
    log.write(Buffer.from('one\ntwo\n'));
    log.write(Buffer.from('three\n'));
    now = 59_999;
    log.write(Buffer.from('four\n'));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('/dev/full cannot be written, 2 lines are lost so far: ENOSPC');
    now = 60_000;
    log.write(Buffer.from('five\n'));
    expect(told).toHaveLength(2);
    expect(told[1]).toContain('5 lines are lost so far');
    expect(log.lost).toBe(5);
    log.close();
  });

  it('loses what comes when it is closed, and nothing else of the process gets it', () => {
    using tree = tempTree({});
    const told: string[] = [];
    const log = new LogFile(join(tree.folder, 'log'), (text) => void told.push(text));
    log.close();
    log.write(Buffer.from('late\n'));
    expect([log.lost, told.length, readFileSync(join(tree.folder, 'log'), 'utf8')]).toEqual([1, 1, '']);
    rmSync(join(tree.folder, 'log'));
  });
});

describe('lines of a pipe', () => {
  const sinkOf = (limit?: number) => {
    const writes: string[] = [];
    return { writes, sink: new LineSink((lines) => void writes.push(Buffer.from(lines).toString()), limit) };
  };

  it('are joined from pieces, and go on as soon as they are whole', () => {
    const { writes, sink } = sinkOf();
    for (const piece of ['a', 'b', 'c\nd\ne', 'f', '\n', '']) sink.push(Buffer.from(piece));
    expect(writes).toEqual(['abc\nd\n', 'ef\n']);
  });

  it('are the bytes that were written, in the middle of a character, too', () => {
    const { writes, sink } = sinkOf();
    for (const byte of Buffer.from('\u00e4\u{1f600}\n')) sink.push(Buffer.of(byte));
    expect(writes).toEqual(['\u00e4\u{1f600}\n']);
  });

  it('end with the writer, who may have left one unfinished', () => {
    const { writes, sink } = sinkOf();
    sink.push(Buffer.from('one\ntw'));
    sink.end();
    sink.end();
    expect(writes).toEqual(['one\n', 'tw\n']);
  });

  it('are cut where one has no end', () => {
    const { writes, sink } = sinkOf(10);
    for (let piece = 0; piece < 5; piece += 1) sink.push(Buffer.from('xxxx'));
    sink.push(Buffer.from('y\nz\n'));
    expect(writes).toEqual(['xxxxxxxxxxxx\n', 'xxxxxxxxy\nz\n']);
  });

  it('do not mix in a log that several pipes are written to', async () => {
    using tree = tempTree({});
    const log = new LogFile(join(tree.folder, 'log'));
    const streams = ['a', 'b', 'c'].map((name) => ({ name, stream: new PassThrough() }));
    for (const { stream } of streams) writeLinesOf(stream, (lines) => log.write(lines));
    for (let line = 0; line < 50; line += 1) {
      for (const { name, stream } of streams) stream.write(name.repeat(20));
      for (const { name, stream } of streams) stream.write(`${name.repeat(20)}\n${name}`);
    }
    for (const { stream } of streams) stream.end();
    await Promise.all(streams.map(({ stream }) => finished(stream)));
    log.close();
    const lines = readFileSync(join(tree.folder, 'log'), 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(153);
    expect(lines.filter((line) => !/^(a+|b+|c+)$/.test(line))).toEqual([]);
  });

  it('end with a stream that fails', () => {
    const writes: string[] = [];
    const stream = new PassThrough();
    writeLinesOf(stream, (lines) => void writes.push(Buffer.from(lines).toString()));
    stream.emit('data', Buffer.from('half'));
    stream.emit('error', new Error('EIO'));
    expect(writes).toEqual(['half\n']);
  });
});
