import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CaseRunner, CUT_NAMES, expectationOf, readCases } from '../../helpers/raw-cases.js';

const cases = readCases(join(resolve(import.meta.dirname, '../../../..'), 'test/golden/http1.json'));
const runner = new CaseRunner();

beforeAll(() => runner.start());
afterAll(() => runner.stop());

describe('what is wanted of a raw request', () => {
  it('is understood for every case', () => {
    expect(cases.length).toBeGreaterThan(130);
    const unclear = cases.filter((one) =>
      expectationOf(one)
        .answers.flat()
        .some((status) => !(status >= 100)),
    );
    expect(unclear).toEqual([]);
  });
});

describe.each(CUT_NAMES)('a raw request that is sent %s', (cut) => {
  it.concurrent.each(cases.map((one) => [one.id, one.label, one.want, one] as const))(
    '%s %s: %s',
    async (_id, _label, _want, one) => {
      expect(await runner.run(one, cut)).toEqual([]);
    },
  );
});
