import type { ServerResponse } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { builderOf, type Factories } from '../helpers/build-ini.js';
import { serveKind } from '../helpers/three-kinds.js';

const INI = `
[pipeline:named]
pipeline = page site
[pipeline:made]
pipeline = made site
[pipeline:by-factory]
pipeline = factory site
[pipeline:skipping]
pipeline = page skipping site
[filter:page]
node.filter = apps:page
[filter:skipping]
node.filter = apps:passing
[filter:made]
node.middleware = apps:makePage
status = 503
[filter:factory]
node.filter_factory = apps:pageFactory
status = 504
[app:site]
node.app = apps:site
`;

const pageOf = (status: number) => (error: unknown, _req: unknown, res: unknown, _next: unknown) => {
  const response = res as ServerResponse;
  response.statusCode = status;
  response.end(String(error));
};

const FACTORIES: Factories = {
  'apps:page': pageOf(502),
  'apps:passing': (_req, _res, next) => Reflect.apply(Object(next), undefined, []),
  'apps:makePage': (options) => pageOf(Object(options).status),
  'apps:pageFactory': (_globalConf, localConf) => pageOf(Number(Object(localConf).status)),
  'apps:site': () => {
    throw new TypeError('out of order');
  },
};

describe('a filter of four parameters', () => {
  it.each([
    ['named', 502],
    ['made', 503],
    ['by-factory', 504],
    ['skipping', 502],
  ])('of [pipeline:%s] answers for an app that fails', async (name, status) => {
    const { builder, spec } = builderOf(INI, FACTORIES);
    const { value } = await builder.buildApp(spec(name));
    await using server = await serveKind(value);
    expect(await server.get()).toMatchObject({ status, text: 'TypeError: out of order' });
    expect(server.errors).toEqual([]);
  });
});
