import { describe, expect, it } from '@jest/globals';
import { attempt, both, forEach, together } from '../../src/config/problems.js';
import { WsgiServeError } from '../../src/errors.js';
import { problemsOf } from '../helpers/texts.js';

const problem = (message: string) => new WsgiServeError('usage', message);
const fail = (message: string) => (): never => {
  throw problem(message);
};
const messagesOf = (act: () => unknown) => problemsOf(act).map(({ message }) => message);

describe('going on after problems', () => {
  it('gives what every step gives where nothing is wrong', () => {
    expect(forEach([1, 2], (one) => one * 2)).toEqual([2, 4]);
    expect(
      both(
        () => 1,
        () => 'a',
      ),
    ).toEqual([1, 'a']);
    expect(attempt(() => 1)).toEqual({ error: null, value: 1 });
  });

  it('throws the problems of all steps, in order', () => {
    const seen: number[] = [];
    const act = () =>
      forEach([1, 2, 3], (one) => {
        seen.push(one);
        if (one !== 2) throw problem(String(one));
      });
    expect(messagesOf(act)).toEqual(['1', '3']);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('throws the problems of both steps', () => {
    expect(messagesOf(() => both(fail('a'), fail('b')))).toEqual(['a', 'b']);
    expect(messagesOf(() => both(fail('a'), () => 1))).toEqual(['a']);
    expect(messagesOf(() => both(() => 1, fail('b')))).toEqual(['b']);
  });

  it('names a problem once that is met twice', () => {
    const nested = together(problem('a'), [problem('b'), together(problem('a'), [problem('c')])]);
    expect(nested.problems.map(({ message }) => message)).toEqual(['a', 'b', 'c']);
  });

  it('stops gathering after a hundred', () => {
    const act = () => forEach(Array.from({ length: 1000 }).keys(), (one) => fail(String(one))());
    expect(messagesOf(act)).toHaveLength(100);
  });

  it('lets bugs through at once', () => {
    const bug = new TypeError('a bug');
    const act = () =>
      forEach([1], () => {
        throw bug;
      });
    expect(act).toThrow(bug);
  });
});
