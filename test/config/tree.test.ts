import { describe, expect, it } from '@jest/globals';
import { renderTree } from '../../src/config/tree.js';
import { FOLDER, openTexts, problemIn } from '../helpers/texts.js';

const render = (main: string, others: Record<string, string> = {}) =>
  renderTree(openTexts({ 'main.ini': main, ...others }), { serverName: null, appName: null }, FOLDER);

describe('the tree of a deployment', () => {
  it('shows servers, apps, filters and targets with file and line', () => {
    const text = [
      '[server:main]\nport = 8080',
      '[server:admin]\nuse = egg:Paste#http\napp = blog',
      '[pipeline:main]\npipeline = gzip egg:Paste#gzip wrapped',
      '[filter:gzip]\npaste.filter_factory = m:gzip',
      '[filter-app:wrapped]\nuse = gzip\nnext = config:sub/o.ini#blog',
      '[app:blog]\npaste.app_factory = ./lib/apps.js:blog\nfilter-with = gzip',
    ].join('\n');
    expect(render(text, { 'sub/o.ini': '[app:blog]\nuse = egg:Blog' })).toBe(
      [
        '[server:main]               port = 8080                             main.ini:1',
        '\u2514\u2500 [pipeline:main]          pipeline                                main.ini:6',
        '   \u251c\u2500 [filter:gzip]         paste.filter_factory = m:gzip           main.ini:9',
        '   \u251c\u2500 egg:Paste#gzip                                                main.ini:7',
        '   \u2514\u2500 [filter-app:wrapped]  paste.filter_factory = m:gzip           main.ini:10',
        '      \u2514\u2500 [app:blog]         egg:Blog#main                           sub/o.ini:2',
        '',
        '[server:admin]              egg:Paste#http                          main.ini:3',
        '\u2514\u2500 [app:blog]               filter-with                             main.ini:13',
        '   \u251c\u2500 [filter:gzip]         paste.filter_factory = m:gzip           main.ini:9',
        '   \u2514\u2500 [app:blog]            paste.app_factory = ./lib/apps.js:blog  main.ini:14',
        '',
      ].join('\n'),
    );
  });

  it('follows the mounts of urlmaps, round in circles too, and tells of those that lead nowhere', () => {
    const text = [
      '[server:main]',
      '[composite:main]\nuse = egg:Paste#urlmap\n/ = home\n/again = main\n/no = nope\nnot_found_app = home',
      '[app:home]\nuse = egg:Home',
    ].join('\n');
    const lines = render(text)
      .split('\n')
      .map((line) => line.replace(/ {2,}/g, '  '));
    expect(lines).toEqual([
      '[server:main]  main.ini:1',
      '\u2514\u2500 [composite:main]  egg:Paste#urlmap  main.ini:3',
      '  \u251c\u2500 / [app:home]  egg:Home#main  main.ini:9',
      '  \u251c\u2500 /again [composite:main]  as above  main.ini:2',
      '  \u2514\u2500 /no  error: [composite:main] names the app "nope", but main.ini has none of that name  main.ini:6',
      '',
    ]);
  });

  it('shows last what no server reaches', () => {
    const text = '[server:main]\n[app:main]\nuse = egg:A\n[filter:f]\nuse = egg:F\n[app:b]\nuse = nope\n';
    const tail = render(text)
      .split('\n')
      .slice(3)
      .map((line) => line.replace(/ {2,}/g, '  '));
    expect(tail).toEqual([
      'no server reaches',
      '\u251c\u2500 [app:b]  error: [app:b] names the app "nope", but main.ini has none of that name  main.ini:6',
      '\u2514\u2500 [filter:f]  egg:F#main  main.ini:5',
      '',
    ]);
  });

  it('shows the sections of a file without servers', () => {
    expect(render('[app:main]\nuse = egg:A\n')).toBe(
      'sections (there is no server)\n\u2514\u2500 [app:main]  egg:A#main  main.ini:2\n',
    );
  });

  it('stays small where the same pipeline stands in many places', () => {
    const pipelines = Array.from({ length: 12 }, (_, i) => {
      const next = i === 11 ? 'leaf' : `u${i + 1}`;
      return `[composite:u${i}]\nuse = egg:Paste#urlmap\n/a = ${next}\n/b = ${next}\n`;
    });
    const lines = render(`[server:u0]\n${pipelines.join('')}[app:leaf]\nuse = egg:A\n`).split('\n');
    expect(lines.length).toBeLessThan(40);
  });

  it('is none where a server has a mistake', () => {
    expect(problemIn(() => render('[server:main]\n')).code).toBe('no-section');
  });
});
