import { describe, expect, it } from '@jest/globals';
import { fromWorker, MARK, marked, toWorker } from '../../src/supervise/messages.js';

describe('a message', () => {
  it('that one side marks is heard by the other', () => {
    expect(fromWorker(marked({ kind: 'ready' }))).toMatchObject({ kind: 'ready' });
    expect(toWorker(marked({ kind: 'listen', server: 'main' }))).toMatchObject({
      kind: 'listen',
      server: 'main',
    });
  });

  it('outlives the way from one process to another', () => {
    const message = marked({ kind: 'because', id: 3, chains: [] });
    expect(fromWorker(JSON.parse(JSON.stringify(message)))).toEqual(message);
  });

  it.each([
    ['without the mark, as an app may send to its parent', { kind: 'ready' }],
    ['of a kind that is not known', { kind: 'hello', [MARK]: 1 }],
    ['without a kind', { [MARK]: 1 }],
    ['whose kind is no text', { kind: ['ready'], [MARK]: 1 }],
    ['without what its kind has', { kind: 'built', sockets: [], program: null, [MARK]: 1 }],
    ['that is text', 'ready'],
    ['that is nothing', null],
    ['that is no value', undefined],
    ['that is a number', 7],
    ['that is a list', ['ready']],
  ])('%s is none of ours', (_what, message) => {
    expect([fromWorker(message), toWorker(message)]).toEqual([null, null]);
  });

  it('goes one way only', () => {
    expect(toWorker(marked({ kind: 'ready' }))).toBeNull();
    expect(fromWorker(marked({ kind: 'leave' }))).toBeNull();
  });
});
