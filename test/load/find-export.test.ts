import { describe, expect, it } from '@jest/globals';
import { findExport, functionsOf } from '../../src/load/find-export.js';
import { parseTarget } from '../../src/load/target.js';
import { problemOf } from '../helpers/problems.js';

class Home {
  static app_factory() {
    return this;
  }
  handle() {
    return 'home';
  }
}
class Cottage extends Home {
  static build() {
    return 'built';
  }
}

/** What Node makes of an ES module: a record without a prototype. */
function moduleOf(exports: object): object {
  return Object.assign(Object.create(null), exports);
}

function find(exports: object, path: string) {
  return findExport(moduleOf(exports), parseTarget(`apps:${path}`, null), null);
}

const make = () => 'app';

describe('findExport', () => {
  it('finds an export and the module as its owner', () => {
    const module = moduleOf({ make });
    expect(findExport(module, parseTarget('apps:make', null), null)).toEqual({ value: make, owner: module });
  });

  it('follows a path, with the last object on it as the owner', () => {
    expect(find({ Home }, 'Home.app_factory')).toEqual({ value: Home.app_factory, owner: Home });
    const site = { v1: { make } };
    expect(find({ site }, 'site.v1.make')).toEqual({ value: make, owner: site.v1 });
  });

  it('finds what a class inherits from its own parents', () => {
    expect(find({ Cottage }, 'Cottage.app_factory').value).toBe(Home.app_factory);
    const cottage = new Cottage();
    expect(find({ cottage }, 'cottage.handle')).toEqual({ value: Home.prototype.handle, owner: cottage });
  });

  it('looks at the names of a module before its default export', () => {
    const other = () => 'other';
    expect(find({ make, default: { make: other } }, 'make').value).toBe(make);
    const exports = { make: other };
    expect(find({ default: exports }, 'make')).toEqual({ value: other, owner: exports });
    expect(find({ default: Home }, 'app_factory').owner).toBe(Home);
  });

  it('gives the default export of a module that is named alone', () => {
    expect(findExport(moduleOf({ default: make }), parseTarget('apps', null), null).value).toBe(make);
  });

  it('looks into the default export of CommonJS that was compiled from an ES module', () => {
    const compiled = { __esModule: true, default: make, other: Home };
    expect(findExport(moduleOf({ default: compiled }), parseTarget('apps', null), null).value).toBe(make);
    const withObject = { __esModule: true, default: { inner: make } };
    expect(find({ default: withObject }, 'inner').value).toBe(make);
    expect(find({ default: { __esModule: true, default: Home } }, 'default.app_factory').owner).toBe(Home);
  });

  it('finds the named exports beside the default one in such CommonJS', async () => {
    const compiled = { __esModule: true, default: make, Home };
    expect(find({ default: compiled }, 'Home.app_factory')).toEqual({
      value: Home.app_factory,
      owner: Home,
    });
    const problem = await problemOf(() => find({ default: compiled }, 'Hoem'));
    expect(problem.hint).toBe('Exports of apps: Home, default. Did you mean "Home"?');
  });

  it.each(['constructor', 'toString', 'hasOwnProperty', '__proto__', 'valueOf'])(
    'does not find %s, which every object has',
    async (name) => {
      const exports = { default: { make }, site: { make }, home: new Home(), Home };
      for (const path of [name, `site.${name}`, `home.${name}`, `Home.${name}`]) {
        expect((await problemOf(() => find(exports, path))).code).toBe('export-not-found');
      }
    },
  );

  it.each(['bind', 'call', 'apply', 'constructor'])(
    'does not find %s, which every function has',
    async (name) => {
      const exports = { Home, make, later: async () => make };
      for (const path of [`Home.${name}`, `make.${name}`, `later.${name}`]) {
        expect((await problemOf(() => find(exports, path))).code).toBe('export-not-found');
      }
    },
  );

  it('finds such names where the user has defined them', () => {
    const own = Object.fromEntries([
      ['constructor', make],
      ['__proto__', make],
    ]);
    expect(find({ own }, 'own.constructor').value).toBe(make);
    expect(find({ own }, 'own.__proto__').value).toBe(make);
    expect(find({ toString: make }, 'toString').value).toBe(make);
  });

  it('lists the exports there are, and the nearest', async () => {
    const problem = await problemOf(() => find({ make_app: make, Home, default: Home }, 'make_ap'));
    expect(problem.code).toBe('export-not-found');
    expect(problem.message).toBe('the module "apps" has no export "make_ap"');
    expect(problem.hint).toBe('Exports of apps: Home, default, make_app. Did you mean "make_app"?');
  });

  it('lists what CommonJS exports, without the names that Node adds', async () => {
    const exports = { make_app: make, __esModule: true };
    const problem = await problemOf(() => find({ default: exports, 'module.exports': exports }, 'nothing'));
    expect(problem.hint).toBe('Exports of apps: make_app.');
  });

  it('says where on the path a member is missing', async () => {
    const problem = await problemOf(() => find({ Cottage }, 'Cottage.app_factori'));
    expect(problem.message).toBe('"apps:Cottage" has no member "app_factori"');
    expect(problem.hint).toBe('Members of Cottage: app_factory, build. Did you mean "app_factory"?');
    expect((await problemOf(() => find({ name: 'text' }, 'name.length'))).message).toBe(
      '"apps:name" has no member "length"',
    );
    expect((await problemOf(() => find({ nothing: null }, 'nothing.make'))).hint).toBe(
      'Members of nothing: none',
    );
  });

  it('says that a module has no default export', async () => {
    const problem = await problemOf(() => findExport(moduleOf({ make }), parseTarget('apps', null), null));
    expect(problem.message).toBe('the module "apps" has no default export');
    expect(problem.hint).toBe('Exports of apps: make.');
  });

  it('tells of an export that fails when it is read', async () => {
    const exports = {
      get lazy(): never {
        throw new TypeError('no driver');
      },
    };
    const problem = await problemOf(() => find({ default: exports }, 'lazy'));
    expect(problem.code).toBe('module-failed');
    expect(problem.message).toBe('"apps:lazy" cannot be read: no driver');
    expect(problem.cause).toBeInstanceOf(TypeError);
  });
});

describe('functionsOf', () => {
  it('names what can be called on a value', () => {
    expect(functionsOf(Cottage)).toEqual(['build', 'app_factory']);
    expect(functionsOf(new Cottage())).toEqual(['handle']);
    expect(functionsOf({ make, count: 3 })).toEqual(['make']);
    expect(functionsOf(undefined)).toEqual([]);
  });
});
