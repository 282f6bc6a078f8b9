import { describe, expect, it } from '@jest/globals';
import { escapeHtml } from '../../src/supervise/escape-html.js';

describe('text within HTML', () => {
  it('has no character that HTML would read as its own', () => {
    expect(escapeHtml(`<a href="x" title='y'>&amp;</a>`)).toBe(
      '&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;',
    );
  });

  it('is else as it was', () => {
    expect(escapeHtml('a\n\u{1F600} `$` =')).toBe('a\n\u{1F600} `$` =');
  });
});
