import { describe, expect, it } from '@jest/globals';
import { parseIni } from '../../src/ini/parse.js';
import { spanInValue, spansOfWords } from '../../src/ini/place.js';
import { splitWords } from '../../src/ini/whitespace.js';
import { textIn } from '../helpers/texts.js';

const text = '[s]\npipeline =\n\tgzip # x\n\n    # hidden\n    auth app\n';
const [entry] = parseIni({ path: '/srv/a.ini', text }).sections[0]?.entries ?? [];

describe('the place of a part of a value', () => {
  it.each(['gzip', 'auth', 'app', '# x'])('is where %j stands in the file', (word) => {
    if (entry === undefined) throw new Error('the entry was not read');
    const span = spanInValue(entry, entry.value.indexOf(word), word.length);
    expect(textIn(text, span)).toBe(word);
  });

  it('ends with the first line of a part of several lines', () => {
    if (entry === undefined) throw new Error('the entry was not read');
    const span = spanInValue(entry, entry.value.indexOf('#'), 10);
    expect(textIn(text, span)).toBe('# x');
  });
});

describe('the places of the words of a value', () => {
  it('are where they stand in the file, line for line', () => {
    if (entry === undefined) throw new Error('the entry was not read');
    const words = splitWords(entry.value);
    const spans = spansOfWords(entry, words);
    expect(spans.map((span) => textIn(text, span))).toEqual(['gzip', '#', 'x', 'auth', 'app']);
    expect(spans).toEqual(words.map((word) => spanInValue(entry, word.start, word.text.length)));
  });
});
