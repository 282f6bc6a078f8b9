import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseForwarded, parseList, parseNode } from '../../../src/listen/front/forwarded-syntax.js';

describe('the Forwarded field', () => {
  it('is elements of parameters, quoted or not, in any case', () => {
    expect(parseForwarded('For="[::1]:80";PROTO=https;host=a , for=1.2.3.4;by=_x')).toEqual([
      { for: '[::1]:80', proto: 'https', host: 'a', text: 'For="[::1]:80";PROTO=https;host=a' },
      { for: '1.2.3.4', proto: null, host: null, text: 'for=1.2.3.4;by=_x' },
    ]);
  });

  it('may quote anything, commas and quotes too', () => {
    expect(parseForwarded('for="a, \\"b\\"; c=\\\\"')?.[0]?.for).toBe('a, "b"; c=\\');
  });

  it('may have parameters that nobody knows', () => {
    expect(parseForwarded('secret=x;for=1.2.3.4')?.[0]).toMatchObject({ for: '1.2.3.4', host: null });
  });

  it.each([
    '',
    'for',
    'for=',
    '=a',
    'for=1;;',
    'for=1;',
    ';for=1',
    'for=1,',
    ',for=1',
    'for=1,,for=2',
    'for="1',
    'for=1"',
    'for="a"b',
    'for=[::1]',
    'for=1.2.3.4:80',
    'for =1',
    'for= 1',
    'for=1; proto=http',
    'for=1 for=2',
    'for=1;FOR=2',
    'for="\x00"',
    'for="\n"',
    'f\xf6r=1',
  ])('is not %j', (text) => {
    expect(parseForwarded(text)).toBeNull();
  });

  it('is read in one go, however it is made', () => {
    const text = fc.string({
      unit: fc.constantFrom('for', '=', '"', '\\', ';', ',', ' ', 'a', '1.2.3.4'),
      maxLength: 60,
    });
    fc.assert(
      fc.property(text, (one) => {
        const elements = parseForwarded(one);
        return (
          elements === null ||
          (elements.length > 0 && elements.every((element) => one.includes(element.text)))
        );
      }),
    );
    expect(parseForwarded(`for="${'\\\\'.repeat(8000)}`)).toBeNull();
  });
});

describe('a list', () => {
  it('has its items trimmed and unquoted', () => {
    expect(parseList('a, "b" ,\tc')).toEqual(['a', 'b', 'c']);
    expect(parseList('')).toEqual(['']);
  });

  it.each(['"a', 'a"', 'a"b', '"a, b"', '"'])('is not %j', (text) => {
    expect(parseList(text)).toBeNull();
  });
});

describe('a node', () => {
  it.each([
    ['1.2.3.4', '1.2.3.4', ''],
    ['1.2.3.4:5678', '1.2.3.4', '5678'],
    ['2001:db8::1', '2001:db8::1', ''],
    ['[2001:db8::1]', '2001:db8::1', ''],
    ['[2001:db8::1]:80', '2001:db8::1', '80'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4', ''],
  ])('%s is an address and a port', (text, address, port) => {
    expect(parseNode(text)).toEqual({ address, port });
  });

  it.each([
    '',
    'unknown',
    '_hidden',
    'localhost',
    '<script>',
    '1.2.3',
    '1.2.3.4:',
    '1.2.3.4:99999',
    '1.2.3.4:_x',
    '1.2.3.4:080',
    '[1.2.3.4]',
    '[::1',
    '::1]',
    '[::1]80',
    'fe80::1%eth0',
    '[fe80::1%eth0]',
    ' 1.2.3.4',
    '1.2.3.4\n',
  ])('is not %j', (text) => {
    expect(parseNode(text)).toBeNull();
  });
});
