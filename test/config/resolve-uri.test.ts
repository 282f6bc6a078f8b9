import { describe, expect, it } from '@jest/globals';
import { resolveUri, type UriOptions } from '../../src/config/resolve-uri.js';
import { plainValues } from '../../src/config/settings-record.js';
import { FOLDER, problemIn, readTexts } from '../helpers/texts.js';

const readFile = readTexts({
  'main.ini':
    '[DEFAULT]\na = file\n[app:main]\nuse = egg:A#main\nk = %(a)s %(b)s\n[app:x]\nuse = egg:A#x\n[filter:f]\nuse = egg:F#f\n',
});
const resolve = (uri: string, options: UriOptions = {}, kind: 'app' | 'filter' = 'app') =>
  resolveUri(kind, uri, { relativeTo: FOLDER, readFile, globalConf: { b: 'api' }, ...options });
const entryOf = (...args: Parameters<typeof resolve>) => {
  const { spec } = resolve(...args);
  return spec.kind === 'factory' && spec.target.kind === 'egg' ? spec.target.entry : null;
};

describe('a URI given to loadApp', () => {
  it('names a section, main by default; the name option wins', () => {
    expect(entryOf('config:main.ini')).toBe('main');
    expect(entryOf('config:main.ini#x')).toBe('x');
    expect(entryOf('config:main.ini#x', { name: 'main' })).toBe('main');
    expect(entryOf('Config:main.ini#f', {}, 'filter')).toBe('f');
    expect(entryOf(`config:${FOLDER}/main.ini#x`, { relativeTo: '' })).toBe('x');
  });

  it('hands globals on, over which [DEFAULT] wins while values are interpolated', () => {
    const { spec } = resolve('config:main.ini', { globalConf: { a: 'api', b: 'api' } });
    expect(plainValues(spec.localConf)['k']).toBe('file api');
    expect(plainValues(spec.globalConf)).toMatchObject({ a: 'api', b: 'api', here: FOLDER });
    expect(spec.globalConf['b']?.origin.file).toBe('<api>');
  });

  it('may be an egg or a call', () => {
    expect(entryOf('egg:A#x')).toBe('x');
    expect(entryOf('egg:A', { name: 'y' })).toBe('y');
    expect(resolve('call:m:f').spec).toMatchObject({ target: { kind: 'call', expression: 'm:f' } });
  });

  it('gives a resolver that knows no file where none was named', () => {
    const { spec, resolver } = resolve('egg:A');
    const origin = { file: '<api>', section: null, key: null, span: null };
    const lookUp = (value: string) => resolver.resolve('app', { value, origin }, spec.scope, {});
    expect(problemIn(() => lookUp('x')).code).toBe('no-scheme');
    expect(lookUp(`config:${FOLDER}/main.ini#x`)).toMatchObject({ target: { entry: 'x' } });
  });

  it.each([
    ['main.ini#x', {}, 'no-scheme', "URI has no scheme: 'main.ini'"],
    ['ftp:x', {}, 'unknown-scheme', "URI scheme not known: 'ftp' (from config, egg, call)"],
    [
      'config:main.ini',
      { relativeTo: '' },
      'file',
      "Cannot resolve relative uri 'config:main.ini'; no relative_to keyword argument given",
    ],
    [
      'egg:A#config:main.ini',
      {},
      'file',
      "Cannot resolve relative uri 'config:main.ini': no file is around it",
    ],
    ['config:no.ini', {}, 'file-not-found', 'there is no file /srv/site/no.ini'],
    ['config:main.ini#no', {}, 'no-section', 'there is no app "no" in main.ini'],
    ['call:m', {}, 'bad-call', '"call:m" is not call:module:name'],
  ])('%j is refused as in PasteDeploy', (uri, options, code, message) => {
    expect(problemIn(() => resolve(uri, options))).toMatchObject({ code, message });
  });
});
