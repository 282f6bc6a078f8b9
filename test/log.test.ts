import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const LOG = pathToFileURL(join(import.meta.dirname, '../src/log.js')).href;

/** What a program prints that has `text` behind the import of the log, in the pieces in which it is written. */
function printed(text: string): string[] {
  const script = `
    import { writeLog, writeLogSoon } from ${JSON.stringify(LOG)};
    import { writeSync } from 'node:fs';
    const { write } = process.stdout;
    process.stdout.write = (text) => writeSync(1, JSON.stringify(text) + '\\n');
    ${text}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(stderr).toBe('');
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('lines of an access log', () => {
  it('are written together at the end of a turn of the loop', () => {
    expect(
      printed(`
        writeLogSoon('a\\n');
        await null;
        writeLogSoon('b\\n');
        setTimeout(writeLogSoon, 10, 'c\\n');`),
    ).toEqual(['a\nb\n', 'c\n']);
  });

  it('stand before what the log says behind them', () => {
    expect(printed(`writeLogSoon('a\\n'); writeLog('b\\n'); writeLogSoon('c\\n');`)).toEqual([
      'a\nb\n',
      'c\n',
    ]);
  });

  it('are written at the end of a process that ends at once', () => {
    expect(printed(`writeLogSoon('a\\n'); process.exit();`)).toEqual(['a\n']);
    expect(
      printed(
        `process.on('uncaughtException', () => process.exit()); writeLogSoon('a\\n'); throw new Error();`,
      ),
    ).toEqual(['a\n']);
  });

  it('are never more in one piece than a pipe keeps together, and never less than one line', () => {
    const pieces = printed(`
      for (let count = 0; count < 100; count += 1) writeLogSoon('x'.repeat(99) + '\\n');
      writeLogSoon('y'.repeat(5000) + '\\n');
      writeLogSoon('z\\n');`);
    expect(pieces.map(({ length }) => length)).toEqual([4000, 4000, 2000, 5001, 2]);
    expect(pieces.every((piece) => piece.endsWith('\n'))).toBe(true);
  });
});
