import { describe, expect, it } from '@jest/globals';
import {
  mergeSettings,
  plainValues,
  sameValues,
  settingsFrom,
  takeSetting,
} from '../../src/config/settings-record.js';

const settings = (values: Record<string, string>) => settingsFrom(values, '<api>');

describe('a record of settings', () => {
  it('has no prototype, so that every word is an ordinary key', () => {
    const record = settings(JSON.parse('{"__proto__": "1", "constructor": "2"}'));
    expect(Object.getPrototypeOf(record)).toBeNull();
    expect(Object.keys(record)).toEqual(['__proto__', 'constructor']);
    expect(Object.keys(plainValues(mergeSettings(record)))).toEqual(['__proto__', 'constructor']);
  });

  it('is merged into a new one, where later layers win', () => {
    const low = settings({ a: '1', b: '1' });
    const merged = mergeSettings(low, settings({ b: '2' }));
    expect({ ...plainValues(merged) }).toEqual({ a: '1', b: '2' });
    expect(low['b']?.value).toBe('1');
  });

  it('gives a setting away once', () => {
    const record = settings({ a: '1' });
    expect(takeSetting(record, 'a')?.value).toBe('1');
    expect(takeSetting(record, 'a')).toBeNull();
    expect(takeSetting(record, 'toString')).toBeNull();
  });

  it('is the same where values are, wherever they were written', () => {
    expect(sameValues(settings({ a: '1' }), settingsFrom({ a: '1' }, '<command line>'))).toBe(true);
    expect(sameValues(settings({ a: '1' }), settings({ a: '2' }))).toBe(false);
    expect(sameValues(settings({ a: '1' }), settings({ b: '1' }))).toBe(false);
    expect(sameValues(settings({ a: '1' }), settings({ a: '1', b: '1' }))).toBe(false);
  });
});
