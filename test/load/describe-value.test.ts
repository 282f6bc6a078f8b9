import { describe, expect, it } from '@jest/globals';
import { describeValue, isClass } from '../../src/load/describe-value.js';

class Home {}

describe('describeValue', () => {
  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [42, 'the number 42'],
    [10n, 'the bigint 10'],
    [false, 'the boolean false'],
    [Symbol('x'), 'the symbol Symbol(x)'],
    ['text', 'the string "text"'],
    ['x'.repeat(50), 'a string'],
    [[1, 2], 'an array'],
    [{}, 'an object'],
    [Object.create(null), 'an object'],
    [{ constructor: 'no function' }, 'an object'],
    [new Home(), 'an object of class Home'],
    [Home, 'the class Home'],
    [() => 1, 'a function'],
  ])('names %p', (value, words) => {
    expect(describeValue(value)).toBe(words);
  });
});

describe('isClass', () => {
  it('tells what can only be called with new', () => {
    expect([Home, class {}].map(isClass)).toEqual([true, true]);
    expect([() => 1, async () => 1, { class: 1 }, 'class', Date].map(isClass)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
