// Jest's environment for every test: node's own, which also lends tests the real `import()` and the real Error.
// Inside Jest's module registry `import()` caches by path and loses error codes; user modules need the real one.
import type { EnvironmentContext, JestEnvironmentConfig } from '@jest/environment';
import { TestEnvironment } from 'jest-environment-node';

export default class NativeEnvironment extends TestEnvironment {
  constructor(config: JestEnvironmentConfig, context: EnvironmentContext) {
    super(config, context);
    this.global['nativeImport'] = (specifier: string): Promise<unknown> => import(specifier);
    this.global.Error = Error;
  }
}
