import { describe, expect, it } from '@jest/globals';
import type { WsgiServeError } from '../../src/errors.js';
import { builderOf } from '../helpers/build-ini.js';

const INI = `[composite:main]
paste.composite_factory = apps:all
[pipeline:piped]
pipeline = broken fine broken2 site
[filter:broken]
paste.filter_factory = apps:fails
[filter:broken2]
paste.filter_app_factory = apps:fails
[filter:fine]
paste.filter_factory = apps:filter
[app:site]
paste.app_factory = apps:gone
[app:fine]
paste.app_factory = apps:site
`;

describe('a builder that is told to gather problems', () => {
  it('goes on without what cannot be made, and tries everything else', async () => {
    const problems: WsgiServeError[] = [];
    const tried: string[] = [];
    const all = async (...[loader]: readonly unknown[]) => {
      for (const name of ['piped', 'nowhere', 'main', 'fine']) await Object(loader).getApp(name);
      return () => [];
    };
    const factories = {
      'apps:all': all,
      'apps:fails': () => {
        throw new Error('out of order');
      },
      'apps:filter': () => (app: unknown) => {
        tried.push('the filter that is fine');
        return app;
      },
      'apps:site': () => {
        tried.push('the app that is fine');
        return () => [];
      },
    };
    const onProblem = (problem: WsgiServeError) => problems.push(problem);
    const { builder, spec } = builderOf(INI, factories, { onProblem });
    const built = await builder.buildApp(spec('main'));
    expect(problems.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'module-not-found: there is no module "apps:gone"',
      'factory-failed: [filter:broken]: the factory apps:fails fails: Error: out of order',
      'factory-failed: [filter:broken2]: the factory apps:fails fails: Error: out of order',
      expect.stringContaining('no-section: '),
      expect.stringContaining('cycle: '),
    ]);
    expect(tried).toEqual(['the filter that is fine', 'the app that is fine']);
    await built.close();
  });

  it('lets a bug through', async () => {
    const { builder, spec } = builderOf(
      INI,
      {},
      {
        onProblem: () => undefined,
        targets: {
          load: () => Promise.reject(new RangeError('a bug')),
          require: () => undefined,
        },
      },
    );
    await expect(builder.buildApp(spec('fine'))).rejects.toThrow(RangeError);
  });
});
