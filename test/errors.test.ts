import { describe, expect, it } from '@jest/globals';
import { nearestName } from '../src/errors.js';

describe('the nearest name', () => {
  it('is the one that is fewest slips away, if that is few enough', () => {
    expect(nearestName('hmoe', ['home', 'hose', 'main'])).toBe('home');
    expect(nearestName('hmoe', ['filter'])).toBeNull();
  });

  it('is none for a text that is too long to be compared', () => {
    expect(nearestName('x'.repeat(150), ['x'.repeat(149)])).toBe('x'.repeat(149));
    expect(nearestName('x'.repeat(1000), ['x'.repeat(999)])).toBeNull();
  });
});
