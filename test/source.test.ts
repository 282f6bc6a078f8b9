import { describe, expect, it } from '@jest/globals';
import { codeFrame, formatOrigin } from '../src/source.js';

const text = '[app:main]\r\nuse = x\n\tlong line here\n';
const span = (line: number, from: number, to: number) => ({
  start: { line, column: from },
  end: { line, column: to },
});

describe('a code frame', () => {
  it('shows the line before, the line, and carets below the span', () => {
    expect(codeFrame(text, span(2, 7, 8))).toBe('   1 | [app:main]\n > 2 | use = x\n     |       ^');
  });

  it('shows the first line alone', () => {
    expect(codeFrame(text, span(1, 2, 10))).toBe(' > 1 | [app:main]\n     |  ^^^^^^^^');
  });

  it('shows tabs as one space, so that carets stand where they point', () => {
    expect(codeFrame(text, span(3, 2, 6))).toBe('   2 | use = x\n > 3 |  long line here\n     |  ^^^^');
  });

  it('cuts a long line around the span and hides control characters', () => {
    const frame = codeFrame(`${'a'.repeat(5000)}\x1b[31mb${'c'.repeat(5000)}`, span(1, 5001, 5007));
    expect(frame.split('\n').every((row) => row.length < 120)).toBe(true);
    expect(frame).toContain('·[31mb');
  });

  it('is empty where the text has no such line', () => {
    expect(codeFrame('a', span(7, 1, 2))).toBe('');
  });
});

describe('a formatted origin', () => {
  const origin = { file: '/srv/site/deploy.ini', section: null, key: null, span: span(14, 5, 9) };

  it('is relative to the working folder below it, absolute elsewhere', () => {
    expect(formatOrigin(origin, '/srv/site')).toBe('deploy.ini:14:5');
    expect(formatOrigin(origin, '/srv/si')).toBe('/srv/site/deploy.ini:14:5');
  });

  it('is the file alone where there is no span', () => {
    expect(formatOrigin({ ...origin, file: '<command line>', span: null }, '/')).toBe('<command line>');
  });
});
