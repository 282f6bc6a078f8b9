import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { WatchPlan } from '../../src/supervise/watch-plan.js';
import { tempTree } from '../helpers/temp-tree.js';

/** Whether the plan for these paths, relative to the folder, hears of `name` in `place`. */
function planFor(folder: string, paths: readonly string[]): (place: string, name: string) => boolean {
  const plan = new WatchPlan();
  for (const path of paths) plan.add(join(folder, path));
  return (place, name) => plan.matters(join(folder, place), name, () => false);
}

describe('WatchPlan', () => {
  it('watches the folder of a file, and for that file alone', () => {
    using tree = tempTree({ 'lib/a.js': '', 'lib/b.js': '' });
    const hears = planFor(tree.folder, ['lib/a.js']);
    expect([hears('lib', 'a.js'), hears('lib', 'b.js'), hears('lib', 'app.log')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('waits for a missing folder where its beginning will appear', () => {
    using tree = tempTree({ 'a.js': '' });
    const hears = planFor(tree.folder, ['lib/deep/x.js', 'lib/deep/y.js']);
    expect(hears('', 'lib')).toBe(true);
  });

  it('watches both ends of a link to a file, and each on the way', () => {
    using tree = tempTree({ 'far/real.js': '', 'near/.keep': '', 'middle/.keep': '' });
    symlinkSync('../far/real.js', join(tree.folder, 'middle/hop.js'));
    symlinkSync('../middle/hop.js', join(tree.folder, 'near/link.js'));
    const hears = planFor(tree.folder, ['near/link.js']);
    expect([hears('near', 'link.js'), hears('middle', 'hop.js'), hears('far', 'real.js')]).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('watches the place of a link to a folder, and knows where it leads', () => {
    using tree = tempTree({ 'releases/1/a.js': '' });
    symlinkSync('releases/1', join(tree.folder, 'current'));
    const plan = new WatchPlan();
    plan.add(join(tree.folder, 'current/a.js'));
    expect(plan.matters(join(tree.folder, 'releases/1'), 'a.js', () => false)).toBe(true);
    expect(plan.matters(tree.folder, 'current', () => false)).toBe(true);
    expect([...plan.links]).toEqual([[join(tree.folder, 'current'), join(tree.folder, 'releases/1')]]);
  });

  it('is not led astray by links that lead nowhere or round', () => {
    using tree = tempTree({ 'a.js': '' });
    symlinkSync('gone/b.js', join(tree.folder, 'dangling.js'));
    symlinkSync('round', join(tree.folder, 'round'));
    const hears = planFor(tree.folder, ['dangling.js', 'round/x.js']);
    expect([hears('', 'dangling.js'), hears('', 'gone'), hears('', 'round')]).toEqual([true, true, true]);
  });

  it('asks about names that it does not know in folders that are watched as a whole', () => {
    using tree = tempTree({ 'pages/a.html': '' });
    symlinkSync('pages', join(tree.folder, 'link'));
    const plan = new WatchPlan();
    plan.addWhole(join(tree.folder, 'link'));
    plan.addWhole(join(tree.folder, 'later'));
    const asked: string[] = [];
    const isWanted = (path: string): boolean => asked.push(path) > 1;
    expect(plan.matters(join(tree.folder, 'pages'), 'b.html', isWanted)).toBe(false);
    expect(plan.matters(join(tree.folder, 'pages'), 'b.html', isWanted)).toBe(true);
    expect(asked[0]).toBe(join(tree.folder, 'link/b.html'));
    expect(plan.matters(tree.folder, 'later', () => false)).toBe(true);
  });
});
