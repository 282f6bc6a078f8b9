import { describe, expect, it } from '@jest/globals';
import { parseIni } from '../../src/ini/parse.js';
import { spanInValue } from '../../src/ini/place.js';
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
