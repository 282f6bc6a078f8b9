import { describe, expect, it } from '@jest/globals';
import type { Converter } from '../../src/config/convert.js';
import {
  asBool,
  asInt,
  asList,
  boolean,
  convert,
  duration,
  integer,
  oneOf,
  size,
  text,
} from '../../src/config/convert.js';
import { problemIn } from '../helpers/texts.js';

const place = { origin: { file: '/a.ini', section: 's', key: 'k', span: null }, source: null };
const read = <T>(value: string, converter: Converter<T>) =>
  convert({ value, origin: place.origin }, 'k', converter, place);

describe('paste.deploy.converters', () => {
  it.each(['true', 'Yes', ' ON ', 'y', 'T', '1'])('asBool takes %j as true', (value) => {
    expect(asBool(value)).toBe(true);
  });

  it.each(['false', 'No', '\u2003off', 'n', 'F', '0'])('asBool takes %j as false', (value) => {
    expect(asBool(value)).toBe(false);
  });

  it('asBool refuses other words and takes what is no string by its truth', () => {
    expect(problemIn(() => asBool(' Maybe '))).toMatchObject({
      code: 'bad-value',
      message: "String is not true/false: 'maybe'",
    });
    expect(problemIn(() => asBool('')).message).toBe("String is not true/false: ''");
    expect([asBool(0), asBool(2), asBool(null), asBool([])]).toEqual([false, true, false, true]);
  });

  it.each([
    ['12', 12],
    [' -7\n', -7],
    ['+1_000', 1000],
    [3.9, 3],
    [-3.9, -3],
    [true, 1],
  ])('asInt takes %j', (value, number) => {
    expect(asInt(value)).toBe(number);
  });

  it.each([['x'], ['1.5'], ['0x10'], [''], ['1__0'], ['9007199254740993']])('asInt refuses %j', (value) => {
    expect(problemIn(() => asInt(value))).toMatchObject({
      code: 'bad-value',
      message: `Bad integer value: '${value}'`,
    });
  });

  it('asInt refuses what is no number at all', () => {
    expect(problemIn(() => asInt(null)).message).toBe('Bad integer value: null');
    expect(problemIn(() => asInt(Number.POSITIVE_INFINITY)).message).toBe('Bad integer value: Infinity');
  });

  it('asList splits strings, leaves arrays and wraps the rest', () => {
    expect(asList(' a  b\nc ')).toEqual(['a', 'b', 'c']);
    expect(asList('a , b,', ',')).toEqual(['a', 'b', '']);
    expect(asList('a , b', ',', false)).toEqual(['a ', ' b']);
    expect(asList('')).toEqual([]);
    expect(asList(null)).toEqual([]);
    expect(asList(5)).toEqual([5]);
    const list = ['x'];
    expect(asList(list)).toBe(list);
  });
});

describe('a setting', () => {
  it.each([
    ['30s', 30_000],
    ['5m', 300_000],
    ['250ms', 250],
    ['1.5 h', 5_400_000],
    ['10', 10_000],
    ['0.25', 250],
    ['576h', 24 * 24 * 3_600_000],
  ])('%j is a duration', (value, milliseconds) => {
    expect(read(value, duration)).toBe(milliseconds);
  });

  it.each([
    ['1 GiB', 1024 ** 3],
    ['16k', 16_384],
    ['16 KB', 16_384],
    ['1.5M', 1_572_864],
    ['100', 100],
    ['100 b', 100],
  ])('%j is a size', (value, bytes) => {
    expect(read(value, size)).toBe(bytes);
  });

  it('is a boolean, an integer in a range, a word of a list or a text', () => {
    expect([
      read('On', boolean),
      read('8080', integer(0, 65_535)),
      read('B', oneOf('a', 'b')),
      read(' x ', text),
    ]).toEqual([true, 8080, 'b', 'x']);
  });

  it.each<[string, Converter<unknown>]>([
    ['maybe', boolean],
    ['-1', integer()],
    ['70000', integer(0, 65_535)],
    ['8080 ; the port', integer()],
    ['5 parsecs', duration],
    ['-5s', duration],
    ['577h', duration],
    ['9'.repeat(400), duration],
    ['5ib', size],
    ['9999999999T', size],
    ['c', oneOf('a', 'b')],
    ['', text],
  ])('%j may be none of its kind, which is told with its place', (value, converter) => {
    const problem = problemIn(() => read(value, converter));
    expect(problem).toMatchObject({ code: 'bad-value', place });
    expect(problem.message).toBe(`k = ${JSON.stringify(value)} is not ${converter.expected}`);
  });
});
