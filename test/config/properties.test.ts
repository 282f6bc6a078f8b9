import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dumpDeployment } from '../../src/config/dump.js';
import { flatDeployment } from '../../src/config/flat.js';
import { openDeployment } from '../../src/config/open-deployment.js';
import { renderTree } from '../../src/config/tree.js';
import { anyIniText, unlessProblem } from '../helpers/any-ini-text.js';

describe('any text', () => {
  it('is a dump, a flat text and a tree, or a problem, and leaves Object.prototype alone', () => {
    const before = Reflect.ownKeys(Object.prototype);
    fc.assert(
      fc.property(anyIniText, (value) => {
        const readFile = () => Buffer.from(value);
        JSON.stringify(dumpDeployment('/main.ini', { readFile }));
        unlessProblem(() => flatDeployment(openDeployment('/main.ini', { readFile })));
        const selection = { serverName: null, appName: null };
        unlessProblem(() => renderTree(openDeployment('/main.ini', { readFile }), selection, '/'));
      }),
      { numRuns: 1000 },
    );
    expect(Reflect.ownKeys(Object.prototype)).toEqual(before);
  });
});
